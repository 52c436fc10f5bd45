"""A question as SQL, with what there is to ask beside it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.core.actor import Actor
from app.queries.schemas import Source
from app.ui.page import plain
from app.ui.query_connection import choose_connection
from app.ui.query_form import Columns

Query = dict[str, Any]
TYPES = ["text", "integer", "decimal", "number", "boolean", "date", "timestamp", "period"]
HINTS = {
    "date": "2026-01-31, yesterday, start_of_month",
    "timestamp": "2026-01-31T08:00, today",
    "period": "last_full_month, last_30_days",
    "boolean": "true or false",
}
SHOWN_AT_ONCE = 6
EXAMPLE = "SELECT …, count(*) AS rows FROM … WHERE … > $name GROUP BY ALL ORDER BY rows DESC"


def write_sql(person: Actor, query: Query, sources: Mapping[str, Source], key: str) -> Query:
    connection, tables = choose_connection(person, query.get("connection"), key)
    left, right = st.columns([2, 1])
    with left:
        sql = st.text_area("One SELECT", query["sql"], height=260, placeholder=EXAMPLE, key=f"{key}_sql")
        st.caption("In the dialect of DuckDB, read only. `WITH` is fine; values of parameters stand as `$name`.")
        parameters = _parameters(query["parameters"], key)
        limit = st.number_input("Rows at most", 1, 5000, query.get("limit", 200), key=f"{key}_limit", width=160)
    with right:
        if tables is None:
            here = {name: source.columns for name, source in sources.items()}
            _tables("Datasets and their columns", here, "There is none yet. Load a file under Datasets first.")
        else:
            _tables("Tables and their columns", tables, "None was found there.")
    return {**query, "connection": connection, "sql": sql, "parameters": parameters, "limit": limit}


def _tables(title: str, tables: Mapping[str, Columns], empty: str) -> None:
    st.markdown(f"**{title}**")
    if not tables:
        st.caption(empty)
    with st.container(height=330 if len(tables) > SHOWN_AT_ONCE else "content", border=False):
        for name, columns in tables.items():
            with st.expander(plain(name), icon=":material/database:"):
                lines = [f"{_quoted(column)}  {kind}" for column, kind in columns]
                st.code(f"FROM {_quoted(name)}\n" + "\n".join(lines), language="sql")


def _quoted(name: str) -> str:
    """As it must be written in SQL."""
    return (
        name if name.isidentifier() and name.isascii() and name == name.lower() else '"' + name.replace('"', '""') + '"'
    )


def _parameters(parameters: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    edition = st.session_state.setdefault(f"{key}_parameters", 0)
    kept = []
    for place, parameter in enumerate(parameters):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            changed = _parameter_input(parameter, f"{key}_{edition}_{place}")
            if st.button("", icon=":material/close:", key=f"{key}_{edition}_{place}_drop", help="Remove the parameter"):
                st.session_state[f"{key}_parameters"] += 1
                continue
        kept.append(changed)
    if st.button("Add parameter", icon=":material/add:", key=f"{key}_add_parameter", type="tertiary"):
        taken = {parameter["name"] for parameter in kept}
        free = next(name for number in range(1, 60) if (name := f"value_{number}") not in taken)
        kept.append({"name": free, "type": "text", "value": ""})
    return kept


def _parameter_input(parameter: dict[str, Any], key: str) -> dict[str, Any]:
    name = st.text_input("Parameter", parameter["name"], max_chars=40, key=f"{key}_name", width=150)
    place = TYPES.index(parameter.get("type", "text"))
    kind = st.selectbox("Type", TYPES, place, key=f"{key}_type", width=130)
    present = parameter.get("value")
    shown = f"{present['since']} to {present['until']}" if isinstance(present, dict) else present
    use = f"Stands as `${name}_since` and `${name}_until`" if kind == "period" else f"Stands as `${name}`"
    text = st.text_input(
        "Value",
        "" if shown is None else str(shown),
        placeholder=HINTS.get(kind, ""),
        key=f"{key}_value",
        width=210,
        help=use,
    )
    return {"name": name, "type": kind, "value": _value(text.strip(), kind)}


def _value(text: str, kind: str) -> Any:
    if kind == "period" and " to " in text:
        since, until = text.split(" to ", 1)
        return {"since": since.strip(), "until": until.strip()}
    return None if not text and kind != "text" else text
