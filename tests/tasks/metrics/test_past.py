"""What is past stays as it was: asked today for a day, the figures are those that were given on that day."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.metrics.schemas import MetricsQuery
from app.tasks.schemas import Board, BoardChange, BoardCreate, Card, CardChange, CardCreate, CardMove, ColumnEdit

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CUT = date(2026, 3, 20)
AT_CUT = datetime(2026, 3, 20, tzinfo=UTC)
QUERY = MetricsQuery(since=date(2026, 3, 5), until=CUT, zone="UTC")
DEFAULTS = [ColumnEdit(name="A"), ColumnEdit(name="B"), ColumnEdit(name="C"), ColumnEdit(name="D", is_done=True)]


def live(db: Session, who: Actor, board: Board, dice: Random, steps: int) -> None:
    """Something that a person may do, again and again; what is refused is part of life."""
    for _ in range(steps):
        with db.begin_nested() as attempt:
            try:
                dice.choice((create, create, shift, shift, shift, change, archive, delete, rearrange))(
                    db, who, tasks.board(db, who, board.id), dice
                )
            except (AppError, IndexError):
                attempt.rollback()
        now = clock.now() + timedelta(hours=dice.choice([1, 3, 9]))
        clock._clock.get().at = now  # type: ignore[attr-defined]


def cards(board: Board) -> list[Card]:
    return [card for column in board.columns for card in column.cards]


def create(db: Session, who: Actor, board: Board, dice: Random) -> None:
    column = dice.choice(board.columns).id
    due = clock.now().date() + timedelta(days=dice.randint(-1, 5))
    tasks.create_card(db, who, board.id, CardCreate(title="A card", column_id=column, due_on=due, estimate=2))


def shift(db: Session, who: Actor, board: Board, dice: Random) -> None:
    card = dice.choice(cards(board))
    tasks.move_card(db, who, card.id, CardMove(column_id=dice.choice(board.columns).id, version=card.version))


def change(db: Session, who: Actor, board: Board, dice: Random) -> None:
    card = dice.choice(cards(board))
    people = [who.id] if who.id and dice.random() < 0.5 else []
    edit = CardChange(version=card.version, title=dice.choice("xyz"), assignee_ids=people, estimate=dice.randint(0, 5))
    tasks.change_card(db, who, card.id, edit)


def archive(db: Session, who: Actor, board: Board, dice: Random) -> None:
    tasks.archive_card(db, who, dice.choice(cards(board)).id)


def delete(db: Session, who: Actor, board: Board, dice: Random) -> None:
    gone = tasks.search_cards(db, who, board.id, archived=True).items
    card = dice.choice(gone)
    dice.choice((tasks.delete_card, tasks.revive_card))(db, who, card.id)


def rearrange(db: Session, who: Actor, board: Board, dice: Random) -> None:
    """Renames, re-orders and re-flags columns; sometimes leaves an empty one out."""
    kept = [column for column in board.columns if column.cards or dice.random() < 0.8]
    dice.shuffle(kept)
    edits = [
        ColumnEdit(id=column.id, name=f"{column.name[:1]}{dice.randint(0, 99)}{n}", is_done=dice.random() < 0.3)
        for n, column in enumerate(kept)
    ]
    tasks.change_board(db, who, board.id, BoardChange(columns=edits))


@pytest.mark.parametrize("seed", range(2))
def test_a_past_window_is_told_as_it_was_told_then(db: Session, ann: Actor, seed: int) -> None:
    dice = Random(seed)
    with clock.use(FixedClock(START)) as now:
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="B", columns=DEFAULTS)).id)
        live(db, ann, board, dice, 40)
        now.at = AT_CUT  # type: ignore[attr-defined]
        metrics = tasks.board_metrics(db, ann, board.id, QUERY)
        summary = tasks.board_summary(db, ann, board.id, AT_CUT - timedelta(days=7), AT_CUT)
        live(db, ann, board, dice, 25)
        now.at = AT_CUT + timedelta(days=90)  # type: ignore[attr-defined]
        assert tasks.board_metrics(db, ann, board.id, QUERY) == metrics
        assert tasks.board_summary(db, ann, board.id, AT_CUT - timedelta(days=7), AT_CUT) == summary
