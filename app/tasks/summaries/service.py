"""A board at any moment and what happened in any window, told from its logs alone: what is past stays as it was."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks.access import access_board, wait_for_writers
from app.tasks.schemas import Category
from app.tasks.summaries.periods import (
    blocked,
    coming,
    in_order,
    is_open,
    made,
    moves,
    notes_of,
    planned,
    starts_of,
)
from app.tasks.summaries.schemas import BlockedCard, BoardSummary, CardState, ColumnCount, MovedCard, PlannedCard
from app.tasks.tables import ColumnChangeRow, TransitionRow

MAX_CARDS, MAX_BLOCKED_DAYS = 200, 365
FIRST_YEAR, LAST_YEAR = 1971, 2199  # the days around a period must be days, too
States = dict[UUID, TransitionRow]


def board_summary(
    db: Session, actor: Actor, board_id: UUID, since: datetime, until: datetime, *, blocked_days: int = 0
) -> BoardSummary:
    """Counts what happened from `since` on and before `until`; days are those of the zone of `until`.

    Blocked are open cards that have waited for more than `blocked_days` days for a card that is open itself.
    """
    _check(since, until, blocked_days)
    board = access_board(db, actor, board_id)
    wait_for_writers(db, board_id)
    after = _states(db, board_id, until)
    facts = {"board_id": board.id, "board": board.name, "since": since, "until": until}
    happened = _happened(db, board_id, after, since, until)
    plan = _plan(db, board_id, after, since, until)
    waiting = _waiting(db, board_id, after, until, blocked_days)
    notes = notes_of(db, board_id, since, until)
    return BoardSummary(**facts, **_standing(db, board_id, after, until), **happened, **plan, **waiting, notes=notes)


def _check(since: datetime, until: datetime, blocked_days: int) -> None:
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("since, until: a time needs its zone, such as 2026-03-01T00:00:00Z.")
    if not all(FIRST_YEAR <= moment.year <= LAST_YEAR for moment in (since, until)):
        raise Invalid(f"since, until: give moments of the years {FIRST_YEAR} to {LAST_YEAR}.")
    if since >= until:
        raise Invalid(f"until: {until.isoformat()} is not after since, {since.isoformat()}.")
    if not 0 <= blocked_days <= MAX_BLOCKED_DAYS:
        raise Invalid(f"blocked_days: give 0 to {MAX_BLOCKED_DAYS} days.")


def _states(db: Session, board_id: UUID, until: datetime) -> States:
    """The last line of each card before `until`, in the order of the lines."""
    query = (
        sa.select(TransitionRow)
        .distinct(TransitionRow.card_id)
        .where(TransitionRow.board_id == board_id, TransitionRow.at < until)
        .order_by(TransitionRow.card_id, TransitionRow.at.desc(), TransitionRow.id.desc())
    )
    return {row.card_id: row for row in sorted(db.scalars(query), key=lambda row: row.id)}


def _standing(db: Session, board_id: UUID, after: States, until: datetime) -> dict[str, Any]:
    still_open = in_order(state for state in after.values() if is_open(state))
    today = min(until, clock.now().astimezone(until.tzinfo)).date()
    overdue = [state for state in still_open if state.due_on and state.due_on < today]
    return {
        "columns": _columns(db, board_id, until, [state for state in after.values() if state.to_column_id]),
        "open": len(still_open),
        "overdue": len(overdue),
        "open_cards": _cards(still_open),
        "overdue_cards": _cards(overdue),
    }


def _happened(db: Session, board_id: UUID, after: States, since: datetime, until: datetime) -> dict[str, Any]:
    done = [state for state in after.values() if state.completed_at and since <= state.completed_at < until]
    shown = {state.card_id: state for state in [*done, *(state for state in after.values() if state.to_column_id)]}
    came, moved = made(db, board_id, since, until), moves(db, board_id, since, until)
    rows = [MovedCard(**_state(after[card]), from_column=column) for card, column in moved.items()]
    return {
        "created": len(came),
        "moved": len(moved),
        "done": len(done),
        "done_cards": _cards(sorted(done, key=lambda state: (state.completed_at, state.id))),
        "highlights": _cards(state for state in shown.values() if state.category == Category.highlight),
        "created_cards": _cards(state for card, state in after.items() if card in came),
        "moved_cards": sorted(rows, key=lambda card: (card.number or 0, card.card_id))[:MAX_CARDS],
    }


def _plan(db: Session, board_id: UUID, after: States, since: datetime, until: datetime) -> dict[str, Any]:
    starts = starts_of(db, board_id, until)
    plan = planned(_states(db, board_id, since), after, starts, since, until)
    kept = [card for card, outcome in plan.items() if outcome == "done"]
    done = [card for card, state in after.items() if state.completed_at and since <= state.completed_at < until]
    next_ = in_order(coming(after, starts, since, until))
    rows = [
        PlannedCard(**_state(state), outcome=plan[state.card_id]) for state in in_order(after[card] for card in plan)
    ]
    return {
        "planned": len(plan),
        "planned_done": len(kept),
        "unplanned_done": len(set(done) - set(plan)),
        "planned_cards": rows[:MAX_CARDS],
        "next": len(next_),
        "next_cards": _cards(next_),
    }


def _waiting(db: Session, board_id: UUID, after: States, until: datetime, days: int) -> dict[str, Any]:
    end = min(until, clock.now())
    found = {
        card: wait for card, wait in blocked(db, board_id, after, until).items() if end - wait[0] > timedelta(days=days)
    }
    rows = [
        BlockedCard(**_state(after[card]), blocked_since=since, blocked_by=names)
        for card, (since, names) in sorted(found.items(), key=lambda each: (each[1][0], each[0]))
    ]
    return {"blocked_days": days, "blocked": len(rows), "blocked_cards": rows[:MAX_CARDS]}


def _columns(db: Session, board_id: UUID, until: datetime, on_board: list[TransitionRow]) -> list[ColumnCount]:
    """As they were then. Imported cards may have been in columns of which nothing was known yet."""
    query = (
        sa.select(ColumnChangeRow)
        .distinct(ColumnChangeRow.column_id)
        .where(ColumnChangeRow.board_id == board_id, ColumnChangeRow.at < until)
        .order_by(ColumnChangeRow.column_id, ColumnChangeRow.at.desc(), ColumnChangeRow.id.desc())
    )
    held: dict[UUID | None, int] = {}
    for state in on_board:
        held[state.to_column_id] = held.get(state.to_column_id, 0) + 1
    known = list(db.scalars(query))
    there = sorted((row for row in known if not row.removed), key=lambda row: row.position)
    counts = [
        ColumnCount(name=row.name, is_done=row.is_done, wip_limit=row.wip_limit, cards=held.pop(row.column_id, 0))
        for row in there
    ]
    older = {state.to_column_id: state for state in on_board if state.to_column_id in held}
    return counts + [
        ColumnCount(name=state.to_column or "", is_done=state.completed_at is not None, wip_limit=None, cards=held[id_])
        for id_, state in older.items()
    ]


def _cards(states: Iterable[TransitionRow]) -> list[CardState]:
    return [CardState(**_state(state)) for state in list(states)[:MAX_CARDS]]


def _state(row: TransitionRow) -> dict[str, Any]:
    return {
        "card_id": row.card_id,
        "number": row.number,
        "title": row.title,
        "column": row.to_column,
        "priority": row.priority,
        "category": row.category,
        "assignee": ", ".join(one["name"] for one in row.assignees) or None,
        "due_on": row.due_on,
        "completed_at": row.completed_at,
    }
