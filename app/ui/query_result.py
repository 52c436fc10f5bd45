"""The answer to a question: what it says, where it comes from, and a chart where a simple one fits."""

import csv
import io

import streamlit as st

from app.core.spreadsheet import defuse
from app.queries.format import NUMERIC, format_value
from app.queries.schemas import Pinned, QueryResult, ResultColumn
from app.ui.page import path_of, plain

BATCHES_LINKED = 8
ICONS = {"date": "calendar_today", "timestamp": "schedule", "boolean": "toggle_on", "text": "notes"}
MOST_BARS = 60


def show_answer(answer: QueryResult, seconds: float, name: str, key: str) -> None:
    for warning in answer.warnings:
        st.warning(plain(warning), icon=":material/call_split:")
    cut = " · there are more, the limit cut them off" if answer.truncated else ""
    rows = "1 row" if answer.row_count == 1 else f"{answer.row_count:,} rows"
    st.caption(f"{rows} in {seconds:.1f} s{cut}")
    if not answer.rows:
        st.info("No row fits this question.", icon=":material/search_off:")
    else:
        _table(answer)
        _chart(answer)
    with st.container(horizontal=True):
        text = as_csv(answer)
        st.download_button("CSV", text, f"{name}.csv", "text/csv", icon=":material/download:", key=f"{key}_csv")
    _origin(answer)


def as_csv(answer: QueryResult) -> str:
    """A text that a spreadsheet would take for a formula gets a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([defuse(column.name) for column in answer.columns])
    texts = [column.type == "text" for column in answer.columns]
    for row in answer.rows:
        cells = zip(row, texts, strict=True)
        writer.writerow([defuse(str(value)) if is_text and value is not None else value for value, is_text in cells])
    return out.getvalue()


def _table(answer: QueryResult) -> None:
    numbers = {column.name for column in answer.columns if column.type in NUMERIC}
    st.dataframe(
        [
            dict(zip((column.name for column in answer.columns), _shown(row, answer.columns), strict=True))
            for row in answer.rows
        ],
        hide_index=True,
        column_config={
            column.name: st.column_config.Column(
                column.name, help=column.type, alignment="right" if column.name in numbers else "left"
            )
            for column in answer.columns
        },
    )
    types = ", ".join(f"{plain(column.name)} ({column.type})" for column in answer.columns)
    st.caption(f"Columns: {types}")


def _shown(row: list[object], columns: list[ResultColumn]) -> list[str]:
    return [format_value(value, column) for value, column in zip(row, columns, strict=True)]


def _chart(answer: QueryResult) -> None:
    """The first figure along one group; anything else is better read as a table."""
    first, *others = answer.columns
    fits = first.type in ("text", "date", "timestamp", "boolean") and others and others[0].type in NUMERIC
    if not fits or any(column.type not in NUMERIC for column in others) or not 2 <= len(answer.rows) <= MOST_BARS:
        return
    name = others[0].name
    points = {
        first.name: [_label(row[0], first) for row in answer.rows],
        name: [_number(row[1]) for row in answer.rows],
    }
    with st.expander("Chart", icon=":material/bar_chart:", expanded=True):
        if first.type in ("date", "timestamp"):
            st.line_chart(points, x=first.name, y=name)
        else:
            height = 80 + 26 * len(answer.rows)  # lying, so that the names of the bars are read without a turned head
            st.bar_chart(points, x=first.name, y=name, sort=False, horizontal=True, height=height)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _label(value: object, column: ResultColumn) -> str:
    return str(value) if column.type in ("date", "timestamp") else format_value(value, column)


def _origin(answer: QueryResult) -> None:
    with st.expander("Where it comes from", icon=":material/database:"):
        st.code(answer.sql, language="sql", wrap_lines=True)
        if answer.values:
            st.caption("Values in order: " + plain(", ".join(answer.values)))
        if answer.connection:
            st.caption(plain(f"Answered by the connection {answer.connection}."))
            return
        parts: list[QueryResult | Pinned] = [answer, *answer.joined]
        for part in parts:
            st.caption(plain(f"{part.dataset} · data version {part.version}"))
            with st.container(horizontal=True):
                for batch in sorted(part.batches, reverse=True)[:BATCHES_LINKED]:
                    where = {"dataset": part.dataset, "batch": str(batch)}
                    label = f"Batch {batch}"
                    st.page_link(path_of("datasets"), label=label, icon=":material/database:", query_params=where)
            if len(part.batches) > BATCHES_LINKED:
                st.caption(f"and {len(part.batches) - BATCHES_LINKED} older batches")
