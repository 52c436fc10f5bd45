"""The question of a block in native widgets. What they cannot show is edited as JSON, and never thrown away."""

import json
from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.queries.periods import RelativeDay, RelativePeriod
from app.queries.schemas import Bucket, Op, QuerySpec
from app.ui.template_draft import sentence

Query = dict[str, Any]
Columns = list[tuple[str, str]]
FUNCTIONS = {
    "count": "Count",
    "sum": "Sum",
    "avg": "Average",
    "min": "Smallest",
    "max": "Largest",
    "count_distinct": "Different values",
    "median": "Median",
    "share": "Share of the total",
}
OPS = {
    "eq": "is",
    "ne": "is not",
    "lt": "less than",
    "le": "at most",
    "gt": "more than",
    "ge": "at least",
    "one_of": "is one of",
    "none_of": "is none of",
    "contains": "contains",
    "starts_with": "starts with",
    "in_period": "in period",
    "is_empty": "is empty",
    "is_filled": "is filled",
}
ROWS = "All rows"
TYPED = "typed here"
NEEDS_NUMBER = ("sum", "avg", "median", "share")
DAYS = {day.value: day.label for day in RelativeDay}
PERIODS = {period.value: period.label for period in RelativePeriod}
DATED, NUMERIC = ("date", "timestamp"), ("integer", "decimal", "number")


def dataset_input(query: Query, sources: dict[str, Columns], key: str) -> Query:
    """Another dataset has other columns, so the question starts anew."""
    names = list(sources)
    present = query.get("dataset", "")
    if present and present not in names:
        names.insert(0, present)
    if not names:
        st.info("There is no dataset yet. Load a file under Datasets first.", icon=":material/database:")
        return query
    place = names.index(present) if present in names else 0
    chosen = st.selectbox("Dataset", names, place, key=f"{key}_dataset")
    if chosen == present:
        return query
    return {"dataset": chosen, "measures": [{"function": "count", "as": "Rows"}]}


def measure_input(measure: dict[str, Any], columns: Columns, key: str) -> dict[str, Any]:
    left, right = st.columns(2)
    functions = list(FUNCTIONS)
    place = functions.index(measure.get("function", "count"))
    function = left.selectbox("Figure", functions, place, format_func=FUNCTIONS.__getitem__, key=f"{key}_function")
    fitting = [name for name, kind in columns if function not in NEEDS_NUMBER or kind in NUMERIC]
    options = [ROWS, *fitting] if function in ("count", "share") else fitting
    present = measure.get("column") or ROWS
    start = options.index(present) if present in options else 0
    column = right.selectbox("Of", options, start if options else None, key=f"{key}_column_{function}")
    named = None if column == ROWS else column
    if (function, named) == (measure.get("function", "count"), measure.get("column")):
        return measure
    name = f"{FUNCTIONS[function]} {named}" if named else "Rows" if function == "count" else FUNCTIONS[function]
    return {"function": function, "column": named, "as": name}


def group_input(label: str, group: dict[str, Any] | None, columns: Columns, key: str) -> dict[str, Any] | None:
    """None for no group, which only an optional one may be."""
    names = [name for name, _ in columns]
    left, right = st.columns(2)
    present = (group or {}).get("column")
    place = names.index(present) if present in names else None
    column = left.selectbox(label, names, place, key=f"{key}_group", placeholder="None")
    if column is None:
        return None
    if dict(columns)[column] not in DATED:
        return group if group and column == present else {"column": column}
    buckets = [None, *(bucket.value for bucket in Bucket)]
    start = buckets.index((group or {}).get("bucket")) if column == present else buckets.index("month")
    bucket = right.selectbox("By", buckets, start, format_func=lambda each: each or "each value", key=f"{key}_bucket")
    if group and (column, bucket) == (present, group.get("bucket")):
        return group
    return {"column": column, "bucket": bucket, "as": bucket.capitalize() if bucket else column}


