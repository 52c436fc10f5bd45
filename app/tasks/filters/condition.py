"""A filter as a condition on cards. Every value goes to the database as a parameter; none is true or false by NULL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa

from app.accounts import service as accounts
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.settings import settings
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, FileRow, NoteRow
from app.tasks.filters.days import interval
from app.tasks.filters.terms import (
    All,
    Called,
    Chosen,
    Compared,
    Contains,
    Dated,
    Either,
    Empty,
    Filter,
    Holds,
    Mine,
    Node,
    Not,
    Numbered,
    State,
)
from app.tasks.filters.words import PRIORITIES
from app.tasks.schemas import BoardOptions
from app.tasks.tables import (
    BoardRow,
    CardAssigneeRow,
    CardLabelRow,
    CardRow,
    ColumnRow,
    LabelRow,
    LaneRow,
    TransitionRow,
    is_open,
)

Condition = sa.ColumnElement[bool]
COMPARISONS: dict[str, Callable[[Any, Any], Condition]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}
# The last thing that happened to a card, moves and edits alike.
UPDATED_AT = (
    sa.select(sa.func.max(TransitionRow.at))
    .where(TransitionRow.board_id == CardRow.board_id, TransitionRow.card_id == CardRow.id)
    .correlate(CardRow)
    .scalar_subquery()
)
DATES: dict[str, Any] = {"due": CardRow.due_on, "start": CardRow.start_on}
TIMES: dict[str, Any] = {
    "created": CardRow.created_at,
    "updated": UPDATED_AT,
    "completed": CardRow.completed_at,
    "archived": CardRow.archived_at,
}
PARTS: dict[str, Any] = {
    "comment": CommentRow.card_id,
    "note": NoteRow.card_id,
    "file": FileRow.card_id,
    "checklist": ChecklistItemRow.card_id,
    "label": CardLabelRow.card_id,
    "assignee": CardAssigneeRow.card_id,
}
VALUES: dict[str, Any] = {**DATES, **TIMES, "estimate": CardRow.estimate, "lane": CardRow.lane_id}


@dataclass(frozen=True)
class Seen:
    """From where a filter is looked at: who `me` is, and which day is today."""

    board_id: UUID
    me: UUID | None
    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def condition(found: Filter, actor: Actor, board_id: UUID, zone: ZoneInfo | None = None) -> Condition:
    """Which cards of a board a filter means, for a query over CardRow. Archived ones too: that is up to the query."""
    seen = Seen(board_id, actor.id, zone or ZoneInfo(settings().tz_default), clock.now())
    return sa.true() if found.root is None else _node(found.root, seen)


def zone_named(name: str) -> ZoneInfo | None:
    """Whose day is meant by today; nothing for an empty name. Raises Invalid."""
    if name and name not in available_timezones():
        raise Invalid(f"zone: there is no time zone {name}. Give one such as Europe/Berlin.")
    return ZoneInfo(name) if name else None


def _node(node: Node, seen: Seen) -> Condition:
    if isinstance(node, Not):
        return sa.not_(_node(node.part, seen))
    if isinstance(node, All):
        return sa.and_(*(_node(part, seen) for part in node.parts)).self_group()
    if isinstance(node, Either):
        return sa.or_(*(_node(part, seen) for part in node.parts)).self_group()
    return LEAVES[type(node)](node, seen)


def _contains(leaf: Contains, _: Seen) -> Condition:
    text, where = leaf.text, leaf.where
    if where == "comment":
        return CardRow.id.in_(sa.select(CommentRow.card_id).where(CommentRow.text.icontains(text, autoescape=True)))
    fields = [CardRow.title, CardRow.description] if not where else [getattr(CardRow, where)]
    return sa.or_(*(field.icontains(text, autoescape=True) for field in fields)).self_group()


def _called(leaf: Called, seen: Seen) -> Condition:
    field, name, board_id = leaf.field, leaf.name, seen.board_id
    if field in ("assignee", "author"):
        return _of_people(field, accounts.people_called(name))
    thing: Any = {"status": ColumnRow, "lane": LaneRow, "label": LabelRow}[field]
    named = sa.select(thing.id).where(thing.board_id == board_id, sa.func.lower(thing.name) == sa.func.lower(name))
    if field == "label":
        return CardRow.id.in_(sa.select(CardLabelRow.card_id).where(CardLabelRow.label_id.in_(named)))
    column = CardRow.column_id if field == "status" else CardRow.lane_id
    return sa.and_(column.is_not(None), column.in_(named)).self_group()


def _of_people(field: str, people: "list[UUID] | sa.Select[UUID]") -> Condition:
    if field == "assignee":
        return CardRow.id.in_(sa.select(CardAssigneeRow.card_id).where(CardAssigneeRow.person_id.in_(people)))
    return sa.and_(CardRow.owner_id.is_not(None), CardRow.owner_id.in_(people)).self_group()


def _filled(thing: str) -> Condition:
    if thing == "description":
        return sa.func.btrim(CardRow.description, " \t\r\n") != ""
    if thing in PARTS:
        return CardRow.id.in_(sa.select(PARTS[thing]))
    return VALUES[thing].is_not(None)  # type: ignore[no-any-return]


def _compared(leaf: Compared, _: Seen) -> Condition:
    compare = COMPARISONS[leaf.by]
    if leaf.field == "priority":
        return CardRow.priority.in_([name for at, name in enumerate(PRIORITIES) if compare(at, int(leaf.value))])
    return sa.and_(CardRow.estimate.is_not(None), compare(CardRow.estimate, leaf.value)).self_group()


def _dated(term: Dated, seen: Seen) -> Condition:
    field: Any = DATES[term.field] if term.field in DATES else TIMES[term.field]
    first, after = interval(term, seen.today)
    parts = [field.is_not(None)]
    for day, compare in ((first, COMPARISONS[">="]), (after, COMPARISONS["<"])):
        if day is not None:
            parts.append(compare(field, day if term.field in DATES else datetime.combine(day, time.min, seen.zone)))
    return sa.and_(*parts).self_group()


def _state(leaf: State, seen: Seen) -> Condition:
    name = leaf.name
    if name == "archived":
        return CardRow.archived_at.is_not(None)
    if name == "unassigned":
        return sa.not_(_filled("assignee"))
    if name == "blocked":
        return blocked()
    done, still_open = CardRow.completed_at.is_not(None), CardRow.completed_at.is_(None)
    if name == "overdue":
        return sa.and_(still_open, CardRow.due_on.is_not(None), CardRow.due_on < seen.today).self_group()
    if name == "stale":
        return sa.and_(still_open, CardRow.archived_at.is_(None), _untouched(seen)).self_group()
    return done if name == "done" else still_open


def blocked() -> Condition:
    """Waits for a card that is neither done nor archived."""
    blocker = sa.orm.aliased(CardRow)
    waiting = sa.select(BlockerRow.card_id).join(blocker, blocker.id == BlockerRow.blocker_id)
    return CardRow.id.in_(waiting.where(is_open(blocker)))


def _untouched(seen: Seen) -> Condition:
    """For as many days as the board says; never where it says none."""
    said = BoardRow.options["stale_days"]
    fallback = BoardOptions().stale_days
    days = sa.case((BoardRow.options.has_key("stale_days"), said.as_integer()), else_=fallback)
    limit = sa.select(sa.literal(seen.now) - sa.func.make_interval(0, 0, 0, days)).where(BoardRow.id == seen.board_id)
    return sa.func.coalesce(limit.scalar_subquery() > UPDATED_AT, False)


LEAVES: dict[type[Node], Callable[[Any, Seen], Condition]] = {
    Contains: _contains,
    Numbered: lambda leaf, _: CardRow.number == leaf.number,
    Called: _called,
    Mine: lambda leaf, seen: _of_people(leaf.field, [seen.me] if seen.me else []),
    Empty: lambda leaf, _: sa.not_(_filled(leaf.field)),
    Chosen: lambda leaf, _: CardRow.category == leaf.value,
    Compared: _compared,
    Dated: _dated,
    State: _state,
    Holds: lambda leaf, _: _filled(leaf.thing),
}
