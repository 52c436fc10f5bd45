"""Rejected rows of a file or of a whole dataset: found by reason and text, page by page; a row opens below."""

from typing import Any, NamedTuple

import streamlit as st

from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, Reason, Reject, RejectFilter
from app.sharing.schemas import Level
from app.ui.dataset_downloads import downloads
from app.ui.page import empty_state, plain, reading
from app.ui.reject_bulk import bulk_replay
from app.ui.reject_form import reject_view
from app.ui.reject_sheet import mend_by_file
from app.ui.reject_words import reason_text, reasons_text, visible

SHOWN = 50
REASONS_SHOWN = 12
STATES = {"open": "Open", "replayed": "Mended", "all": "All"}


class Scope(NamedTuple):
    """One file, or without a number all files of the dataset."""

    dataset: Dataset
    batch: int | None

    @property
    def key(self) -> str:
        return f"rejects_{self.batch or 'all'}"


def reject_list(person: Actor, dataset: Dataset, batch_id: int | None = None) -> None:
    scope = Scope(dataset, batch_id)
    if batch_id is not None and st.button("All files", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params["batch"]
        st.rerun()
    with reading() as db:
        name = datasets.batch(db, person, batch_id).file_name if batch_id is not None else ""
        summary = datasets.summary(db, person, dataset=dataset.name, batch_id=batch_id)
    if batch_id is not None:
        st.subheader(f"Rejected rows of {plain(name)}", anchor=False)
    if not summary.rows_rejected and not summary.rows_mended:
        empty_state("task_alt", "No row was rejected", "What breaks a rule appears here, with every reason.")
        return
    wanted = _filters(scope, summary.by_reason)
    _page(person, scope, wanted)
    filters = wanted.model_dump(exclude={"batch"}, exclude_defaults=True)
    may_mend = person.role.includes(Role.member) and dataset.level is Level.edit
    if may_mend and wanted.state == "open" and summary.rows_rejected:
        bulk_replay(person, dataset, batch_id, wanted)
        mend_by_file(person, dataset, batch_id, filters)
    downloads("errors", dataset.name, batch_id, **filters)


def _filters(scope: Scope, reasons: list[Reason]) -> RejectFilter:
    labels = {reason_text(one.column, one.rule): one for one in reasons[:REASONS_SHOWN]}
    texts = {label: f"{plain(label)} ({one.rows:,})" for label, one in labels.items()}
    chosen = st.pills(
        "Reason", list(labels), format_func=lambda label: texts[label], key=f"{scope.key}_reason", persist_state="page"
    )
    reason = labels.get(str(chosen))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    q = left.text_input(
        "Search",
        key=f"{scope.key}_q",
        placeholder="Part of the row, of a value or of a message",
        max_chars=200,
        persist_state="page",
    )
    state = right.segmented_control(
        "Show",
        list(STATES),
        format_func=STATES.__getitem__,
        default="open",
        key=f"{scope.key}_state",
        persist_state="page",
    )
    return RejectFilter(
        rule=reason.rule if reason else None,
        column=reason.column if reason else None,
        q=q.strip(),
        state=state or "open",
    )


def _page(person: Actor, scope: Scope, wanted: RejectFilter) -> None:
    """The cursors of the pages before are remembered as long as the filter stays the same."""
    trail: dict[str, Any] = st.session_state.setdefault(f"{scope.key}_trail", {})
    if trail.get("of") != wanted:
        trail.clear()
        trail.update({"of": wanted, "cursors": [None]})
    cursors: list[str | None] = trail["cursors"]
    with reading() as db:
        if scope.batch is None:
            page = datasets.dataset_rejects(db, person, scope.dataset.name, wanted, limit=SHOWN, cursor=cursors[-1])
        else:
            page = datasets.rejects(db, person, scope.batch, wanted, limit=SHOWN, cursor=cursors[-1])
    if not page.items:
        st.caption("No rejected row is like that.")
        return
    chosen = _table(scope, page.items, len(cursors))
    _pager(scope, cursors, page.next_cursor)
    if chosen is not None:
        reject_view(person, scope.dataset, chosen)


def _table(scope: Scope, found: list[Reject], page: int) -> Reject | None:
    st.caption("Select a row to see all of it and to mend it.")
    event = st.dataframe(
        [_line(reject, scope.batch is None) for reject in found],
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"{scope.key}_table_{page}_{found[0].batch_id}_{found[0].row}_{len(found)}",
        column_config={"As in the file": st.column_config.TextColumn(width="large")},
        alt="Rejected rows",
    )
    rows = event.selection.rows
    return found[rows[0]] if rows else None


def _line(reject: Reject, with_file: bool) -> dict[str, object]:
    line: dict[str, object] = {"Row id": f"{reject.batch_id}.{reject.row}", "Line": reject.line}
    if reject.state == "replayed":
        line["State"] = "Mended"
    return line | {
        "Reasons": reasons_text(reject.failures),
        "As in the file": visible(reject.raw),
        **({"File": reject.file_name} if with_file else {}),
        "Messages": " ".join(failure.message for failure in reject.failures),
    }


def _pager(scope: Scope, cursors: list[str | None], following: str | None) -> None:
    if len(cursors) == 1 and following is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", key=f"{scope.key}_back", disabled=len(cursors) == 1, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        st.caption(f"Page {len(cursors)}", width="content")
        if st.button("Next", key=f"{scope.key}_next", disabled=following is None, icon=":material/chevron_right:"):
            cursors.append(following)
            st.rerun()
