"""A Trello export becomes a board with its history."""

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from tests.tasks.conftest import ann as ann
from tests.tasks.conftest import bob as bob
from tests.tasks.exchange.conftest import Import
from tests.tasks.exchange.trello_files import TrelloFile, busy_board


def test_no_card_of_a_busy_board_is_lost(db: Session, ann: Actor, imported: Import) -> None:
    file = busy_board()
    board = tasks.board(db, ann, imported(ann, file.content()))
    on_board = {card.number: column.name for column in board.columns for card in column.cards}
    names = {one["id"]: one["name"] for one in file.board["lists"] if not one["closed"]}
    expected = {
        card["idShort"]: names[card["idList"]]
        for card in file.board["cards"]
        if card["idList"] in names and not card["closed"]
    }
    assert on_board == expected
    assert board.cards + board.archived == len(file.board["cards"])
    assert [column.name for column in board.columns if column.is_done] == ["Done"]


def test_only_who_sees_the_board_is_given_its_cards(db: Session, ann: Actor, bob: Actor, imported: Import) -> None:
    """Others stand on the card by name, and nothing is lost when several have one name."""
    file = TrelloFile()
    card = file.add_card("Work")
    card["idMembers"] = [file.add_member("Ann", "a")["id"], file.add_member("Bob", "b")["id"]]
    board_id = imported(ann, file.content(), share_with=[])
    shown = tasks.board(db, ann, board_id).columns[0].cards[0]
    assert [one.name for one in shown.assignees] == ["Ann"]
    assert "Assigned to: Bob" in shown.description
    people = {one.name: one.matched for one in tasks.import_report(db, ann, board_id).report.people}
    assert people == {"Ann": "Ann", "Bob": None}


def test_a_file_puts_no_words_into_somebodys_mouth_unmarked(
    db: Session, ann: Actor, bob: Actor, imported: Import
) -> None:
    file = TrelloFile()
    card = file.add_card("Work")
    file.comment(card, "I resign", file.add_member("Bob", "bob"))
    file.comment(card, "So do I")
    board_id = imported(ann, file.content())
    shown = tasks.board(db, ann, board_id).columns[0].cards[0]
    comments = tasks.comments(db, ann, shown.id).items
    said = {comment.text: (comment.author, comment.author_id) for comment in comments}
    assert said == {"I resign": ("Bob (imported)", bob.id), "So do I": ("Somebody (imported)", None)}
    assert {event.imported for event in tasks.card_history(db, ann, shown.id)} == {True}
    tasks.delete_comment(db, bob, shown.id, next(one.id for one in comments if one.author_id))


def test_what_has_no_field_here_can_be_read_on_the_card(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    card = file.add_card("Work", desc="Own words.", dueComplete=True)
    card["attachments"] = [{"name": "Plan", "url": "https://example.com/p", "isUpload": False}]
    client = {"id": file.id(), "name": "Client", "type": "list", "options": [{"id": "o", "value": {"text": "Acme"}}]}
    file.board["customFields"] = [client]
    card["customFieldItems"] = [{"idCustomField": client["id"], "idValue": "o", "value": None}]
    file.comment(card, "First words", file.add_member("Zoe", "zoe"))
    board_id = imported(ann, file.content())
    shown = tasks.board(db, ann, board_id).columns[0].cards[0]
    for line in ("Own words.", "Client: Acme", "[Plan](https://example.com/p)", "Due date marked as complete"):
        assert line in shown.description
    comment = tasks.comments(db, ann, shown.id).items[0]
    assert (comment.text, comment.author, comment.author_id) == ("First words", "Zoe (imported)", None)
