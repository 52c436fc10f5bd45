"""One rejected row: why, as it stands in the file, mended here, and what was tried before."""

from collections.abc import Mapping
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, Failure, History, Mend, Record, Reject, Replay
from app.sharing.schemas import Level
from app.ui.dataset_trace import show_trace
from app.ui.page import DONE, action, forget_failure, plain, reading, when
from app.ui.reject_words import STRUCTURE, reason_text, visible

BY_COLUMN, AS_TEXT = "By column", "The whole record"
REASONS_SHOWN = 10


def reject_view(person: Actor, dataset: Dataset, reject: Reject) -> None:
    reject_id = f"{reject.batch_id}.{reject.row}"
    with reading() as db:
        history = datasets.reject_history(db, person, reject_id)
        names = accounts.person_names(db, person)
    with st.container(border=True):
        st.markdown(f"**Row {reject_id}** · line {reject.line:,} of {plain(reject.file_name)}")
        _reasons(reject.failures)
        st.code(visible(reject.raw), language=None, wrap_lines=True)
        may_mend = person.role.includes(Role.member) and dataset.level is Level.edit
        if history.reject.state == "replayed":
            st.badge("Mended: it is stored now", icon=":material/check_circle:", color="green")
        elif may_mend:
            _form(person, dataset, reject_id)
        tries(history, names)
        if st.toggle("Show where it came from", key=f"origin_{reject_id}"):
            with reading() as db:
                found = datasets.trace_row(db, person, dataset.name, reject_id)
            show_trace(found, names)


def _reasons(failures: list[Failure]) -> None:
    """A row of a wide file may break a rule in each of its columns."""
    lines = [f"- **{plain(reason_text(one.column, one.rule))}** — {plain(one.message)}" for one in failures]
    st.markdown("\n".join(lines[:REASONS_SHOWN]))
    if rest := lines[REASONS_SHOWN:]:
        with st.expander(f"{len(rest):,} more"):
            st.markdown("\n".join(rest))


def _form(person: Actor, dataset: Dataset, reject_id: str) -> None:
    record = _record(person, reject_id)
    by_column = record.values is not None
    if by_column:
        way = st.segmented_control("Mend it", [BY_COLUMN, AS_TEXT], default=BY_COLUMN, key=f"way_{reject_id}")
        by_column = way != AS_TEXT
    with st.form(f"mend_{reject_id}", border=False):
        mend = _columns(dataset, record, reject_id) if by_column else _text(record, reject_id)
        if st.form_submit_button("Check and store", type="primary"):
            _replay(person, reject_id, mend)


def _record(person: Actor, reject_id: str) -> Record:
    """Read once from its evidence, not at every click."""
    key = f"record_{reject_id}"
    if key not in st.session_state:
        with st.spinner("Reading the row…"), reading() as db:
            st.session_state[key] = datasets.read_reject(db, person, reject_id)
    found: Record = st.session_state[key]
    return found


def _columns(dataset: Dataset, record: Record, reject_id: str) -> Mend:
    """Columns that failed come first; of the others only what was changed is sent."""
    before = record.values or {}
    messages = {one.column: one.message for one in record.reject.failures if one.rule not in STRUCTURE}
    broken = {name for columns in messages for name in columns.split(", ")}
    names = [column.name for column in dataset.definition.columns]
    after = {name: _input(name, before, messages, reject_id) for name in names if name in broken}
    rest = [name for name in names if name not in broken]
    with st.expander("The other columns", expanded=not after) if rest else st.container():
        after |= {name: _input(name, before, messages, reject_id) for name in rest}
    return Mend(values={name: text for name, text in after.items() if text != before.get(name, "")})


def _input(name: str, before: Mapping[str, str], messages: Mapping[str, str], reject_id: str) -> str:
    return st.text_input(name, before.get(name, ""), key=f"mend_{reject_id}_{name}", help=messages.get(name))


def _text(record: Record, reject_id: str) -> Mend:
    text = st.text_area("The record as it should stand in the file", record.reject.raw, key=f"mend_{reject_id}_raw")
    return Mend(raw=text)


def _replay(person: Actor, reject_id: str, mend: Mend) -> None:
    answered: list[datasets.Outcome] = []
    with st.spinner("Checking the row…"), action() as db:
        answered.append(datasets.replay_reject(db, person, reject_id, mend))
    if not answered:
        _sent_twice(person, reject_id)
        return
    outcome = answered[0]
    if outcome.mended:
        _stored(reject_id)
    st.error("\n".join(f"- {plain(one.message)}" for one in outcome.failures), icon=":material/error:")


def _sent_twice(person: Actor, reject_id: str) -> None:
    """Enter and then a click: the first has stored it, which is no failure."""
    with reading() as db:
        history = datasets.reject_history(db, person, reject_id)
    if history.reject.state == "replayed" and history.tries and history.tries[-1].person_id == person.id:
        forget_failure()
        _stored(reject_id)


def _stored(reject_id: str) -> None:
    st.session_state[DONE] = f"Row {reject_id} is stored."
    st.rerun()


def tries(history: History, names: Mapping[UUID, str]) -> None:
    """Each try with both texts of what was changed."""
    for one in history.tries:
        icon, word = ("check_circle", "stored") if one.stored else ("cancel", "still rejected")
        who = names.get(one.person_id, "somebody who left") if one.person_id else "AutoReport"
        at_once = " with many others" if one.run_id else ""
        st.markdown(f":material/{icon}: **{plain(who)}**{at_once}, {when(one.at)}: {word}")
        st.code(_written(one), language=None, wrap_lines=True)
        for failure in one.failures:
            st.caption(plain(failure.message))


def _written(one: Replay) -> str:
    if one.raw is not None:
        return visible(one.raw)
    if not one.values:
        return "Checked again without a change"
    return "\n".join(f"{name} = {visible(text)}" for name, text in one.values.items())
