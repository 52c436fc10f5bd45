"""The rules of a dataset: changed for later files or for everything, with what that would reject; and its end."""

from functools import partial

import streamlit as st

from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, DatasetChange, DatasetSchema, Trial, TryChange
from app.sharing.schemas import Level
from app.ui import job_parts
from app.ui.dataset_grid import as_edited, column_lines, edit_columns, edit_mode, edit_rules, renamed_in, schema_from
from app.ui.dataset_trial import show_change, tried
from app.ui.dataset_versions import version_list
from app.ui.page import action, confirm, plain, reading, viewer
from app.ui.reconfirm import confirm_with_password


def rules_tab(person: Actor, dataset: Dataset) -> None:
    """While a change is laid over everything, there is only that to look at."""
    if _in_progress(person, dataset):
        return
    key = f"rules_{dataset.name}_{dataset.version}"
    may = person.role.includes(Role.author) and dataset.level is Level.edit
    st.markdown("**Columns**")
    lines = edit_columns(column_lines(dataset.definition.columns), key=f"{key}_columns", own=may)
    mode = edit_mode([line["name"] for line in lines], dataset.definition, key=key)
    st.markdown("**Conditions over several columns**")
    rules = edit_rules(dataset.definition.rules, key=f"{key}_rules")
    if may:
        _change(person, dataset, schema_from(lines, rules, mode), renamed_in(lines))
    elif person.role.includes(Role.author):
        st.caption("This dataset is shared with you to look at. Ask its owner if its rules should change.")
    else:
        st.caption("Only authors change rules.")
    version_list(person, dataset, may=may)
    if person.role.includes(Role.author) and (dataset.owner_id == person.id or person.role is Role.admin):
        _end(person, dataset)


def _in_progress(person: Actor, dataset: Dataset) -> bool:
    with reading() as db:
        run = datasets.change_in_progress(db, person, dataset.name)
    if run is None:
        return False
    if run.status.is_final:
        st.error(plain(f"The last change was not made: {run.error or run.status}"), icon=":material/error:")
        return False

    def draw() -> None:
        with reading() as db:
            now = datasets.change_in_progress(db, viewer(), dataset.name)
        if now is None or now.status.is_final:
            st.rerun()
        else:
            job_parts.heading(now)

    st.info("All rows are being checked again under changed rules. Until that is done everybody sees the old state.")
    st.fragment(draw, run_every="1s")()
    return True


def _change(person: Actor, dataset: Dataset, schema: DatasetSchema | str, renamed: dict[str, str]) -> None:
    """Shown as soon as something differs."""
    if isinstance(schema, str):
        st.error(plain(schema), icon=":material/error:")
        return
    before = as_edited(dataset.definition)
    if schema == before and not renamed:
        st.caption("Change something above to see what it would reject, and to save it.")
        return
    reach, changes = datasets.what_changes(before, schema, renamed)
    st.markdown("**What you change**\n\n" + "\n".join(f"- {plain(change)}" for change in changes))
    trial = _trial(person, dataset, schema, renamed) if dataset.batches else None
    key = f"rules_{dataset.name}_{dataset.version}"
    note = st.text_input("Why (optional)", key=f"{key}_note", max_chars=500, persist_state="page")
    change = DatasetChange(version=dataset.version, definition=schema, renamed=renamed, note=note)
    with st.container(horizontal=True):
        if reach == "rules" or not dataset.batches:
            if st.button("Save rules", type="primary", help="They hold for files that come later."):
                _save(person, dataset, change)
        else:
            st.caption("The stored rows do not fit this, so it has to be applied to everything.")
        if dataset.batches and st.button("Apply to everything", icon=":material/published_with_changes:"):
            everything = change.model_copy(update={"apply": "everything"})
            confirm(
                "Apply this to everything?",
                verb="Apply",
                act=partial(_save, person, dataset, everything),
                detail=_consequences(dataset, trial),
            )


def _trial(person: Actor, dataset: Dataset, schema: DatasetSchema, renamed: dict[str, str]) -> Trial | None:
    def ask() -> Trial:
        with reading() as db:
            return datasets.try_change(db, person, dataset.name, TryChange(definition=schema, renamed=renamed))

    trial = tried(ask, schema, key=f"rules_{dataset.name}_{dataset.version}", salt=str(renamed))
    if trial is not None:
        show_change(trial, schema)
    return trial


def _consequences(dataset: Dataset, trial: Trial | None) -> str:
    files = f"All records of {dataset.batches:,} file{'s' if dataset.batches != 1 else ''}, also rejected ones,"
    parts = [f"{files} are read again from their raw bytes. Until that is done everybody sees the old state."]
    if trial is not None:
        seen = "rows" if trial.whole else "newest rows"
        gone, back = trial.newly_rejected or 0, trial.newly_stored or 0
        parts.append(f"Of {trial.rows_seen:,} {seen}, {gone:,} would newly be rejected, {back:,} newly stored.")
    parts.append("Nothing can be loaded or undone meanwhile. An earlier version can be used again later.")
    return " ".join(parts)


def _save(person: Actor, dataset: Dataset, change: DatasetChange) -> None:
    done = "The rows are being checked again." if change.apply == "everything" else "Rules saved."
    with action(done) as db:
        datasets.change_dataset(db, person, dataset.name, change)
        st.rerun()


def _end(person: Actor, dataset: Dataset) -> None:
    if st.button("Delete dataset", icon=":material/delete:"):
        files = "1 file" if dataset.batches == 1 else f"{dataset.batches:,} files"
        detail = f"{dataset.rows:,} rows, {files} and all evidence are deleted. This cannot be undone."
        question, delete = f"Delete {dataset.name}?", partial(_delete, person, dataset)
        confirm_with_password(person, question, verb="Delete", act=delete, detail=detail)


def _delete(person: Actor, dataset: Dataset) -> None:
    with action(f"{dataset.name} is deleted.") as db:
        datasets.delete_dataset(db, person, dataset.name)
        st.query_params.clear()
        st.rerun()
