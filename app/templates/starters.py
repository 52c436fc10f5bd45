"""Two templates to begin with. Pure: bound to a board or to a dataset and its columns, everything in them is real."""

from typing import Any
from uuid import UUID

from app.templates.schemas import TEAM_SECTIONS, TemplateCreate

NUMERIC = {"integer", "decimal", "number"}
DATED = {"date", "timestamp"}
WEEK = {"name": "week", "label": "Week", "type": "period", "default": "last_full_week"}
PERIOD = {"name": "period", "label": "Period", "type": "period", "default": "last_365_days"}
MAX_FIGURES, TOP, ROWS = 3, 10, 50


def weekly_team_report(name: str, board_id: UUID, board: str) -> TemplateCreate:
    """What a team tells its manager on Monday: from the board alone, nothing to type."""
    words = (
        "The team finished **{{ blocks.board.done }}** cards and took up **{{ blocks.board.created }}** new ones. "
        "**{{ blocks.board.open }}** are open"
        "{% if blocks.board.overdue %}, **{{ blocks.board.overdue }}** of them overdue{% endif %}."
    )
    return TemplateCreate.model_validate(
        {
            "name": name,
            "description": f"What happened on the board “{board}” in a week.",
            "parameters": [WEEK],
            "blocks": [
                {"kind": "heading", "id": "summary", "text": "The week {{ week.label }}"},
                {"kind": "text", "id": "words", "markdown": words},
                {
                    "kind": "board_summary",
                    "id": "board",
                    "title": board,
                    "board_id": board_id,
                    "parameter": "week",
                    "sections": TEAM_SECTIONS,
                },
            ],
        }
    )


def data_summary(name: str, dataset: str, columns: list[tuple[str, str]]) -> TemplateCreate:
    """Figures, course over time, the largest groups and the rows themselves, as far as the columns allow."""
    day = next((column for column, kind in columns if kind in DATED), None)
    filters = [{"column": day, "op": "in_period", "parameter": PERIOD["name"]}] if day else []
    base: dict[str, Any] = {"dataset": dataset, "filters": filters}
    numbers = [column for column, kind in columns if kind in NUMERIC][:MAX_FIGURES]
    group = next((column for column, kind in columns if kind in ("text", "boolean")), None)
    title = f"{dataset}{': {{ period.label }}' if day else ''}"
    blocks: list[dict[str, Any]] = [{"kind": "heading", "id": "summary", "text": title}, _count(base, bool(day))]
    blocks += [_sum(base, column, place, bool(day)) for place, column in enumerate(numbers, start=1)]
    measure = {"function": "sum", "column": numbers[0], "as": numbers[0]} if numbers else {"as": "Rows"}
    if day:
        blocks.append(_course(base, day, measure))
    if group:
        blocks.append(_largest(base, group, measure))
    blocks.append({"kind": "heading", "id": "rows_heading", "text": "Rows", "level": 2})
    blocks.append({"kind": "table", "id": "rows", "query": {**base, "limit": ROWS}})
    return TemplateCreate.model_validate(
        {
            "name": name,
            "description": f"What is in the dataset “{dataset}”.",
            "parameters": [PERIOD] if day else [],
            "blocks": blocks,
        }
    )


def _count(base: dict[str, Any], compare: bool) -> dict[str, Any]:
    query = {**base, "measures": [{"as": "Rows"}]}
    return {"kind": "kpi", "id": "row_count", "title": "Rows", "query": query, "compare_with_previous": compare}


def _sum(base: dict[str, Any], column: str, place: int, compare: bool) -> dict[str, Any]:
    return {
        "kind": "kpi",
        "id": f"total_{place}",
        "title": f"Total {column}",
        "query": {**base, "measures": [{"function": "sum", "column": column}]},
        "compare_with_previous": compare,
    }


def _course(base: dict[str, Any], day: str, measure: dict[str, Any]) -> dict[str, Any]:
    query = {**base, "group_by": [{"column": day, "bucket": "day", "as": "Day"}], "measures": [measure], "limit": 1000}
    return {
        "kind": "chart",
        "id": "course",
        "title": f"{measure['as']} by day",
        "query": query,
        "chart": {"kind": "line", "x": "Day", "y": measure["as"], "alt": "The course over the period."},
    }


def _largest(base: dict[str, Any], group: str, measure: dict[str, Any]) -> dict[str, Any]:
    order = [{"column": measure["as"], "descending": True}]
    query = {**base, "group_by": [{"column": group}], "measures": [measure], "order_by": order, "limit": TOP}
    return {
        "kind": "chart",
        "id": "largest",
        "title": f"{measure['as']} by {group}: the {TOP} largest",
        "query": query,
        "chart": {"kind": "bar", "x": group, "y": measure["as"], "alt": f"The {TOP} largest, in this order."},
    }
