"""Cards with everything that a table shows of them, in one statement."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.accounts import service as accounts
from app.core.actor import Actor
from app.tasks.belongings import LEFT
from app.tasks.filters import service as filters
from app.tasks.filters.condition import UPDATED_AT
from app.tasks.filters.words import CATEGORIES, PRIORITIES
from app.tasks.table.schemas import CardLine, SortBy
from app.tasks.tables import CardAssigneeRow, CardLabelRow, CardRow, ColumnRow, LabelRow, LaneRow

NO_NAMES = sa.cast(sa.literal("{}"), sa.ARRAY(sa.Text))


def _names(query: "sa.Select[str]", order: Any) -> sa.ColumnElement[list[str]]:
    return sa.func.array(query.order_by(order).correlate(CardRow).scalar_subquery(), type_=sa.ARRAY(sa.Text))


def _labels() -> sa.ColumnElement[list[str]]:
    query = sa.select(LabelRow.name).join(CardLabelRow, CardLabelRow.label_id == LabelRow.id)
    return _names(query.where(CardLabelRow.card_id == CardRow.id), sa.func.lower(LabelRow.name))


def _assignees() -> sa.ColumnElement[list[str]]:
    name = sa.func.coalesce(accounts.active_name(CardAssigneeRow.person_id), LEFT)
    return _names(sa.select(name).where(CardAssigneeRow.card_id == CardRow.id), name)


def fields() -> dict[str, sa.ColumnElement[Any]]:
    """By the names of CardLine."""
    found: dict[str, Any] = {name: getattr(CardRow, name, None) for name in CardLine.model_fields}
    found |= {"column": ColumnRow.name, "lane": LaneRow.name, "labels": _labels(), "assignees": _assignees()}
    found["updated_at"] = sa.func.coalesce(UPDATED_AT, CardRow.created_at)
    return {name: column.label(f"card_{name}") for name, column in found.items()}


def card_query(actor: Actor, board_id: UUID, text: str, zone: ZoneInfo | None, *, archived: bool) -> Any:
    """Archived cards only when they are asked for, or when the filter speaks of them. Raises FilterError."""
    found = filters.parse(text)
    query = sa.select(*fields().values()).select_from(CardRow)
    query = query.outerjoin(ColumnRow, ColumnRow.id == CardRow.column_id).outerjoin(
        LaneRow, LaneRow.id == CardRow.lane_id
    )
    query = query.where(CardRow.board_id == board_id, filters.condition(found, actor, board_id, zone))
    if archived:
        return query.where(CardRow.archived_at.is_not(None))
    return query if found.asks_for_archived else query.where(CardRow.archived_at.is_(None))


def ordered(query: Any, by: SortBy, *, descending: bool) -> Any:
    """What is empty comes last either way; the number decides between equals."""
    key: Any = _key(by)
    first = key.desc().nulls_last() if descending else key.asc().nulls_last()
    return query.order_by(first, CardRow.number.desc() if descending else CardRow.number)


def _key(by: SortBy) -> sa.ColumnElement[Any]:
    shown = fields()[by.value].element
    if by is SortBy.priority:
        return sa.case({name: place for place, name in enumerate(PRIORITIES)}, value=CardRow.priority)
    if by is SortBy.category:
        order = list(dict.fromkeys(CATEGORIES.values()))
        return sa.case({name: place for place, name in enumerate(order)}, value=CardRow.category)
    if by is SortBy.column:
        return ColumnRow.rank.expression
    if by is SortBy.lane:
        return LaneRow.rank.expression
    if by is SortBy.title:
        return sa.func.lower(shown)
    names = by in (SortBy.labels, SortBy.assignees)
    return sa.func.nullif(sa.cast(shown, sa.ARRAY(sa.Text)), NO_NAMES) if names else shown
