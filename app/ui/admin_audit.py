"""Administration: the trail of what everybody did, and whether it is what was written."""

from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import Person
from app.audit import service as audit
from app.audit.schemas import Action, AuditFilter
from app.core.actor import Actor
from app.jobs.schemas import Run, RunStatus
from app.monitoring import service as monitoring
from app.ui.audit_words import action_words, details_words, subject_words
from app.ui.page import action, empty_state, plain, reading, when, zone

PAGE_SIZE = 50
CURSORS, SHOWN_FILTER = "audit_cursors", "audit_filter"
POLL_SECONDS = 2.0
WIDE, NARROW = st.column_config.TextColumn(width="large"), st.column_config.TextColumn(width="small")
NOT_ENFORCED = (
    "The database itself does not forbid changes: the product and its migrations use the same role, or one with all"
    " rights. Triggers and the chain of hashes still guard the trail; ALEMBIC_URL gives migrations a role of their own."
)


def show(person: Actor) -> None:
    with reading() as db:
        last = monitoring.last_audit_check(db, person)
        people = accounts.people(db, person)
    is_running = last is not None and not last.status.is_final
    st.fragment(_state, run_every=POLL_SECONDS if is_running else None)(person, is_running)
    wanted = _asked_filter(people)
    if st.session_state.get(SHOWN_FILTER) != wanted:
        st.session_state[SHOWN_FILTER], st.session_state[CURSORS] = wanted, []
    _entries(people, wanted)
    query = urlencode(wanted.model_dump(mode="json", exclude_defaults=True))
    with st.container(horizontal=True):
        for form in audit.EXPORT_FORMATS:
            st.link_button(form.upper(), f"/api/v1/audit/export/{form}?{query}", icon=":material/download:")


def _state(person: Actor, was_running: bool) -> None:
    """Refreshes itself while a check is running."""
    with reading() as db:
        length, head = audit.chain_head(db)
        is_enforced = audit.is_enforced(db)
        last = monitoring.last_audit_check(db, person)
    if was_running and last and last.status.is_final:
        st.rerun()
    with st.container(border=True):
        _verdict(last)
        st.caption(f"{length:,} entries. Newest hash, to be noted elsewhere: `{head or 'none'}`")
        if not is_enforced:
            st.warning(NOT_ENFORCED, icon=":material/lock_open:")
        if st.button("Verify", disabled=was_running, icon=":material/verified_user:"):
            with action("Verification started.") as db:
                monitoring.request_audit_check(db, person)
                st.rerun()


def _verdict(last: Run | None) -> None:
    if last is None:
        st.markdown(":material/help: **Not verified yet.** Verifying recomputes every entry's hash.")
    elif not last.status.is_final:
        st.markdown(":material/hourglass_top: **Verifying…**")
    elif last.status is RunStatus.completed:
        count = (last.result or {}).get("entries", 0)
        st.markdown(f":green[:material/verified_user:] **Intact** with {count:,} entries, {when(last.finished_at)}.")
    else:
        st.error(f"{plain(last.error or 'The verification did not end.')} {when(last.finished_at)}")


def _asked_filter(people: list[Person]) -> AuditFilter:
    names = {one.id: f"{one.name} ({one.email})" for one in people}
    subjects = sorted({each.value.partition(":")[0] for each in Action})
    actions = [*subjects, *sorted(each.value for each in Action)]
    who, what, span = st.columns(3)
    chosen: UUID | None = who.selectbox(
        "Person", list(names), index=None, placeholder="Everybody", format_func=names.__getitem__
    )
    done: str | None = what.selectbox("Action", actions, index=None, placeholder="Everything", format_func=_choice)
    days = span.date_input("Days, first and last", value=[], format="YYYY-MM-DD", help="In your own time zone.")
    dates = [day for day in (days if isinstance(days, tuple) else [days]) if day]
    since = datetime.combine(dates[0], time.min, zone()) if dates else None
    until = datetime.combine(dates[-1], time.min, zone()) + timedelta(days=1) if len(dates) == 2 else None
    return AuditFilter(person_id=chosen, action=done or "", since=since, until=until)


def _choice(value: str) -> str:
    return action_words(value) if ":" in value else f"{action_words(value)}: all"


def _entries(people: list[Person], wanted: AuditFilter) -> None:
    names = {str(one.id): one.name for one in people}
    cursors: list[str] = st.session_state[CURSORS]
    with reading() as db:
        page = audit.entries_page(db, wanted, limit=PAGE_SIZE, cursor=cursors[-1] if cursors else None)
    if not page.items:
        empty_state("manage_search", "Nothing fits", "Choose another person, action or time.")
    else:
        rows = [
            {
                "When": when(entry.at),
                "Who": entry.person,
                "What": action_words(entry.action),
                "Of": subject_words(entry, names),
                "Details": details_words(entry.details),
                "From": entry.ip or "–",
                "Id": entry.subject,
            }
            for entry in page.items
        ]
        widths = {"Details": WIDE, "Id": NARROW}
        st.dataframe(rows, hide_index=True, height=560 if len(rows) > 14 else "content", column_config=widths)
    with st.container(horizontal=True):
        if st.button("Newer", disabled=not cursors, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if st.button("Older", disabled=not page.next_cursor, icon=":material/chevron_right:") and page.next_cursor:
            cursors.append(page.next_cursor)
            st.rerun()
