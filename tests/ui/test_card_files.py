"""What the files of a card are called."""

from app.tasks.details.sniff import SIGNS, TEXT, UNKNOWN, ZIPPED, media_type
from app.ui.card_files import kind_words


def test_every_kind_of_file_that_is_told_apart_has_a_word() -> None:
    webp, film = media_type(b"RIFF0000WEBP", "a"), media_type(b"0000ftyp", "a")
    kinds = {*SIGNS.values(), *ZIPPED.values(), TEXT, UNKNOWN, webp, film}
    assert [kind for kind in kinds if "/" in kind_words(kind)] == []
    assert kind_words("application/pdf") == "PDF"
