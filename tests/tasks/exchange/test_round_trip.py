"""What is exported and imported again is the same board."""

import json
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.details.schemas import CommentChange, CommentCreate, ItemChange, ItemCreate, NoteChange, NoteCreate
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, FileRow, NoteRow
from app.tasks.exchange.ids import IMPORTED
from app.tasks.exchange.write_csv import csv_parts
from app.tasks.exchange.write_trello import trello_parts
from app.tasks.schemas import BoardChange, BoardCreate, CardChange, CardCreate, ColumnEdit, LabelEdit, LaneEdit
from app.tasks.tables import BoardRow, CardRow, ColumnChangeRow, ColumnRow, LabelRow, LaneRow, TransitionRow
from tests.tasks.conftest import ann as ann
from tests.tasks.conftest import bob as bob
from tests.tasks.exchange.conftest import NOW, Import
from tests.tasks.exchange.made_boards import make_board

Picture = dict[str, Any]
# A board of chance cannot be shrunk by its seed, so nothing is lost by not trying.
BOARDS = settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def rows(db: Session, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.execute(query)]


def picture(db: Session, board_id: UUID) -> Picture:
    """All that can be told of a board without its ids."""
    on = CardRow.board_id == board_id
    lanes = dict(rows(db, sa.select(LaneRow.id, LaneRow.name).where(LaneRow.board_id == board_id)))
    labels = dict(rows(db, sa.select(LabelRow.id, LabelRow.name).where(LabelRow.board_id == board_id)))
    columns = dict(rows(db, sa.select(ColumnRow.id, ColumnRow.name).where(ColumnRow.board_id == board_id)))
    cards = db.scalars(sa.select(CardRow).where(on).order_by(CardRow.column_id, CardRow.rank, CardRow.number))
    plain = ("number", "title", "description", "priority", "category", "start_on", "due_on", "estimate", "created_at",
             "completed_at", "archived_at")  # fmt: skip
    shown = [
        {name: getattr(card, name) for name in plain}
        | {
            "column": columns.get(card.column_id) if card.column_id else None,
            "lane": lanes.get(card.lane_id) if card.lane_id else None,
            "labels": sorted(labels[one] for one in card.label_ids),
            "people": sorted(card.assignee_ids),
        }
        for card in cards
    ]
    return {
        "board": rows(db, sa.select(BoardRow.name, BoardRow.options).where(BoardRow.id == board_id)),
        "columns": rows(
            db,
            sa.select(ColumnRow.name, ColumnRow.is_done, ColumnRow.wip_limit, ColumnRow.wip_mode)
            .where(ColumnRow.board_id == board_id)
            .order_by(ColumnRow.rank),
        ),
        "lanes": rows(db, sa.select(LaneRow.name).where(LaneRow.board_id == board_id).order_by(LaneRow.rank)),
        "labels": sorted(rows(db, sa.select(LabelRow.name, LabelRow.color).where(LabelRow.board_id == board_id))),
        "cards": sorted(shown, key=lambda card: (str(card["column"]), card["number"])),
        "order": {name: [card["number"] for card in shown if card["column"] == name] for name in columns.values()},
        "details": _details(db, board_id),
    }  # fmt: skip


def _details(db: Session, board_id: UUID) -> Picture:
    def of_cards(table: Any, *values: Any) -> list[tuple[Any, ...]]:
        query = sa.select(CardRow.number, *values).join(CardRow, CardRow.id == table.card_id)
        return rows(db, query.where(CardRow.board_id == board_id).order_by(CardRow.number, *values[:1]))

    item, comment, note = ChecklistItemRow, CommentRow, NoteRow
    items = sa.select(CardRow.number, item.list, item.text, item.done_at.is_not(None))
    items = items.join(CardRow, CardRow.id == item.card_id).where(CardRow.board_id == board_id)
    said = [(one.created_at, one.edited_at, who(one.author)) for one in (comment, note)]
    return {
        "checklists": rows(db, items.order_by(CardRow.number, item.rank)),
        "ticked": of_cards(item, item.text, item.done_at, who(item.done_by)),
        "comments": of_cards(comment, *said[0], comment.text, comment.author_id),
        "notes": of_cards(note, *said[1], note.day, note.text, note.issue, note.resolution),
    }


def who(name: Any) -> Any:
    return sa.func.replace(name, IMPORTED, "")


def history(db: Session, board_id: UUID) -> list[tuple[Any, ...]]:
    row = TransitionRow
    query = sa.select(
        row.at, row.number, row.kind, row.person, row.from_column, row.to_column, row.from_lane, row.to_lane, row.title,
        row.priority, row.category, row.labels, row.estimate, row.due_on, row.completed_at, row.assignees, row.changes,
    )  # fmt: skip
    return rows(db, query.where(row.board_id == board_id).order_by(row.at, row.number, row.id))


@BOARDS
@given(seed=st.integers(0, 2**32))
def test_a_board_comes_back_as_it_was(db: Session, ann: Actor, bob: Actor, imported: Import, seed: int) -> None:
    with db.begin_nested() as nested:
        board_id = make_board(db, Random(seed), [ann, bob])
        content = b"".join(trello_parts(db, board_id))
        back = imported(ann, content)
        assert picture(db, back) == picture(db, board_id)
        assert history(db, back) == history(db, board_id)
        again = json.loads(b"".join(trello_parts(db, back)))
        assert len(again["actions"]) == len(json.loads(content)["actions"])
        nested.rollback()


