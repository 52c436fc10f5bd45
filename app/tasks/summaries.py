"""A board at any moment and what happened in any window, told from its logs alone: what is past stays as it was."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks.access import access_board, wait_for_writers
from app.tasks.schemas import BoardSummary, CardState, Category, ColumnCount, EventKind
from app.tasks.tables import ColumnChangeRow, TransitionRow

MAX_CARDS = 200


def board_summary(db: Session, actor: Actor, board_id: UUID, since: datetime, until: datetime) -> BoardSummary:
    """Counts what happened from `since` on and before `until`; days are those of the zone of `until`."""
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("since, until: a time needs its zone, such as 2026-03-01T00:00:00Z.")
    if since >= until:
        raise Invalid(f"until: {until.isoformat()} is not after since, {since.isoformat()}.")
    board = access_board(db, actor, board_id)
    wait_for_writers(db, board_id)
    states = _states(db, board_id, until)
    done = [s for s in states if s.completed_at and since <= s.completed_at < until]
    on_board = [s for s in states if s.to_column_id]
    still_open = [s for s in on_board if not s.completed_at]
    today = min(until, clock.now().astimezone(until.tzinfo)).date()
    overdue = [s for s in still_open if s.due_on and s.due_on < today]
    highlights = {s.card_id: s for s in [*done, *on_board] if s.category == Category.highlight}
    created, moved = _happened(db, board_id, since, until)
    return BoardSummary(
        board_id=board.id,
        board=board.name,
        since=since,
        until=until,
        columns=_columns(db, board_id, until, on_board),
        open=len(still_open),
        created=created,
        moved=moved,
        done=len(done),
        overdue=len(overdue),
        done_cards=_cards(sorted(done, key=lambda s: (s.completed_at, s.id))),
        open_cards=_cards(sorted(still_open, key=_by_due)),
        overdue_cards=_cards(sorted(overdue, key=_by_due)),
        highlights=_cards(list(highlights.values())),
    )


def _states(db: Session, board_id: UUID, until: datetime) -> list[TransitionRow]:
    """The last line of each card before `until`."""
    query = (
        sa.select(TransitionRow)
        .distinct(TransitionRow.card_id)
        .where(TransitionRow.board_id == board_id, TransitionRow.at < until)
        .order_by(TransitionRow.card_id, TransitionRow.at.desc(), TransitionRow.id.desc())
    )
    return sorted(db.scalars(query), key=lambda row: row.id)


def _columns(db: Session, board_id: UUID, until: datetime, on_board: list[TransitionRow]) -> list[ColumnCount]:
    query = (
        sa.select(ColumnChangeRow)
        .distinct(ColumnChangeRow.column_id)
        .where(ColumnChangeRow.board_id == board_id, ColumnChangeRow.at < until)
        .order_by(ColumnChangeRow.column_id, ColumnChangeRow.at.desc(), ColumnChangeRow.id.desc())
    )
    held: dict[UUID | None, int] = {}
    for state in on_board:
        held[state.to_column_id] = held.get(state.to_column_id, 0) + 1
    there = sorted((row for row in db.scalars(query) if not row.removed), key=lambda row: row.position)
    return [
        ColumnCount(name=row.name, is_done=row.is_done, wip_limit=row.wip_limit, cards=held.get(row.column_id, 0))
        for row in there
    ]


def _happened(db: Session, board_id: UUID, since: datetime, until: datetime) -> tuple[int, int]:
    """How many cards were made, and how many changed their column."""
    cards = sa.func.count(sa.distinct(TransitionRow.card_id))
    query = sa.select(
        cards.filter(TransitionRow.kind == EventKind.created.value),
        cards.filter(
            TransitionRow.kind == EventKind.moved.value, TransitionRow.from_column_id != TransitionRow.to_column_id
        ),
    ).where(TransitionRow.board_id == board_id, TransitionRow.at >= since, TransitionRow.at < until)
    created, moved = db.execute(query).one()
    return created, moved


def _cards(rows: list[TransitionRow]) -> list[CardState]:
    return [
        CardState(
            card_id=row.card_id,
            title=row.title,
            column=row.to_column,
            priority=row.priority,
            category=row.category,
            assignee=", ".join(one["name"] for one in row.assignees) or None,
            due_on=row.due_on,
            completed_at=row.completed_at,
        )
        for row in rows[:MAX_CARDS]
    ]


def _by_due(row: TransitionRow) -> tuple[date, int]:
    return row.due_on or date.max, row.id
