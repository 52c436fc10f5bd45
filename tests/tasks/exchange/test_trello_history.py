"""What happened in Trello is the history here, with its own times, so that figures can be told from it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.tables import CardRow, ColumnChangeRow, TransitionRow
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import NOW, Import, found
from tests.tasks.exchange.trello_files import START, TrelloFile, busy_board, object_id, short

Line = tuple[str, str | None, str | None, datetime]


def lines(db: Session, **where: object) -> list[Line]:
    row = TransitionRow
    query = sa.select(row.kind, row.from_column, row.to_column, row.at).filter_by(**where).order_by(row.id)
    return [(kind, before, after, at) for kind, before, after, at in db.execute(query)]


def test_moves_keep_their_times_and_their_people(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    who = file.add_member("Ann", "whoever")
    card = file.add_card("Ship it")
    file.later(days=1)
    file.move(card, file.lists[2], who)
    file.later(days=2)
    file.move(card, file.lists[4])
    board_id = imported(ann, file.content())
    day = timedelta(days=1)
    assert lines(db, board_id=board_id) == [
        ("created", None, "Backlog", START),
        ("moved", "Backlog", "Doing", START + day),
        ("moved", "Doing", "Done", START + 3 * day),
    ]
    row = db.scalars(sa.select(CardRow).where(CardRow.board_id == board_id)).one()
    assert (row.created_at, row.completed_at, row.category) == (START, START + 3 * day, "accomplishment")
    moved = db.scalars(sa.select(TransitionRow).where(TransitionRow.kind == "moved").order_by(TransitionRow.id)).first()
    assert moved
    assert (moved.person_id, moved.imported) == (ann.id, True)


def test_a_card_that_lost_its_beginning_has_the_time_of_its_id(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    card = file.add_card("Old")
    card["id"] = object_id(datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), 1)
    file.board["id"] = object_id(datetime(2024, 1, 1, tzinfo=UTC), 1)
    file.board["actions"] = []
    file.later(days=3)
    file.move(card, file.lists[3])
    board_id = imported(ann, file.content())
    assert lines(db, board_id=board_id) == [
        ("created", None, "Backlog", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("moved", "Backlog", "Review", START + timedelta(days=3)),
    ]


def test_a_card_is_where_it_is_although_its_last_move_is_missing(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    card = file.add_card("Moved by a power-up")
    card["idList"], card["dateLastActivity"] = file.lists[1]["id"], "2025-04-01T10:00:00.000Z"
    board_id = imported(ann, file.content())
    at = datetime(2025, 4, 1, 10, tzinfo=UTC)
    assert lines(db, board_id=board_id)[1:] == [("moved", "Backlog", "To Do", at)]
    assert tasks.import_report(db, ann, board_id).report.transitions == 2


def test_archived_revived_and_deleted_cards_tell_their_story(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    card, gone = file.add_card("Back again"), file.add_card("Mistake")
    for closed in (True, False):
        file.later(days=1)
        file.change(card, closed=closed)
    file.act("deleteCard", gone)
    file.board["cards"].remove(gone)
    board_id = imported(ann, file.content())
    number = {"board_id": board_id}
    assert [line[0] for line in lines(db, **number, title="Back again")] == ["created", "archived", "revived"]
    assert [line[0] for line in lines(db, **number, title="Mistake")] == ["created", "deleted"]
    assert tasks.board(db, ann, board_id).cards == 1


def test_a_line_shows_the_card_as_it_was_then(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    card = file.add_card("First name", due="2025-03-10T12:00:00.000Z")
    file.later()
    file.change(card, name="Second name")
    file.later()
    file.change(card, due="2025-03-20T12:00:00.000Z")
    board_id = imported(ann, file.content())
    rows = db.scalars(sa.select(TransitionRow).where(TransitionRow.board_id == board_id).order_by(TransitionRow.id))
    shown = [(row.title, str(row.due_on), row.changes) for row in rows]
    assert shown == [
        ("First name", "2025-03-10", {}),
        ("Second name", "2025-03-10", {"title": ["First name", "Second name"]}),
        ("Second name", "2025-03-20", {"due_on": ["2025-03-10", "2025-03-20"]}),
    ]


def test_lists_keep_the_names_they_had(db: Session, ann: Actor, imported: Import) -> None:
    file = TrelloFile()
    file.later(days=1)
    data = {"list": {"id": file.lists[0]["id"], "name": "Backlog"}, "old": {"name": "Ideas"}}
    action = {"id": file.id(), "type": "updateList", "date": "2025-03-04T08:00:00.000Z", "data": data}
    file.board["actions"].insert(0, action)
    board_id = imported(ann, file.content())
    query = sa.select(ColumnChangeRow.name, ColumnChangeRow.at).where(ColumnChangeRow.board_id == board_id)
    named = db.execute(query.where(ColumnChangeRow.name.in_(["Ideas", "Backlog"])).order_by(ColumnChangeRow.id))
    assert named.tuples().all() == [("Ideas", START), ("Backlog", START + timedelta(days=1))]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_log_of_every_card_leads_to_where_it_is(db: Session, ann: Actor, imported: Import, seed: int) -> None:
    """Told forwards, each line begins where the one before ended, and time never runs back."""
    board_id = imported(ann, busy_board(cards=20, actions=150, seed=seed).content())
    place: dict[object, object] = {}
    when: dict[object, datetime] = {}
    query = (
        sa.select(TransitionRow).where(TransitionRow.board_id == board_id).order_by(TransitionRow.at, TransitionRow.id)
    )
    for row in db.scalars(query):
        assert row.kind == "created" or row.from_column_id == place[row.card_id]
        assert when.get(row.card_id, row.at) <= row.at <= NOW
        place[row.card_id], when[row.card_id] = row.to_column_id, row.at
    cards = db.scalars(sa.select(CardRow).where(CardRow.board_id == board_id)).all()
    assert {card.id: card.column_id for card in cards} == {card.id: place[card.id] for card in cards}


def test_actions_that_say_nothing_here_are_listed() -> None:
    file = TrelloFile()
    file.act("addChecklistToCard", file.add_card("One"))
    listed = {note.text: note.what for note in found(file.content()).draft.notes}
    assert any(what == "left" and "addChecklistToCard" in text for text, what in listed.items())


def test_a_card_that_left_for_another_board_and_came_back_is_where_it_came_back_to(
    db: Session, ann: Actor, imported: Import
) -> None:
    file = TrelloFile()
    card = file.add_card("Traveller", file.lists[2])
    for kind, place, other in (("moveCardFromBoard", 2, "boardTarget"), ("moveCardToBoard", 0, "boardSource")):
        file.later(days=1)
        file.act(kind, card, list=short(file.lists[place]), **{other: {"id": file.id()}})
    card["idList"] = file.lists[0]["id"]
    assert lines(db, board_id=imported(ann, file.content())) == [
        ("created", None, "Doing", START),
        ("archived", "Doing", None, START + timedelta(days=1)),
        ("revived", None, "Backlog", START + timedelta(days=2)),
    ]


def test_a_card_of_a_checklist_item_and_one_that_left_tell_where_they_were(
    db: Session, ann: Actor, imported: Import
) -> None:
    file = TrelloFile()
    source, made, away = (file.add_card(title) for title in ("Source", "Item", "Away"))
    file.board["actions"] = []
    file.later(hours=1)
    file.act("convertToCardFromCheckItem", made, cardSource={"id": source["id"], "name": "Source"})
    file.later(hours=1)
    made["idList"] = file.lists[1]["id"]
    file.move(made, file.lists[4])
    file.act("moveCardFromBoard", away, list=short(file.lists[3]), boardTarget={"id": file.id()})
    file.board["cards"].remove(away)
    board_id = imported(ann, file.content())
    told = lines(db, board_id=board_id, title="Item")
    assert [(kind, origin, to) for kind, origin, to, _ in told] == [
        ("created", None, "To Do"),
        ("moved", "To Do", "Done"),
    ]
    told = lines(db, board_id=board_id, title="Away")
    assert [(kind, origin or to) for kind, origin, to, _ in told][:2] == [("created", "Review"), ("archived", "Review")]


def test_mirrors_are_named_and_not_imported_unless_they_hold_something() -> None:
    file = TrelloFile()
    card = file.add_card("Real")
    for name in ("https://trello.example/c/1", "https://trello.example/c/2"):
        file.add_card(name, cardRole="mirror", mirrorSourceId=card["id"])
    elsewhere = file.add_card("Elsewhere", cardRole="mirror", mirrorSourceId="67f2ce30f3b633cd79d23fff")
    file.comment(elsewhere, "Said on the mirror", {"id": "x"})
    draft = found(file.content()).draft
    left = {note.text: note.examples for note in draft.notes if note.what == "left"}
    assert [card.title for card in draft.cards] == ["Real", "Elsewhere"]
    named = next(names for text, names in left.items() if text.startswith("Mirrors of cards"))
    assert named == ["https://trello.example/c/1 (“Real”)", "https://trello.example/c/2 (“Real”)"]
    assert ["Elsewhere"] in left.values()
    assert "Actions of such mirrors: 2" in left
