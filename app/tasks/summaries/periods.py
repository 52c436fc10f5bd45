"""Whether what was planned for a period was done, what waits, and what comes next: from the log alone.

`starts` are the first entries into a working column, as the metrics define them; `before` and `after` are the states
of the cards at the start and at the end of the period.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.tasks.details.notes import notes_between
from app.tasks.metrics.statement import STARTS
from app.tasks.schemas import EventKind
from app.tasks.summaries.schemas import Outcome, ProgressNote
from app.tasks.tables import TransitionRow

States = dict[UUID, TransitionRow]
MAX_NOTES = 200


def starts_of(db: Session, board_id: UUID, end: datetime) -> dict[UUID, datetime]:
    rows = db.execute(sa.text(STARTS), {"boards": [board_id], "end": end})
    return dict(rows.tuples().all())


def is_open(state: TransitionRow) -> bool:
    return state.to_column_id is not None and state.completed_at is None


def planned(
    before: States, after: States, starts: dict[UUID, datetime], since: datetime, until: datetime
) -> dict[UUID, Outcome]:
    """Open at the start and then due by the end or already started; or due in the period as its end knows it."""
    first, last = since.astimezone(until.tzinfo).date(), last_day(until)
    plan = {
        card
        for card, state in before.items()
        if is_open(state) and ((state.due_on and state.due_on <= last) or (card in starts and starts[card] < since))
    }
    plan |= {
        card
        for card, state in after.items()
        if state.due_on and first <= state.due_on <= last and not _done_before(state, since) and _was_there(state)
    }
    return {card: outcome(after[card]) for card in plan}


def outcome(state: TransitionRow) -> Outcome:
    if state.completed_at is not None:
        return "done"
    return "open" if state.to_column_id else "dropped"


def coming(after: States, starts: dict[UUID, datetime], since: datetime, until: datetime) -> list[TransitionRow]:
    """Open at the end and either started or due by the end of a following period of the same length."""
    last = last_day(until + (until - since))
    return [
        state
        for card, state in after.items()
        if is_open(state) and (card in starts or (state.due_on and state.due_on <= last))
    ]


def last_day(until: datetime) -> date:
    return (until - timedelta(microseconds=1)).date()


def blocked(db: Session, board_id: UUID, after: States, until: datetime) -> dict[UUID, tuple[datetime, list[str]]]:
    """Open card → since when it waits, for whom: links that hold, to cards that were open at the end themselves."""
    link = TransitionRow.changes["blocked_by"]
    named = sa.func.coalesce(link[1].astext, link[0].astext)  # [None, "#3 Its title"] or the other way round
    query = (
        sa.select(TransitionRow.card_id, TransitionRow.at, named, link[1].astext.is_not(None))
        .where(TransitionRow.board_id == board_id, TransitionRow.at < until)
        .where(TransitionRow.changes.has_key("blocked_by"))
        .order_by(TransitionRow.at, TransitionRow.id)
    )
    links: dict[tuple[UUID, str], tuple[datetime, str] | None] = {}
    for card, at, name, holds in db.execute(query).tuples():
        links[card, name.split(" ")[0]] = (at, name) if holds else None
    open_numbers = {f"#{state.number}" for state in after.values() if is_open(state)}
    found: dict[UUID, tuple[datetime, list[str]]] = {}
    for (card, number), made in links.items():
        if made and number in open_numbers and card in after and is_open(after[card]):
            since, name = made
            earlier, names = found.get(card, (since, []))
            found[card] = (min(since, earlier), [*names, name])
    return found


def moves(db: Session, board_id: UUID, since: datetime, until: datetime) -> dict[UUID, str | None]:
    """Card → the column it was in before its first move of the period."""
    query = (
        sa.select(TransitionRow.card_id, TransitionRow.from_column)
        .distinct(TransitionRow.card_id)
        .where(
            TransitionRow.board_id == board_id,
            TransitionRow.kind == EventKind.moved.value,
            TransitionRow.from_column_id != TransitionRow.to_column_id,
            TransitionRow.at >= since,
            TransitionRow.at < until,
        )
        .order_by(TransitionRow.card_id, TransitionRow.at, TransitionRow.id)
    )
    return dict(db.execute(query).tuples().all())


def made(db: Session, board_id: UUID, since: datetime, until: datetime) -> set[UUID]:
    query = sa.select(TransitionRow.card_id).where(
        TransitionRow.board_id == board_id,
        TransitionRow.kind == EventKind.created.value,
        TransitionRow.at >= since,
        TransitionRow.at < until,
    )
    return set(db.scalars(query))


def notes_of(db: Session, board_id: UUID, since: datetime, until: datetime) -> list[ProgressNote]:
    """Of the days of the period, as far as they were written before its end, and as they were then."""
    first, last = since.astimezone(until.tzinfo).date(), last_day(until)
    found = notes_between(db, board_id, first, last + timedelta(days=1), as_of=until, limit=MAX_NOTES)
    return [ProgressNote.model_validate(note, from_attributes=True) for note in found]


def in_order(states: Iterable[TransitionRow]) -> list[TransitionRow]:
    """What is due first comes first, cards without a date last."""
    return sorted(states, key=lambda state: (state.due_on or date.max, state.at, state.id))


def _done_before(state: TransitionRow, since: datetime) -> bool:
    return state.completed_at is not None and state.completed_at < since


def _was_there(state: TransitionRow) -> bool:
    """A card that was archived or deleted unfinished is part of a plan only if the start of the period knew it."""
    return state.to_column_id is not None or state.completed_at is not None
