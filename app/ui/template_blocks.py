"""The fields of each kind of block. Each function takes the block as it is and gives it back as it was edited."""

from typing import Any, NamedTuple

import streamlit as st

from app.queries.periods import RelativePeriod
from app.ui.query_form import (
    Columns,
    Query,
    dataset_input,
    filters_input,
    group_input,
    json_input,
    measure_input,
    order_input,
    outputs_of,
)
from app.ui.template_draft import Block

KINDS = {
    "heading": ("Heading", "title"),
    "text": ("Text", "notes"),
    "kpi": ("Figure", "pin"),
    "chart": ("Chart", "bar_chart"),
    "table": ("Table", "table_chart"),
    "board_summary": ("Board summary", "view_kanban"),
    "page_break": ("Page break", "insert_page_break"),
}
CHARTS = {"bar": "Bars", "line": "Line", "area": "Area", "pie": "Pie"}
SECTIONS = {
    "highlights": "Highlights",
    "done": "Done",
    "planned": "Planned, and whether it was done",
    "created": "New",
    "moved": "Moved",
    "blocked": "Blocked",
    "overdue": "Overdue",
    "open": "Open",
    "next": "Next",
    "notes": "Progress notes",
}
STYLES = {"plain": "1,250,000", "compact": "1.25 M", "percent": "25 %"}
GOOD = {"up": "more is better", "down": "less is better", "neither": "neither"}


class Choices(NamedTuple):
    """What the fields offer."""

    sources: dict[str, Columns]
    boards: dict[str, str]
    periods: list[str]
    parameters: list[str]


def block_label(block: Block) -> str:
    text = block.get("title") or block.get("text") or block.get("markdown", "").strip().split("\n")[0]
    kind = KINDS[block["kind"]][0]
    return f"{kind}: {text[:60]}" if text else kind


def edit_block(block: Block, choices: Choices, key: str) -> Block:
    edit = {
        "heading": _heading,
        "text": _text,
        "kpi": _kpi,
        "table": _table,
        "chart": _chart,
        "board_summary": _board,
    }.get(block["kind"])
    if edit is None:
        st.caption("What follows starts on a new page of the PDF.")
        return block
    return edit(block, choices, key)


def _heading(block: Block, _choices: Choices, key: str) -> Block:
    text = st.text_input("Text", block["text"], max_chars=300, key=f"{key}_text")
    level = st.segmented_control("Level", [1, 2, 3], default=block.get("level", 1), key=f"{key}_level")
    return {**block, "text": text, "level": level or 1}


def _text(block: Block, choices: Choices, key: str) -> Block:
    names = ", ".join(f"`{{{{ {name} }}}}`" for name in [*choices.parameters, "report.date"])
    markdown = st.text_area("Markdown", block["markdown"], height=160, key=f"{key}_markdown")
    st.caption(f"You can write {names}, or a figure of another block: `{{{{ blocks.its_id.text }}}}`.")
    return {**block, "markdown": markdown}


def _kpi(block: Block, choices: Choices, key: str) -> Block:
    block = {**block, "title": _title(block, key)}
    query = dataset_input(block["query"], choices.sources, key)
    columns = choices.sources.get(query.get("dataset", ""), [])
    if len(query.get("measures", [])) != 1 or query.get("group_by"):
        return {**block, "query": json_input(query, key)}
    query = {**query, "measures": [measure_input(query["measures"][0], columns, key)]}
    query = _filters(query, columns, choices, key)
    block = {**block, "query": query, "format": _format(block.get("format", {}), key)}
    left, right = st.columns(2)
    compare = left.checkbox(
        "Compare with the period before", block.get("compare_with_previous", False), key=f"{key}_compare"
    )
    ways = list(GOOD)
    place = ways.index(block.get("good", "up"))
    good = right.selectbox("Colour", ways, place, format_func=GOOD.__getitem__, key=f"{key}_good", disabled=not compare)
    return {**block, "compare_with_previous": compare, "good": good}


def _table(block: Block, choices: Choices, key: str) -> Block:
    block = {**block, "title": _title(block, key)}
    query = dataset_input(block["query"], choices.sources, key)
    columns = choices.sources.get(query.get("dataset", ""), [])
    if query.get("group_by") or query.get("measures"):
        if len(query.get("group_by", [])) != 1 or len(query.get("measures", [])) != 1:
            return {**block, "query": json_input(query, key)}
        query = _grouped(query, "Rows by", columns, key)
    else:
        names = [name for name, _ in columns]
        chosen = [name for name in query.get("columns", []) if name in names]
        picked = st.multiselect("Columns", names, chosen, placeholder="All columns", key=f"{key}_columns")
        query = {**query, "columns": picked}
    query = _filters(query, columns, choices, key)
    return {**block, "query": order_input(query, [], key)}


