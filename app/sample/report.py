"""The weekly report of the sample team: figures, charts, tables and what happened on the board."""

from typing import Any
from uuid import UUID

from app.queries.periods import RelativePeriod
from app.sample.contracts import SALES, TICKETS
from app.sharing import service as sharing
from app.templates.schemas import TEAM_SECTIONS, TemplateCreate

NAME = "Weekly team report"
EUROS = {"prefix": "€ ", "decimals": 0}
AMOUNT = {"function": "sum", "column": "amount", "as": "Revenue"}
ORDERS = {"function": "count", "as": "Orders"}
COUNT = {"function": "count", "as": "Tickets"}


def weekly_report(board_id: UUID) -> TemplateCreate:
    return TemplateCreate.model_validate(
        {
            "name": NAME,
            "description": "Sales, support and the work of the team in one week.",
            "parameters": [_period("period", "Week", RelativePeriod.last_full_week)],
            "theme": {"organisation": "Northwind Furniture"},
            "blocks": [*_sales(), *_support(), *_team(board_id)],
            "share_with": sharing.OPEN,
        }
    )


def _period(name: str, label: str, default: RelativePeriod) -> dict[str, Any]:
    return {"name": name, "label": label, "type": "period", "default": default.value}


def _sales() -> list[dict[str, Any]]:
    by_day = [{"column": "ordered_on", "bucket": "day", "as": "Day"}, {"column": "channel", "as": "Channel"}]
    return [
        {"id": "sales", "kind": "heading", "text": "Sales", "level": 1},
        {
            "id": "sales_text",
            "kind": "text",
            "markdown": "In the week of {{ period.label }} customers ordered goods for "
            "**{{ blocks.revenue.text }}** in {{ blocks.orders.text }} orders.",
        },
        _kpi("revenue", "Revenue", _ask(SALES.name, "ordered_on", measures=[AMOUNT]), EUROS),
        _kpi("orders", "Orders", _ask(SALES.name, "ordered_on", measures=[ORDERS])),
        _chart(
            "revenue_by_day",
            "Revenue by day and channel",
            _ask(SALES.name, "ordered_on", group_by=by_day, measures=[AMOUNT]),
            {"kind": "bar", "x": "Day", "y": "Revenue", "series": "Channel", "alt": "Revenue of each day, by channel."},
        ),
        {
            "id": "products",
            "kind": "table",
            "title": "Best products",
            "query": _ask(
                SALES.name,
                "ordered_on",
                group_by=[{"column": "product", "as": "Product"}],
                measures=[ORDERS, AMOUNT],
                order_by=[{"column": "Revenue", "descending": True}],
            ),
            "formats": {"Revenue": {"prefix": "€ ", "decimals": 2}},
        },
    ]


def _support() -> list[dict[str, Any]]:
    happiness = {"function": "avg", "column": "satisfaction", "as": "Satisfaction"}
    topics = {
        "group_by": [{"column": "topic", "as": "Topic"}],
        "order_by": [{"column": "Tickets", "descending": True}],
    }
    return [
        {"id": "support", "kind": "heading", "text": "Support", "level": 1},
        _kpi("tickets", "Tickets opened", _ask(TICKETS.name, "opened_at", measures=[COUNT]), good="down"),
        _kpi("happiness", "Satisfaction", _ask(TICKETS.name, "opened_at", measures=[happiness]), {"decimals": 2}),
        _chart(
            "topics",
            "What customers asked about",
            _ask(TICKETS.name, "opened_at", measures=[COUNT], **topics),
            {"kind": "bar", "x": "Topic", "y": "Tickets", "alt": "Number of tickets of each topic."},
        ),
    ]


def _team(board_id: UUID) -> list[dict[str, Any]]:
    return [
        {"id": "team", "kind": "heading", "text": "The team's week", "level": 1},
        {
            "id": "board",
            "kind": "board_summary",
            "board_id": str(board_id),
            "period": None,
            "parameter": "period",
            "sections": TEAM_SECTIONS,
        },
    ]


def _ask(dataset: str, day_column: str, **parts: Any) -> dict[str, Any]:
    week = {"column": day_column, "op": "in_period", "parameter": "period"}
    return {"dataset": dataset, "filters": [week], **parts}


def _kpi(
    name: str, title: str, query: dict[str, Any], number: dict[str, Any] | None = None, *, good: str = "up"
) -> dict[str, Any]:
    shown = {"format": number or {}, "compare_with_previous": True, "good": good}
    return {"id": name, "kind": "kpi", "title": title, "query": query, **shown}


def _chart(name: str, title: str, query: dict[str, Any], chart: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "kind": "chart", "title": title, "query": query, "chart": chart}
