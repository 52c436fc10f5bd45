"""The rules of a dataset, and its end."""

from functools import partial
from typing import Any

import streamlit as st

from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, DatasetChange
from app.sharing.schemas import Level
from app.ui.dataset_grid import column_lines, edit_columns, edit_mode, edit_rules, schema_from
from app.ui.page import action
from app.ui.reconfirm import confirm_with_password


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
