"""Every definition that a dataset had: who changed what, when, what it did to the rows, and the way back."""

import streamlit as st

from app.accounts import service as accounts
from app.core.actor import Actor
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, DatasetVersion, UseVersion
from app.ui.page import action, plain, reading, when

SHOWN = 20
LATER, EVERYTHING = "Only files that come later", "Everything that is stored, too"


def version_list(person: Actor, dataset: Dataset, *, may: bool) -> None:
    with st.expander("Versions", icon=":material/history:"):
        with reading() as db:
            page = datasets.versions(db, person, dataset.name, limit=SHOWN)
            names = accounts.entries_of(db, {one.changed_by for one in page.items if one.changed_by})
        for place, version in enumerate(page.items):
            who = names[version.changed_by][0] if version.changed_by in names else "The system"
            _version(person, dataset, version, (who, may and place > 0))
        if page.next_cursor:
            st.caption(f"The newest {SHOWN}.")


def _version(person: Actor, dataset: Dataset, version: DatasetVersion, about: tuple[str, bool]) -> None:
    who, may_use = about
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Version {version.version}**", width="content")
            st.caption(f"{plain(who)}, {when(version.changed_at)}", width="content")
        st.markdown("\n".join(f"- {plain(change)}" for change in version.changes) or "- Made")
        if version.note:
            st.caption(plain(version.note))
        st.caption(_reach(version))
        if may_use and st.button("Use this version again", key=f"use_{version.version}", icon=":material/undo:"):
            _ask(person, dataset, version)


def _reach(version: DatasetVersion) -> str:
    found = version.figures
    if found:
        rows = f"{found['rows_before']:,} → {found['rows_after']:,} rows stored"
        return f"Applied to everything: {rows}, {found['rejected_before']:,} → {found['rejected_after']:,} rejected."
    return "For later files only." if version.applied_at is None else "For all rows."


def _ask(person: Actor, dataset: Dataset, version: DatasetVersion) -> None:
    @st.dialog(f"Use version {version.version} again?")
    def ask() -> None:
        reach, changes = datasets.what_changes(dataset.definition, version.definition, {})
        st.markdown("\n".join(f"- {plain(change)}" for change in changes) or "Nothing would change.")
        options = [LATER, EVERYTHING] if reach != "shape" or not dataset.batches else [EVERYTHING]
        chosen = st.radio("For", options, key="use_version_for")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="confirm_cancel"):
                st.rerun()
            if st.button("Use it", type="primary", key="confirm_act"):
                with action(f"Version {version.version} is used again.") as db:
                    use = UseVersion(apply="everything" if chosen == EVERYTHING else "new_files")
                    datasets.use_version(db, person, dataset.name, version.version, use)
                    st.rerun()

    ask()
