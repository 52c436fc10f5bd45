"""A move, its line in the history, the step that takes it back and the marks for whoever looks: in one statement.

A board's moves wait for each other, so what counts is how long each of them holds the lock.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.core.actor import Actor
from app.tasks.desk import Desk
from app.tasks.events import tell_listeners
from app.tasks.record import Called, Line, event_of
from app.tasks.schemas import EventKind
from app.tasks.tables import CardRow, ColumnRow, TransitionRow
from app.tasks.undo import remember as steps
from app.tasks.undo.tables import BoardEditRow

NOT_WRITTEN = {"id", "imported"}
LINE = [column for column in TransitionRow.__table__.columns if column.name not in NOT_WRITTEN]
OTHERS: dict[str, Any] = {
    "rank": sa.Text(),
    "version": sa.Integer(),
    "version_before": sa.Integer(),
    "before": JSONB(),
    "step": sa.BigInteger(),
    "kept": sa.Integer(),
    "logged": sa.Boolean(),
    "remembers": sa.Boolean(),
    "turned": sa.Boolean(),
}
NAMES = ", ".join(column.name for column in LINE)
VALUES = ", ".join(f":{column.name}" for column in LINE)

# What a step takes the place of goes: whatever was undone before it, and the oldest one.
WRITE = sa.text(f"""
with board as (
    update boards set revision = revision + 1 where id = :board_id returning revision
), card as (
    update cards set column_id = :to_column_id, lane_id = :to_lane_id, rank = :rank, category = :category,
        completed_at = :completed_at, version = :version, revision = board.revision
    from board where cards.id = :card_id
), waiting as (
    update cards set revision = board.revision from board
    where :turned and cards.id in (select card_id from card_blockers where blocker_id = :card_id)
), line as (
    insert into card_transitions ({NAMES}) select {VALUES} where :logged returning id
), last as (
    select coalesce(max(step), 0) as step from board_edits
    where board_id = :board_id and person_id = :person_id and undone_at is null
), old as (
    delete from board_edits as one using last
    where :remembers and one.board_id = :board_id and one.person_id = :person_id
        and (one.undone_at is not null or one.step <= last.step + 1 - :kept)
), edit as (
    insert into board_edits
        (board_id, person_id, step, card_id, kind, before, after, version_before, version_after, at)
    select :board_id, :person_id, coalesce(:step, last.step + 1), :card_id, :kind, :before, '{{}}'::jsonb,
        :version_before, :version, :at
    from last where :remembers returning id, step
)
select (select revision from board) as revision, (select id from line) as line,
    (select id from edit) as edit, (select step from edit) as step,
    exists (select from card_blockers where blocker_id = :card_id) as holds_up,
    exists (
        select from automation_rules
        where board_id = :board_id and enabled and trigger ->> 'kind' not in ('due', 'idle')
    ) as has_rules
""").bindparams(  # noqa: S608  only names of columns
    *(sa.bindparam(column.name, type_=column.type) for column in LINE),
    *(sa.bindparam(name, type_=type_) for name, type_ in OTHERS.items()),
)


@dataclass(frozen=True)
class Moved:
    """Where a card goes, and where it was as `remember.place_of` tells it. Not `logged` within one place's order."""

    column: ColumnRow
    rank: str
    before: dict[str, Any]
    changes: dict[str, Any]
    turned: bool
    logged: bool


def write_move(db: Session, actor: Actor, desk: Desk, moved: Moved) -> None:
    """Under the board's lock. Marks the card as moved, and tells whoever listens."""
    card, version, lane = desk.card, desk.card.version, desk.card.lane_id
    with db.no_autoflush:
        card.column_id, card.lane_id, card.rank = moved.column.id, desk.lane_id, moved.rank
        card.version += 1
        line = Line(card, EventKind.moved, desk.origin, moved.column, lane, moved.changes)
        event = event_of(
            actor, line, Called({lane: desk.from_lane, card.lane_id: desk.to_lane}, desk.people, desk.labels)
        )
        asked = {
            **{column.name: getattr(event, column.name) for column in LINE},
            "rank": card.rank,
            "version": card.version,
            "version_before": version,
            "before": moved.before,
            "step": db.info.get(steps.STEP),
            "kept": steps.KEPT,
            "logged": moved.logged,
            "remembers": steps.remembers(db, actor),
            "turned": moved.turned,
        }
        done = db.execute(WRITE, asked).one()
    card.revision = done.revision
    for name in ("column_id", "lane_id", "rank", "category", "completed_at", "version", "revision"):
        set_committed_value(card, name, getattr(card, name))  # it is written already
    if steps.STEP in db.info and done.step:
        db.info[steps.STEP] = done.step
    if moved.logged:
        event.id, event.holds_up, event.has_rules = done.line, done.holds_up, done.has_rules
        _tell(db, actor, card, event, done.edit)


def _tell(db: Session, actor: Actor, card: CardRow, event: TransitionRow, edit: int | None) -> None:
    """What rules make of the card belongs to the step of the person."""
    version = card.version
    tell_listeners(db, actor, [(card, event)])
    if edit is not None and card.version != version:
        after = sa.update(BoardEditRow).where(BoardEditRow.id == edit).values(version_after=card.version)
        db.execute(after, execution_options={"synchronize_session": False})
