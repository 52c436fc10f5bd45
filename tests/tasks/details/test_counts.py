"""What the faces of cards count: right for each card, and in two queries for any board."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details.schemas import BlockerAdd, Counts, ItemChange, ItemCreate
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, FileRow, NoteRow
from app.tasks.schemas import Board, Card
from tests.tasks.conftest import add, column, move


@contextmanager
def counted(db: Session) -> Iterator[list[str]]:
    seen: list[str] = []
    sa.event.listen(db.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    yield seen


@pytest.fixture
def cards(db: Session, ann: Actor, board: Board) -> list[Card]:
    return add(db, ann, board, "Dig", "Pour", "Build")


def test_each_card_is_counted_for_itself(db: Session, ann: Actor, board: Board, cards: list[Card]) -> None:
    dig, pour, build = cards
    now, who = clock.now(), {"author": "Ann", "created_at": clock.now()}
    items = [tasks.add_item(db, ann, pour.id, ItemCreate(text=text)) for text in ("a", "b", "c")]
    tasks.change_item(db, ann, pour.id, items[0].id, ItemChange(done=True))
    db.add_all(CommentRow(card_id=pour.id, text="x", **who) for _ in range(2))
    db.add(NoteRow(card_id=pour.id, text="x", day=now.date(), **who))
    db.add(FileRow(card_id=dig.id, name="x", key="card_files/x", size=1, sha256="", media_type="", **who))
    for blocker in (dig, pour):
        tasks.add_blocker(db, ann, build.id, BlockerAdd(card_id=blocker.id))
    assert tasks.counts(db, board.id) == {
        dig.id: Counts(files=1),
        pour.id: Counts(checklist_done=1, checklist_total=3, comments=2, notes=1),
        build.id: Counts(blocked_by=[1, 2]),
    }
    move(db, ann, tasks.card(db, ann, pour.id), column(board, "Completed"))
    assert tasks.counts(db, board.id, [build.id]) == {build.id: Counts(blocked_by=[1])}


def fill(db: Session, board_id: UUID, copies: int) -> None:
    """Straight into the tables: thousands, in a moment."""
    now = clock.now()
    ids = [row for (row,) in db.execute(sa.text(COPY), {"board": board_id, "copies": copies})]
    who = {"author": "Ann", "created_at": now}
    rows = [{"card_id": id_, "text": "x", "rank": rank, "created_at": now} for id_ in ids for rank in ("V", "W")]
    db.execute(sa.insert(ChecklistItemRow), rows)
    db.execute(sa.insert(CommentRow), [{"card_id": id_, "text": "x", **who} for id_ in ids])
    links = [{"card_id": id_, "blocker_id": ids[0], "created_at": now} for id_ in ids[1:]]
    db.execute(sa.insert(BlockerRow), links)


COPY = """
    insert into cards (board_id, number, column_id, rank, title, priority, category, created_at)
    select board_id, 100 + n, column_id, 'x' || lpad(n::text, 6, '0') || '1', 'Card', priority, category, created_at
    from cards cross join generate_series(1, :copies) n where board_id = :board and number = 1 returning id
"""


def test_a_board_of_thousands_takes_two_queries(db: Session, ann: Actor, board: Board, cards: list[Card]) -> None:
    fill(db, board.id, 3_000)
    with counted(db) as queries:
        found = tasks.counts(db, board.id)
    assert len(queries) == 2
    assert len(found) == 3_000
    assert sum(one.checklist_total for one in found.values()) == 6_000
