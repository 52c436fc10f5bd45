"""Files out of a dataset: links to the API, which streams them; nothing of a file passes through a page."""

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app.core.actor import Actor
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, RowsPreview
from app.ui.dataset_trace import trace_of
from app.ui.page import action, empty_state, plain

ROWS_SHOWN, ROW_ID = 50, "Row id"
FILTER_HELP = (
    'A condition over the columns, such as `currency == "EUR" and amount > 100`, `day >= "2026-01-31"`, '
    '`is_missing(note)` or `col("two words") == "x"`. It holds for what is shown here and for the downloads.'
)


def rows_tab(person: Actor, dataset: Dataset) -> None:
    """The first rows that fulfil the filter, and all of them as files."""
    if not dataset.rows:
        empty_state("table_rows", "No rows yet", "They appear as soon as a file is published.")
        return
    names = [column.name for column in dataset.definition.columns]
    where = st.text_input(
        "Only rows where", key="rows_where", placeholder='currency == "EUR"', help=FILTER_HELP, persist_state="page"
    )
    chosen = st.multiselect("Columns", names, key="rows_columns", placeholder="All columns", persist_state="page")
    found: list[RowsPreview] = []
    with action() as db:
        found.append(datasets.rows(db, person, dataset.name, where=where, limit=ROWS_SHOWN))
    if found:
        _rows(person, dataset, found[0], where.strip(), chosen)


def _rows(person: Actor, dataset: Dataset, page: RowsPreview, where: str, chosen: list[str]) -> None:
    shown = [page.columns.index(name) for name in chosen or page.columns]
    lines = [
        {ROW_ID: row_id, **{page.columns[place]: row[place] for place in shown}}
        for row_id, row in zip(page.row_ids, page.rows, strict=True)
    ]
    if not lines:
        st.caption(f"No row of {plain(dataset.name)} fulfils this.")
        return
    st.caption("Select a row to see where it came from.")
    event = st.dataframe(
        lines,
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"rows_table_{dataset.name}_{page.row_ids[0]}_{len(lines)}",
        column_config=_looks(dataset),
        alt="Stored rows",
    )
    if event.selection.rows:
        trace_of(person, dataset, page.row_ids[event.selection.rows[0]])
    if page.next_cursor:
        total = "" if where else f" of {dataset.rows:,}"
        st.caption(f"The first {ROWS_SHOWN}{total} rows.")
    downloads("report", dataset.name, where=where, columns=chosen)


def _looks(dataset: Dataset) -> dict[str, Any]:
    """The points of decimals stand below each other."""
    looks: dict[str, Any] = {ROW_ID: st.column_config.TextColumn(width="small")}
    for column in dataset.definition.columns:
        if column.decimals is not None:
            looks[column.name] = st.column_config.NumberColumn(format=f"%.{column.decimals}f")
    return looks


def downloads(what: str, dataset: str, batch_id: int | None = None, **wanted: str | list[str] | None) -> None:
    """`what`: `report` for valid rows, `errors` for rejected ones; `wanted` as the route takes it."""
    asked = {"dataset": dataset, "batch": batch_id, **wanted}
    query = urlencode({name: value for name, value in asked.items() if value}, doseq=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Download all of them:", width="content")
        for form in datasets.EXPORT_FORMATS:
            st.link_button(form.upper(), f"/api/v1/{what}/{form}?{query}", icon=":material/download:")
