"""A question in parts: datasets joined by declared keys, conditions, groups, figures, order."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.queries.schemas import Pair, Source
from app.queries.service import links
from app.ui.query_form import Columns, Query, dataset_input, filters_input, group_input, measure_input, order_input

ROWS, FIGURES = "Rows as they are", "Figures"
KINDS = {"left": "all rows, matched or not", "inner": "only rows that match"}
NEW_FIGURE = {"function": "count", "column": None, "as": "Rows"}
NUMERIC = ("integer", "decimal", "number")


def build(query: Query, sources: Mapping[str, Source], key: str) -> Query:
    """The question as it is now; the widgets hold everything that a question in parts can be."""
    query = dataset_input(query, {name: source.columns for name, source in sources.items()}, key)
    base = sources.get(query.get("dataset", ""))
    if base is None:
        return query
    query = {**query, "joins": _joins(query, base, sources, key)}
    columns = columns_of(query, sources)
    query = {**query, "filters": filters_input(query.get("filters", []), columns, [], f"{key}_filter")}
    shown = st.segmented_control(
        "Show", [ROWS, FIGURES], default=FIGURES if _aggregates(query) else ROWS, key=f"{key}_shown", required=True
    )
    query = _figures(query, columns, key) if shown == FIGURES else _rows(query, columns, key)
    return order_input(query, columns, key)


def columns_of(query: Query, sources: Mapping[str, Source]) -> Columns:
    """Joined ones as `alias.column`."""
    base = sources.get(query.get("dataset", ""))
    columns = list(base.columns) if base else []
    for join in query.get("joins", []):
        right = sources.get(join["dataset"])
        alias = join.get("as") or join["dataset"]
        columns += [(f"{alias}.{name}", kind) for name, kind in right.columns] if right else []
    return columns


def _aggregates(query: Query) -> bool:
    return bool(query.get("measures") or query.get("group_by"))


def _joins(query: Query, base: Source, sources: Mapping[str, Source], key: str) -> list[dict[str, Any]]:
    edition = st.session_state.setdefault(f"{key}_joins", 0)
    kept: list[dict[str, Any]] = []
    for place, join in enumerate(query.get("joins", [])):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            ways = _ways(base, join["dataset"], sources)
            changed = _join_input(join, ways, f"{key}_{edition}_join_{place}")
            if st.button("", icon=":material/close:", key=f"{key}_{edition}_drop_{place}", help="Remove the join"):
                st.session_state[f"{key}_joins"] += 1
                continue
        kept.append(changed)
    offered = [name for name in sources if name != base.dataset and _ways(base, name, sources)]
    offered = [name for name in offered if name not in {join["dataset"] for join in kept}]
    if offered:
        name = st.selectbox(
            "Join a dataset", offered, None, placeholder="None", key=f"{key}_{edition}_{len(kept)}_new_join"
        )
        if name:
            kept.append({"dataset": name, "kind": "left", "on": _plain(_ways(base, name, sources)[0])})
            st.session_state[f"{key}_joins"] += 1
    return kept


def _join_input(join: dict[str, Any], ways: list[list[Pair]], key: str) -> dict[str, Any]:
    present = join["on"]
    options = [_plain(way) for way in ways]
    options = options if present in options else [present, *options]
    names = [" and ".join(f"{pair['left']} = {join['dataset']}.{pair['right']}" for pair in way) for way in options]
    by = st.selectbox(f"{join['dataset']}, joined by", names, options.index(present), key=f"{key}_by", width=320)
    kinds = list(KINDS)
    place = kinds.index(join.get("kind", "left"))
    kind = st.selectbox("keeps", kinds, place, format_func=KINDS.__getitem__, key=f"{key}_kind", width=230)
    return {**join, "on": options[names.index(by)], "kind": kind}


def _ways(base: Source, name: str, sources: Mapping[str, Source]) -> list[list[Pair]]:
    return links(base, sources[name]) if name in sources else []


def _plain(way: list[Pair]) -> list[dict[str, str]]:
    return [{"left": pair.left, "right": pair.right} for pair in way]


def _rows(query: Query, columns: Columns, key: str) -> Query:
    names = [name for name, _ in columns]
    chosen = [name for name in query.get("columns", []) if name in names]
    picked = st.multiselect("Columns", names, chosen, placeholder="All columns", key=f"{key}_columns")
    return {**query, "columns": picked, "group_by": [], "measures": [], "having": []}


def _figures(query: Query, columns: Columns, key: str) -> Query:
    groups = _several(
        [*query.get("group_by", []), None],
        lambda group, name: group_input("For each", group, columns, name),
        f"{key}_group",
    )
    measures = query.get("measures") or [NEW_FIGURE]
    edition = st.session_state.setdefault(f"{key}_figures", 0)
    kept = []
    for place, measure in enumerate(measures):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container(width="stretch"):
                changed = measure_input(measure, columns, f"{key}_{edition}_figure_{place}")
            may_drop = len(measures) > 1
            label = f"{key}_{edition}_figure_drop_{place}"
            if may_drop and st.button("", icon=":material/close:", key=label, help="Remove the figure"):
                st.session_state[f"{key}_figures"] += 1
                continue
        kept.append(changed)
    if st.button("Add figure", icon=":material/add:", key=f"{key}_add_figure", type="tertiary"):
        kept.append(_next_figure(kept, columns))
    query = {**query, "columns": [], "group_by": groups, "measures": kept}
    outputs: Columns = [(each.get("as") or each["function"], "number") for each in kept]
    having = filters_input(query.get("having", []), outputs, [], f"{key}_having", add="Add condition on a figure")
    return {**query, "having": having}


def _next_figure(measures: list[dict[str, Any]], columns: Columns) -> dict[str, Any]:
    taken = {measure.get("as") for measure in measures}
    free = next((name for name, kind in columns if kind in NUMERIC and f"Sum {name}" not in taken), None)
    return (
        {"function": "sum", "column": free, "as": f"Sum {free}"} if free else {**NEW_FIGURE, "as": _new("Rows", taken)}
    )


def _new(name: str, taken: set[Any]) -> str:
    return next(each for number in range(1, 60) if (each := f"{name} {number}" if number > 1 else name) not in taken)


def _several(groups: list[Any], show: Any, key: str) -> list[dict[str, Any]]:
    """One more than there are, to add the next by choosing it."""
    return [found for place, group in enumerate(groups[:4]) if (found := show(group, f"{key}_{place}"))]