def _chart(block: Block, choices: Choices, key: str) -> Block:
    block = {**block, "title": _title(block, key)}
    query = dataset_input(block["query"], choices.sources, key)
    columns = choices.sources.get(query.get("dataset", ""), [])
    if len(query.get("group_by", [])) > 2 or len(query.get("measures", [])) != 1:
        return {**block, "query": json_input(query, key)}
    left, right = st.columns(2)
    chart = block["chart"]
    kinds = list(CHARTS)
    kind = left.selectbox("Chart", kinds, kinds.index(chart["kind"]), format_func=CHARTS.__getitem__, key=f"{key}_kind")
    stacked = right.checkbox("Stack the series", chart.get("stacked", True), key=f"{key}_stacked")
    query = _grouped(query, "Along", columns, key)
    series = None
    if kind != "pie":
        second = query["group_by"][1] if len(query["group_by"]) > 1 else None
        series = group_input("One series for each (optional)", second, columns, f"{key}_series")
    query = {**query, "group_by": [*query["group_by"][:1], *([series] if series else [])]}
    query = order_input(_filters(query, columns, choices, key), [], key)
    alt = st.text_input("What the chart shows, for people who cannot see it", chart.get("alt", ""), key=f"{key}_alt")
    names = [group.get("as") or group["column"] for group in query["group_by"]]
    drawn = {"x": names[0] if names else "", "y": _output(query), "series": names[1] if len(names) > 1 else None}
    return {**block, "query": query, "chart": {**chart, **drawn, "kind": kind, "alt": alt, "stacked": stacked}}


def _board(block: Block, choices: Choices, key: str) -> Block:
    block = {**block, "title": _title(block, key)}
    ids = list(choices.boards)
    if not ids:
        st.info("There is no board yet. Make one under Board first.", icon=":material/view_kanban:")
        return block
    place = ids.index(str(block["board_id"])) if str(block["board_id"]) in ids else None
    board = st.selectbox("Board", ids, place, format_func=choices.boards.__getitem__, key=f"{key}_board")
    moving = [period.value for period in RelativePeriod]
    options = [*choices.periods, *moving]
    present = block.get("parameter") or block.get("period")
    start = options.index(present) if isinstance(present, str) and present in options else 0
    period = st.selectbox("Period", options, start, format_func=_period_name(choices.periods), key=f"{key}_period")
    named = period in choices.periods
    when = {"parameter": period} if named else {"period": period, "parameter": None}
    return {**block, "board_id": board or block["board_id"], **when, **_sections(block, key)}


def _sections(block: Block, key: str) -> dict[str, Any]:
    """In the order in which they were picked."""
    present = block.get("sections", ["highlights", "done", "overdue", "open"])
    picked = st.multiselect(
        "Lists, in this order",
        list(SECTIONS),
        present,
        format_func=SECTIONS.__getitem__,
        placeholder="Figures only",
        key=f"{key}_sections",
    )
    days = block.get("blocked_days", 3)
    if "blocked" in picked:
        days = st.number_input("Blocked for more than … days", 0, 365, days, key=f"{key}_blocked_days")
    return {"sections": picked, "blocked_days": days}


def _period_name(parameters: list[str]) -> Any:
    return lambda name: f"Parameter: {name}" if name in parameters else RelativePeriod(name).label


def _title(block: Block, key: str) -> str:
    return st.text_input("Title", block.get("title", ""), max_chars=300, key=f"{key}_title")


def _filters(query: Query, columns: Columns, choices: Choices, key: str) -> Query:
    return {**query, "filters": filters_input(query.get("filters", []), columns, choices.parameters, f"{key}_filter")}


def _grouped(query: Query, label: str, columns: Columns, key: str) -> Query:
    first, *rest = query.get("group_by") or [None]
    group = group_input(label, first, columns, f"{key}_x")
    measure = measure_input(query["measures"][0], columns, f"{key}_y")
    return {**query, "group_by": [each for each in [group, *rest] if each], "measures": [measure]}


def _output(query: Query) -> str:
    return outputs_of(query)[-1]


def _format(shape: dict[str, Any], key: str) -> dict[str, Any]:
    left, middle, right = st.columns(3)
    styles = list(STYLES)
    place = styles.index(shape.get("style", "plain"))
    style = left.selectbox("Written as", styles, place, format_func=STYLES.__getitem__, key=f"{key}_style")
    prefix = middle.text_input("Before it", shape.get("prefix", ""), max_chars=10, key=f"{key}_prefix")
    suffix = right.text_input("After it", shape.get("suffix", ""), max_chars=20, key=f"{key}_suffix")
    return {**shape, "style": style, "prefix": prefix, "suffix": suffix}
