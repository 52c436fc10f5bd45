"""Files on cards: kept as they came, and gone with their card."""

import os
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock, storage
from app.core.actor import Actor
from app.core.db import transaction
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.intake import FileTooLarge
from app.core.settings import settings
from app.tasks import service as tasks
from app.tasks.details import files as files_module
from app.tasks.details.schemas import CardFile
from app.tasks.details.sniff import media_type
from app.tasks.details.tables import FileRow
from app.tasks.schemas import Board, Card
from tests.tasks.conftest import add
from tests.tasks.details.test_api import World


@pytest.fixture
def card(db: Session, ann: Actor, board: Board) -> Card:
    return add(db, ann, board, "Plan")[0]


def attach(db: Session, actor: Actor, card: Card, name: str = "plan.pdf", content: bytes = b"%PDF-1.7 x") -> CardFile:
    return tasks.attach_file(db, actor, card.id, tasks.store_file(actor, name, [content]))


def test_a_file_comes_back_as_it_was_sent(db: Session, ann: Actor, viewer: Actor, card: Card) -> None:
    content = os.urandom(700_000)
    sent = tasks.attach_file(
        db, ann, card.id, tasks.store_file(ann, "C:\\plans\\häuser.bin", [content[:9], content[9:]])
    )
    assert (sent.name, sent.size, sent.media_type) == ("häuser.bin", 700_000, "application/octet-stream")
    shown, parts = tasks.file_content(db, viewer, card.id, sent.id)
    assert (shown, b"".join(parts)) == (sent, content)
    assert tasks.files(db, viewer, card.id).items == [sent]
    assert tasks.card_history(db, ann, card.id)[0].changes == {"file": [None, "häuser.bin"]}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n1234", "image/png"),
        ("a.png", b"<html><script>alert(1)</script>", "text/plain; charset=utf-8"),
        ("a.svg", b"<svg onload=alert(1)>", "text/plain; charset=utf-8"),
        ("a.xlsx", b"PK\x03\x04rest", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.html", b"PK\x03\x04rest", "application/zip"),
        ("a.txt", "grün".encode() * 2000, "text/plain; charset=utf-8"),
        ("a.txt", b"\xff\xfe\x00a", "application/octet-stream"),
        ("a", b"", "application/octet-stream"),
    ],
    ids=["png", "html", "svg", "xlsx", "zip", "text", "binary", "empty"],
)
def test_a_file_is_called_what_its_bytes_are(name: str, content: bytes, kind: str) -> None:
    assert media_type(content[:4096], name) == kind


def test_a_file_over_the_limit_leaves_nothing_behind(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    before = set(storage.listed("card_files"))
    with pytest.raises(FileTooLarge, match="1 MB"):
        tasks.store_file(ann, "big.bin", [b"x" * 600_000, b"x" * 600_000])
    settings.cache_clear()
    assert set(storage.listed("card_files")) == before


def test_a_card_holds_so_many_files(db: Session, ann: Actor, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MOST_FILES", 1)
    attach(db, ann, card)
    with pytest.raises(Invalid, match="at most 1 files"):
        attach(db, ann, card)


def test_only_who_attached_it_or_the_boards_owner_deletes_a_file(
    db: Session, ann: Actor, bob: Actor, viewer: Actor, card: Card
) -> None:
    of_ann, of_bob = attach(db, ann, card), attach(db, bob, card, "bob.txt")
    with pytest.raises(Forbidden):
        tasks.delete_file(db, bob, card.id, of_ann.id)
    with pytest.raises(Forbidden):
        tasks.delete_file(db, viewer, card.id, of_bob.id)
    tasks.delete_file(db, ann, card.id, of_bob.id)
    assert tasks.files(db, ann, card.id).items == [of_ann]
    with pytest.raises(NotFound):
        tasks.file_content(db, ann, card.id, of_bob.id)


def keys_of(card_id: object) -> set[str]:
    with transaction() as db:
        rows = db.query(FileRow).filter_by(card_id=card_id)
        return {row.key for row in rows}


@pytest.mark.usefixtures("database")
def test_the_bytes_go_when_the_file_or_its_card_is_deleted_and_not_before() -> None:
    world = World()
    with transaction() as db:
        first, second = attach(db, world.ann, world.card), attach(db, world.ann, world.card, "two.txt", b"two")
    keys = keys_of(world.card.id)
    with transaction() as db:
        tasks.delete_file(db, world.ann, world.card.id, first.id)
        db.rollback()
    assert {len(storage.read(key)) for key in keys} == {3, 10}
    with transaction() as db:
        tasks.delete_file(db, world.ann, world.card.id, second.id)
    assert len(keys_of(world.card.id)) == 1
    with transaction() as db:
        tasks.archive_card(db, world.ann, world.card.id)
        tasks.delete_card(db, world.ann, world.card.id)
    for key in keys:
        with pytest.raises(storage.FileGone):
            storage.read(key)


def test_what_a_killed_upload_left_is_swept_and_nothing_else(db: Session, ann: Actor, card: Card) -> None:
    kept, lost = attach(db, ann, card), tasks.store_file(ann, "lost.bin", [b"lost"])
    tomorrow = clock.now() + timedelta(days=2)
    with clock.use(clock.FixedClock(tomorrow)):
        storage.delete("sweeps/card_files")
        assert tasks.sweep_files(db) >= 1
    with pytest.raises(storage.FileGone):
        storage.read(lost.key)
    assert b"".join(tasks.file_content(db, ann, card.id, kept.id)[1]) == b"%PDF-1.7 x"
