"""How long one change of 1,000 cards takes, beside the same made card by card, and a filter over 10,000 cards.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_bulk

Without TEST_DB_URL an embedded server is started.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core import db as database
from app.core.actor import Actor, Role
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.schemas import BoardCreate, CardChange
from app.tasks.table.service import card_table
from app.tasks.tables import CardRow, ColumnRow
from app.tasks.undo.schemas import Undone
from tests.benchmarks.database import new_database
from tests.tasks.conftest import make_person

CARDS, SINGLE, LARGE = 1_000, 50, 10_000
LONG = 'priority:>=high (due:<7d or is:overdue) -label:none "card 1"'


def make_cards(board_id: UUID, count: int) -> list[UUID]:
    with database.transaction() as db:
        column_id = db.scalar(sa.select(ColumnRow.id).where(ColumnRow.board_id == board_id).order_by(ColumnRow.rank))
        same: dict[str, Any] = {
            "board_id": board_id,
            "column_id": column_id,
            "priority": "medium",
            "category": "in_progress",
        }
        same["created_at"] = clock.now()
        rows = [{**same, "title": f"card {n}", "number": n + 1, "rank": f"{n:05}1"} for n in range(count)]
        return list(db.scalars(sa.insert(CardRow).returning(CardRow.id), rows))


def timed(name: str, actor: Actor, board_id: UUID, card_ids: list[UUID], **change: Any) -> None:
    edit = BulkEdit.model_validate({"card_ids": card_ids, "change": change})
    begun = time.perf_counter()
    with database.transaction() as db:
        done = tasks.change_cards(db, actor, board_id, edit)
    print(f"{name:<28}{time.perf_counter() - begun:7.2f} s for {done.changed:,} cards")


def turned(name: str, turn: Callable[[Session, Actor, UUID], Undone], actor: Actor, board_id: UUID) -> None:
    begun = time.perf_counter()
    with database.transaction() as db:
        done = turn(db, actor, board_id)
    print(f"{name:<28}{time.perf_counter() - begun:7.2f} s. {done.message}")


def singly(actor: Actor, card_ids: list[UUID]) -> None:
    begun = time.perf_counter()
    for card_id in card_ids[:SINGLE]:
        with database.transaction() as db:
            version = tasks.card(db, actor, card_id).version
            tasks.change_card(db, actor, card_id, CardChange(version=version, estimate=5))
    each = (time.perf_counter() - begun) / SINGLE
    print(f"{'card by card':<28}{each * CARDS:7.2f} s for {CARDS:,} cards ({each * 1000:.1f} ms each)")


def asked(actor: Actor, board_id: UUID) -> None:
    for text in ("", "is:open", "is:stale", LONG):
        with database.transaction() as db:
            begun = time.perf_counter()
            page = card_table(db, actor, board_id, text, limit=50)
            took = (time.perf_counter() - begun) * 1000
        print(f"{took:7.1f} ms for a page of {page.total:,} of {LARGE:,} cards: {text or 'no filter'}")


def main() -> None:
    with new_database() as url:
        database.configure(url)
        with database.transaction() as db:
            ann = make_person(db, "Ann", Role.member)
            boards = [tasks.create_board(db, ann, BoardCreate(name=name)).id for name in ("Some", "Many")]
            columns = [column.id for column in tasks.board(db, ann, boards[0]).columns]
        cards = make_cards(boards[0], CARDS)
        timed("priority and due date", ann, boards[0], cards, priority="high", due_on="2026-03-02")
        timed("give to somebody", ann, boards[0], cards, assign=[ann.id])
        timed("to a done column", ann, boards[0], cards, column=columns[-1])
        timed("archive", ann, boards[0], cards, action="archive")
        timed("bring back", ann, boards[0], cards, action="revive")
        for name, turn in (("undo", tasks.undo), ("redo", tasks.redo)):
            for _ in range(4):
                turned(name, turn, ann, boards[0])
        turned("undo", tasks.undo, ann, boards[0])  # only what is archived can be deleted
        timed("delete", ann, boards[0], cards, action="delete")
        singly(ann, make_cards(boards[0], CARDS))
        make_cards(boards[1], LARGE)
        asked(ann, boards[1])


if __name__ == "__main__":
    main()
