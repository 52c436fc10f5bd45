"""Files out of a dataset: links to the API, which streams them; nothing of a file passes through a page."""

from urllib.parse import urlencode

import streamlit as st

from app.datasets import service as datasets


def downloads(what: str, dataset: str, batch_id: int | None = None) -> None:
    """`what`: `report` for valid rows, `errors` for rejected ones."""
    query = urlencode({"dataset": dataset, **({"batch": batch_id} if batch_id else {})})
    with st.container(horizontal=True):
        for form in datasets.EXPORT_FORMATS:
            st.link_button(form.upper(), f"/api/v1/{what}/{form}?{query}", icon=":material/download:")
