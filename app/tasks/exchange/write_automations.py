"""What a board does by itself, and the filters kept on it, as they stand in its export."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.tasks.automations.tables import RecurrenceRow, RuleRow, TemplateRow
from app.tasks.exchange.references import Kind, renamed
from app.tasks.exchange.trello_names import iso
from app.tasks.filters.tables import FilterRow

Name = Callable[[Kind, str], str | None]
TIMING = ("kind", "cron", "every_seconds", "zone")


def automations_of(db: Session, board_id: UUID, name: Name, person_id: UUID | None) -> dict[str, Any]:
    """`name` gives what something is called in the file. Of the filters: those of the board, and the person's own."""

    def all_of(row: type[Any], *by: Any) -> list[Any]:
        return list(db.scalars(sa.select(row).where(row.board_id == board_id).order_by(*by)))

    rules = all_of(RuleRow, RuleRow.position, RuleRow.id)
    repeated = all_of(RecurrenceRow, RecurrenceRow.created_at, RecurrenceRow.id)
    templates = all_of(TemplateRow, sa.func.lower(TemplateRow.name), TemplateRow.id)
    kept = all_of(FilterRow, sa.func.lower(FilterRow.name), FilterRow.id)
    return {
        "rules": [_rule(row, name) for row in rules],
        "recurring": [_recurrence(row, name) for row in repeated],
        "templates": [{"name": row.name, "content": renamed(row.content, name)} for row in templates],
        "filters": [
            {"name": row.name, "text": row.text, "shared": row.shared}
            for row in kept
            if row.shared or (person_id is not None and row.owner_id == person_id)
        ],
    }


def _rule(row: RuleRow, name: Name) -> dict[str, Any]:
    return {
        "name": row.name,
        "when": renamed(row.when, name),
        "condition": row.condition,
        "then": [renamed(one, name) for one in row.then],
        "enabled": row.enabled,
        "zone": row.zone,
    }


def _recurrence(row: RecurrenceRow, name: Name) -> dict[str, Any]:
    place = {"column_id": row.column_id, "lane_id": row.lane_id}
    return {
        "content": renamed(row.content, name),
        **renamed(place, name),
        "timing": {part: getattr(row, part) for part in TIMING} | {"starts_at": iso(row.starts_at)},
        "until": row.until.isoformat() if row.until else None,
        "only_if_done": row.only_if_done,
        "enabled": row.enabled,
    }
