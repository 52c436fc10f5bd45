"""One dataset from all sides: rows, figures, where a row came from, its rules."""

from functools import partial
from typing import Any

import streamlit as st

from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, DatasetChange, Summary, Trace
from app.sharing.schemas import Level
from app.ui.dataset_batches import reason_text
from app.ui.dataset_grid import column_lines, edit_columns, edit_mode, edit_rules, schema_from
from app.ui.page import action, empty_state, reading
from app.ui.reconfirm import confirm_with_password


def figures(dataset: Dataset, summary: Summary) -> None:
    rate = "–" if summary.success_rate is None else f"{summary.success_rate:.1%}"
    shown = {
        "Rows now": f"{dataset.rows:,}",
        "Rows received": f"{summary.rows_in:,}",
        "Rejected": f"{summary.rows_rejected:,}",
        "Passed": rate,
    }
    with st.container(horizontal=True):
        for label, value in shown.items():
            st.metric(label, value, border=True, width="stretch")


def summary_tab(dataset: Dataset, summary: Summary) -> None:
    if not summary.rows_in:
        empty_state("monitoring", "Nothing to count yet", f"Load a file into {dataset.name} first.")
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Rejected rows by reason**")
        reasons = [{"Reason": reason_text(one.column, one.rule), "Rows": one.rows} for one in summary.by_reason]
        _table(reasons, "No row was rejected.")
    with right:
        st.markdown("**Reasons that came together**")
        together = summary.by_combination
        if together is None:
            st.caption("Too many rejected rows to count combinations here.")
        else:
            lines = [{"Rows": one.rows, "Reasons": ", ".join(_in_words(one.reasons))} for one in together]
            _table(lines, "No row was rejected.")
    st.markdown("**By day**")
    days = [
        {"Day (UTC)": one.day, "Received": one.rows_in, "Stored": one.rows_valid, "Rejected": one.rows_rejected}
        for one in summary.by_day
    ]
    _table(days, "No day yet.")


def _in_words(reasons: list[str]) -> list[str]:
    """Each is `column: rule`, or only the rule."""
    parts = (reason.rpartition(": ") for reason in reasons)
    return [reason_text(column, rule) for column, _, rule in parts]


def _table(lines: list[dict[str, Any]], nothing: str) -> None:
    if lines:
        counts = [name for name, value in lines[0].items() if isinstance(value, int)]
        looks = {name: st.column_config.NumberColumn(format="localized") for name in counts}
        st.dataframe(lines, hide_index=True, width="stretch", column_config=looks)
    else:
        st.caption(nothing)


def trace_tab(person: Actor, dataset: Dataset) -> None:
    st.caption("A row id is the batch and the row, such as 12.345. The lists of rows and of rejected rows show them.")
    row_id = st.text_input("Row id", key="trace_id", placeholder="12.345").strip()
    if not row_id:
        return
    with reading() as db:
        found = datasets.trace_row(db, person, dataset.name, row_id)
    _trace(found)


def _trace(found: Trace) -> None:
    st.markdown(f"Row {found.row}, line {found.line} of the file")
    st.code(f"{found.file_name}\nsha256 {found.sha256}", language=None)
    st.markdown("**As it stands in the file**")
    st.code(found.raw, language=None, wrap_lines=True)
    if found.failures:
        st.markdown("**Why it was rejected**")
        _table([failure.model_dump() for failure in found.failures], "")
    elif found.values is None:
        st.caption("Not in the table now: it is held, still loading, or a newer file replaced it.")
    else:
        st.markdown("**As it is stored**")
        _table([{"Column": name, "Value": _shown(value)} for name, value in found.values.items()], "")


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def rules_tab(person: Actor, dataset: Dataset) -> None:
    """Rules may change at any time; what is stored already stays as it is."""
    fixed = dataset.batches > 0
    key = f"rules_{dataset.name}_{dataset.version}"
    st.markdown("**Columns**")
    lines = edit_columns(column_lines(dataset.definition.columns), key=f"{key}_columns", fixed=fixed)
    mode = edit_mode([line["name"] for line in lines], dataset.definition, key=key, fixed=fixed)
    st.markdown("**Conditions over several columns**")
    rules = edit_rules(dataset.definition.rules, key=f"{key}_rules")
    if not person.role.includes(Role.author):
        st.caption("Only authors change rules.")
        return
    if dataset.level is not Level.edit:
        st.caption("This dataset is shared with you to look at. Ask its owner if its rules should change.")
        return
    with st.container(horizontal=True):
        if st.button("Save rules", type="primary", help="They hold for files that come later."):
            _save(person, dataset, (lines, rules, mode))
        may_delete = dataset.owner_id == person.id or person.role is Role.admin
        if may_delete and st.button("Delete dataset", icon=":material/delete:"):
            detail = (
                f"{dataset.rows:,} rows, {dataset.batches} files and all evidence are deleted. This cannot be undone."
            )
            question, delete = f"Delete {dataset.name}?", partial(_delete, person, dataset)
            confirm_with_password(person, question, verb="Delete", act=delete, detail=detail)


def _save(person: Actor, dataset: Dataset, edited: tuple[Any, Any, Any]) -> None:
    schema = schema_from(*edited)
    if isinstance(schema, str):
        st.error(schema, icon=":material/error:")
        return
    with action("Rules saved.") as db:
        change = DatasetChange(version=dataset.version, definition=schema)
        datasets.change_dataset(db, person, dataset.name, change)
        st.rerun()


def _delete(person: Actor, dataset: Dataset) -> None:
    with action(f"{dataset.name} is deleted.") as db:
        datasets.delete_dataset(db, person, dataset.name)
        st.query_params.clear()
        st.rerun()
