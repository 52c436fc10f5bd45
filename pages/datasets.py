"""Datasets: files in, what became of their rows, and where each row came from."""

from collections import Counter

import streamlit as st

from app.core import children, clock
from app.core.actor import Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset
from app.sample.rows import sales_csv
from app.sharing.schemas import Kind
from app.ui.dataset_batches import batch_list, held_lately, still_loading
from app.ui.dataset_downloads import rows_tab
from app.ui.dataset_new import new_dataset
from app.ui.dataset_rejects import reject_list
from app.ui.dataset_rules import rules_tab
from app.ui.dataset_summary import figures, summary_view
from app.ui.dataset_trace import trace_tab
from app.ui.dataset_upload import CHOSEN, load_into
from app.ui.open_tab import NAME, draw_open
from app.ui.page import empty_state, page_header, plain, reading, viewer, when
from app.ui.share_dialog import sharing_line
from app.ui.source_list import sources_tab

person = viewer()
if person.role.includes(Role.member):
    children.warm_up()  # while the page is read


def overview() -> None:
    page_header("Datasets", "Files in, checked row by row. What is rejected keeps its reasons and its text.")
    with reading() as db:
        found = datasets.datasets(db, person)
        held = Counter(batch.dataset for batch in held_lately(db, person))
    may_make = person.role.includes(Role.author)
    if may_make:
        with st.expander("New dataset", icon=":material/add:", expanded=not found):
            new_dataset(person)
            sample_link()
    if not found:
        hint = "Drop a file above, or try it with the sample file." if may_make else "An author makes and shares them."
        empty_state("database", "No datasets yet", hint)
        return
    for dataset in found:
        line(dataset, held[dataset.name])
    if st.toggle("Summary of all datasets", key="summary_of_all"):
        with reading() as db:
            summary = datasets.summary(db, person)
        figures(None, summary)
        summary_view(summary, "Load a file into one of them first.")


def sample_link() -> None:
    st.download_button(
        "Sample file",
        lambda: sales_csv(clock.now().date()),
        file_name="sample_sales.csv",
        mime="text/csv",
        icon=":material/download:",
        help="Orders of a small shop, with a few honest mistakes in them.",
    )


def line(dataset: Dataset, held: int) -> None:
    with st.container(border=True, gap="xxsmall"):
        if st.button(dataset.name, key=f"open_{dataset.name}", type="tertiary", icon=":material/database:"):
            st.query_params[CHOSEN] = dataset.name
            st.rerun()
        rows = "1 row" if dataset.rows == 1 else f"{dataset.rows:,} rows"
        count = len(dataset.definition.columns)
        columns = "1 column" if count == 1 else f"{count} columns"
        last = f"last file {when(dataset.last_batch_at)}" if dataset.last_batch_at else "no file yet"
        waits = f" :orange-badge[:material/front_hand: {held} held]" if held else ""
        st.caption(f"{rows} · {dataset.rejected:,} rejected · {columns} · {last}{waits}")


def detail(name: str) -> None:
    st.button("All datasets", icon=":material/arrow_back:", on_click=st.query_params.clear, type="tertiary")
    with reading() as db:
        dataset = datasets.dataset_by_name(db, person, name)
        summary = datasets.summary(db, person, dataset=name)
    page_header(dataset.name, plain(dataset.description))
    sharing_line(person, Kind.dataset, dataset.id)
    figures(dataset.rows, summary)
    tabs = {
        "Files": lambda: files(dataset),
        "Sources": lambda: sources_tab(person, dataset),
        "Rows": lambda: rows_tab(person, dataset),
        "Rejected": lambda: reject_list(person, dataset),
        "Summary": lambda: summary_view(summary, f"Load a file into {dataset.name} first."),
        "Trace": lambda: trace_tab(person, dataset),
        "Rules": lambda: rules_tab(person, dataset),
    }
    if NAME in st.query_params:  # the first tab, Files, says more about it
        still_loading(person, dataset)
    draw_open(tabs, key=dataset.name)


def files(dataset: Dataset) -> None:
    if batch := st.query_params.get("batch", ""):
        reject_list(person, dataset, int(batch) if batch.isdigit() else 0)
    else:
        load_into(person, dataset)
        batch_list(person, dataset)


if chosen := st.query_params.get(CHOSEN):
    detail(chosen)
else:
    overview()
