"""From a row back to the bytes it was made of."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.core.actor import Actor
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, Trace
from app.ui.page import plain, reading, when
from app.ui.reject_words import reason_text, visible


def trace_tab(person: Actor, dataset: Dataset) -> None:
    st.caption("A row id is the batch and the row, such as 12.345. The lists of rows and of rejected rows show them.")
    row_id = st.text_input("Row id", key="trace_id", placeholder="12.345", persist_state="page").strip()
    if row_id:
        trace_of(person, dataset, row_id)


def trace_of(person: Actor, dataset: Dataset, row_id: str) -> None:
    with reading() as db:
        found = datasets.trace_row(db, person, dataset.name, row_id)
        names = accounts.person_names(db, person)
    show_trace(found, names)


def show_trace(found: Trace, names: Mapping[UUID, str]) -> None:
    who = names.get(found.loaded_by, "somebody who left") if found.loaded_by else "AutoReport"
    part = f", {plain(found.part)}" if found.part else ""
    st.markdown(f"**{plain(found.file_name)}**{part}, {plain(found.place)}")
    st.caption(f"Row {found.row:,} of batch {found.batch}, loaded by {plain(who)}, {when(found.loaded_at)}")
    st.code(f"sha256 {found.sha256}", language=None, wrap_lines=True)
    if found.message:
        st.caption(", ".join(f"{name} {value}" for name, value in found.message.model_dump().items()))
    st.markdown("**As it stands in the file**")
    st.code(visible(found.raw), language=None, wrap_lines=True)
    if found.failures:
        mended = found.status == "valid"
        st.markdown("**Why it was rejected at first**" if mended else "**Why it was rejected**")
        reasons = [
            {"Reason": reason_text(one.column, one.rule), "Value": one.value or "", "Message": one.message}
            for one in found.failures
        ]
        st.dataframe(reasons, hide_index=True, width="stretch", alt="Reasons")
    for one in found.mends:
        if one.stored:
            by = names.get(one.person_id, "somebody who left") if one.person_id else "AutoReport"
            written = one.raw or "\n".join(f"{name} = {text}" for name, text in (one.values or {}).items())
            st.markdown(f"**Mended by {plain(by)}**, {when(one.at)}")
            st.code(visible(written) or "Checked again without a change", language=None, wrap_lines=True)
    if found.status == "valid":
        _stored(found.values)


def _stored(values: dict[str, Any] | None) -> None:
    if values is None:
        st.caption("Not in the table now: it is held, still loading, or a newer file replaced it.")
        return
    st.markdown("**As it is stored**")
    lines = [{"Column": name, "Value": "" if value is None else str(value)} for name, value in values.items()]
    st.dataframe(lines, hide_index=True, width="stretch", alt="The row as it is stored")