def filters_input(
    filters: list[dict[str, Any]], columns: Columns, parameters: list[str], key: str, add: str = "Add condition"
) -> list[dict[str, Any]]:
    """A value is text here; the question itself knows the type of the column."""
    # Deleting shifts the places, so the widgets get new names then and do not show each other's values.
    edition = st.session_state.setdefault(f"{key}_edition", 0)
    kept = []
    for place, rule in enumerate(filters):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            changed = _filter_input(rule, columns, parameters, f"{key}_{edition}_{place}")
            if st.button("", icon=":material/close:", key=f"{key}_{edition}_{place}_drop", help="Remove the condition"):
                st.session_state[f"{key}_edition"] += 1
                continue
        kept.append(changed)
    if columns and st.button(add, icon=":material/filter_alt:", key=f"{key}_add", type="tertiary"):
        kept.append({"column": columns[0][0], "op": "is_filled"})
    return kept


def _filter_input(rule: dict[str, Any], columns: Columns, parameters: list[str], key: str) -> dict[str, Any]:
    names = [name for name, _ in columns]
    if rule["column"] not in names:
        names.insert(0, rule["column"])
    column = st.selectbox("Only where", names, names.index(rule["column"]), key=f"{key}_column", width=170)
    ops = list(OPS)
    op = st.selectbox(
        "is", ops, ops.index(rule.get("op", "eq")), format_func=OPS.__getitem__, key=f"{key}_op", width=130
    )
    if not Op(op).needs_value:
        return {"column": column, "op": op}
    moving = _moving(op, dict(columns).get(column, ""))
    options = [TYPED, *parameters, *moving]
    present = rule.get("parameter") or (rule.get("value") if isinstance(rule.get("value"), str) else None)
    place = options.index(present) if present in options else 0
    source = st.selectbox(
        "Value from", options, place, format_func=lambda each: moving.get(each, each), key=f"{key}_source", width=150
    )
    if source != TYPED:
        return {"column": column, "op": op, "parameter" if source in parameters else "value": source}
    hint = {"in_period": "2026-01-01 to 2026-02-01", "one_of": "one, two", "none_of": "one, two"}.get(op, "")
    present = None if rule.get("value") in moving else rule.get("value")
    text = st.text_input("Value", _as_text(present), placeholder=hint, key=f"{key}_value", width=200)
    if text == _as_text(present) and present is not None and op == rule.get("op", "eq"):
        return {**rule, "column": column}
    return {"column": column, "op": op, "value": _as_value(text.strip(), op)}


def _moving(op: str, kind: str) -> dict[str, str]:
    """Days and periods that move, by name, with what they are called."""
    if op == "in_period":
        return PERIODS
    return DAYS if kind in DATED and op in ("eq", "ne", "lt", "le", "gt", "ge") else {}


def order_input(query: Query, columns: Columns, key: str) -> Query:
    """Sorting by more than one column is kept as it is; the widgets offer one."""
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    names = outputs_of(query) or [name for name, _ in columns]
    order = (query.get("order_by") or [{}])[0]
    place = names.index(order.get("column")) if order.get("column") in names else None
    column = left.selectbox("Sort by", names, place, placeholder="As it comes", key=f"{key}_sort")
    down = middle.checkbox("Largest first", order.get("descending", False), key=f"{key}_down")
    limit = right.number_input("Rows at most", 1, 5000, query.get("limit", 200), key=f"{key}_limit")
    rest = query.get("order_by", [])[1:] if column == order.get("column") else []
    return {**query, "order_by": [{"column": column, "descending": down}, *rest] if column else [], "limit": limit}


def outputs_of(query: Query) -> list[str]:
    parts = [*query.get("group_by", []), *query.get("measures", [])]
    return [each.get("as") or each.get("column") or "count" for each in parts] or list(query.get("columns", []))


def json_input(query: Query, key: str) -> Query:
    """For questions beyond the widgets: the same JSON as over HTTP."""
    text = st.text_area("Question as JSON", json.dumps(query, indent=1), height=260, key=f"{key}_json")
    try:
        return QuerySpec.model_validate_json(text).model_dump(mode="json")
    except ValidationError as error:
        st.error(f"Not taken over. {sentence(error)}", icon=":material/error:")
        return query


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['since']} to {value['until']}"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _as_value(text: str, op: str) -> Any:
    if op in ("one_of", "none_of"):
        return [each.strip() for each in text.split(",")]
    if op == "in_period" and " to " in text:
        since, until = text.split(" to ", 1)
        return {"since": since.strip(), "until": until.strip()}
    return text
