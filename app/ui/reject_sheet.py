"""Rejected rows mended in a spreadsheet: the file goes out, is changed there, and comes back."""

from typing import Any, BinaryIO
from urllib.parse import urlencode

import streamlit as st

from app.core.actor import Actor
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import Dataset
from app.ui.dataset_upload import store
from app.ui.page import action, plain
from app.ui.reject_bulk import progress

FORMATS = ("xlsx", "csv")
TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "ods"]
HOW = (
    "Download the rows that the filter above finds, correct the column `raw`, which is the row as it stood in "
    "the file, and choose the mended file here. Keep `batch` and `row`: they say which row is meant. You may also "
    "add columns named like those of the dataset, with the right values. Rows that you leave as they are stay rejected."
)
TOLD = {
    "unknown": "No rejected rows of this dataset",
    "already_mended": "Mended before",
    "repeated": "Named twice, so the first counts",
    "unreadable": "Without a number in the columns batch and row",
}


def mend_by_file(person: Actor, dataset: Dataset, batch_id: int | None, filters: dict[str, Any]) -> None:
    key = f"sheet_{batch_id or 'all'}"
    with st.expander("Mend them in a spreadsheet", icon=":material/table_edit:"):
        st.caption(HOW)
        query = urlencode(
            {name: value for name, value in {"dataset": dataset.name, "batch": batch_id, **filters}.items() if value}
        )
        with st.container(horizontal=True):
            for form in FORMATS:
                address = f"/api/v1/errors/{form}?{query}"
                st.link_button(f"Download {form.upper()}", address, icon=":material/download:")
        turn = st.session_state.setdefault(f"{key}_turn", 0)
        file = st.file_uploader(
            "The mended file", TYPES, key=f"{key}_file_{turn}", max_upload_size=settings().max_upload_mb
        )
        with st.container(horizontal=True):
            none = file is None
            if st.button("Try", key=f"{key}_try", disabled=none, help="Only counts what would pass") and file:
                _start(person, dataset, key, file, dry_run=True)
            if st.button("Check and store", key=f"{key}_go", type="primary", disabled=none) and file:
                _start(person, dataset, key, file, dry_run=False)
    progress(person, key, _told)


def _start(person: Actor, dataset: Dataset, key: str, file: BinaryIO, *, dry_run: bool) -> None:
    with action() as db:
        upload = store(person, file)
        try:
            started = datasets.correct_rejects(db, person, dataset.name, upload, dry_run=dry_run)
        except BaseException:
            datasets.discard_upload(upload)
            raise
        st.session_state[f"{key}_run"] = started.job_id
        if not dry_run:
            st.session_state[f"{key}_turn"] += 1  # an empty picker for the next file
        st.rerun()


def _told(result: dict[str, Any]) -> None:
    """What became of lines that were not checked."""
    said = [f"- As they were downloaded: {unchanged:,}"] if (unchanged := result.get("unchanged")) else []
    for name, words in TOLD.items():
        if found := result.get(name):
            more = ", …" if found["rows"] > len(found["such_as"]) else ""
            said.append(f"- {words}: {found['rows']:,} ({plain(', '.join(found['such_as']))}{more})")
    if ignored := result.get("ignored_columns"):
        said.append(f"- Columns that were not read, as the dataset does not have them: {plain(', '.join(ignored))}")
    if said:
        st.warning("**Not used from the file**\n\n" + "\n".join(said), icon=":material/rule:")