@BOARDS
@given(seed=st.integers(0, 2**32))
def test_the_cards_of_a_csv_file_come_back(db: Session, ann: Actor, bob: Actor, imported: Import, seed: int) -> None:
    """A row tells what a card is; comments, notes and colours are not in it."""
    with db.begin_nested() as nested:
        board_id = make_board(db, Random(seed), [ann, bob])
        back = imported(ann, b"".join(csv_parts(db, board_id)), "back.csv")
        was, now = picture(db, board_id), picture(db, back)
        assert now["cards"] == was["cards"]
        assert now["details"]["checklists"] == was["details"]["checklists"]
        one, other = ({name: cards for name, cards in each["order"].items() if cards} for each in (was, now))
        assert one == other  # a column may come back empty, for cards in the archive
        nested.rollback()


def test_files_dependencies_and_old_names_come_back(db: Session, ann: Actor, imported: Import) -> None:
    """A file itself stays where it is: the card that comes back says its name and where it is."""
    with clock.use(FixedClock(NOW - timedelta(days=9))):
        lane, columns = LaneEdit(name="Fast"), [ColumnEdit(name="Ideas", wip_limit=5, wip_per_lane=True)]
        board_id = tasks.create_board(db, ann, BoardCreate(name="Whole", columns=columns)).id
        board = tasks.board(db, ann, board_id)
        named = ColumnEdit(id=board.columns[0].id, name="Plans", wip_limit=5, wip_per_lane=True)
        first, second = (tasks.create_card(db, ann, board_id, CardCreate(title=title)) for title in ("Dig", "Sow"))
    with clock.use(FixedClock(NOW - timedelta(days=8))):
        tasks.change_board(db, ann, board_id, BoardChange(columns=[named], lanes=[lane]))
    db.add(BlockerRow(card_id=second.id, blocker_id=first.id, created_at=NOW))
    file = {"author": "Ann", "name": "plan [1].pdf", "key": "k", "size": 3, "sha256": "0", "media_type": "a/b"}
    db.add(FileRow(card_id=first.id, created_at=NOW, **file))
    db.flush()
    back = imported(ann, b"".join(trello_parts(db, board_id)))
    dig, sow = tasks.board(db, ann, back).columns[0].cards
    waits = db.execute(sa.select(BlockerRow.blocker_id).where(BlockerRow.card_id == sow.id)).scalars().all()
    assert (waits, tasks.board(db, ann, back).columns[0].wip_per_lane) == ([dig.id], True)
    assert "File: [plan (1).pdf](http" in dig.description
    assert history(db, back) == history(db, board_id)
    assert column_names(db, back) == column_names(db, board_id)
    assert [name for name, _, _ in column_names(db, back)] == ["Ideas", "Plans"]


def test_labels_and_people_that_a_card_was_given_later_come_back(db: Session, ann: Actor, imported: Import) -> None:
    with clock.use(FixedClock(NOW - timedelta(days=9))):
        board_id = tasks.create_board(db, ann, BoardCreate(name="Whole")).id
        tasks.change_board(db, ann, board_id, BoardChange(labels=[LabelEdit(name="Bug")]))
        label = tasks.board(db, ann, board_id).labels[0].id
        card = tasks.create_card(db, ann, board_id, CardCreate(title="Dig"))
    with clock.use(FixedClock(NOW - timedelta(days=8))):
        card = tasks.change_card(
            db, ann, card.id, CardChange(version=card.version, label_ids=[label], assignee_ids=[ann.id])
        )
    with clock.use(FixedClock(NOW - timedelta(days=7))):
        tasks.change_card(db, ann, card.id, CardChange(version=card.version, label_ids=[], assignee_ids=[]))
    back = imported(ann, b"".join(trello_parts(db, board_id)))
    assert history(db, back) == history(db, board_id)
    again = imported(ann, b"".join(trello_parts(db, back)), again=True)
    assert history(db, again) == history(db, board_id)


def test_ticks_and_edits_come_back_with_their_times_and_say_that_they_were_imported(
    db: Session, ann: Actor, imported: Import
) -> None:
    with clock.use(FixedClock(NOW - timedelta(days=9))):
        board_id = tasks.create_board(db, ann, BoardCreate(name="Whole")).id
        card_id = tasks.create_card(db, ann, board_id, CardCreate(title="Dig")).id
        item = tasks.add_item(db, ann, card_id, ItemCreate(text="Spade"))
        comment = tasks.write_comment(db, ann, card_id, CommentCreate(text="Hard soil"))
        note = tasks.write_note(db, ann, card_id, NoteCreate(text="One metre"))
    with clock.use(FixedClock(edited := NOW - timedelta(days=8))):
        tasks.change_item(db, ann, card_id, item.id, ItemChange(done=True))
        tasks.edit_comment(db, ann, card_id, comment.id, CommentChange(text="Soft soil"))
        tasks.edit_note(db, ann, card_id, note.id, NoteChange(text="Two metres"))
    first = imported(ann, b"".join(trello_parts(db, board_id)))
    again = imported(ann, b"".join(trello_parts(db, first)), again=True)
    for back in (first, again):
        dig = tasks.board(db, ann, back).columns[0].cards[0].id
        ticked = tasks.checklist(db, ann, dig).items[0]
        said = [(ticked.done_at, ticked.done_by)]
        said += [
            (one.edited_at, one.author)
            for one in (*tasks.comments(db, ann, dig).items, *tasks.notes(db, ann, dig).items)
        ]
        assert said == [(edited, "Ann (imported)")] * 3


def column_names(db: Session, board_id: UUID) -> list[tuple[Any, ...]]:
    row = ColumnChangeRow
    return rows(db, sa.select(row.name, row.at, row.wip_limit).where(row.board_id == board_id).order_by(row.at, row.id))
