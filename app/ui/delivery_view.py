"""One message: what happened to it, what was said, and what it looks like."""

from uuid import UUID

import streamlit as st

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.deliveries import service as deliveries
from app.deliveries.schemas import Delivery, MessageView, State
from app.schedules import service as schedules
from app.sharing.schemas import Level
from app.ui.page import action, confirm, path_of, plain, reading, when
from app.ui.report_view import document

BADGES = {
    State.queued: ("Waiting", "schedule", "gray"),
    State.sending: ("Being sent", "progress_activity", "blue"),
    State.sent: ("Sent", "check_circle", "green"),
    State.deferred: ("Deferred", "update", "orange"),
    State.failed: ("Failed", "error", "red"),
    State.unknown: ("Unknown", "help", "violet"),
}
UNKNOWN_HELP = (
    "The connection was lost after the whole message had been sent and before the server answered. "
    "It may have arrived. Look into the mailbox if you can; sending again may deliver it twice."
)


def state_badge(state: State) -> None:
    text, icon, color = BADGES[state]
    st.badge(text, icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]  # the stubs want literals


def report_link(report_id: UUID) -> None:
    st.page_link(
        path_of("reports"), label="Report", icon=":material/description:", query_params={"report": str(report_id)}
    )


def show_delivery(person: Actor, delivery_id: UUID) -> None:
    with reading() as db:
        found = deliveries.delivery(db, person, delivery_id)
    if st.button("All deliveries", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    st.title(plain(found.subject or found.schedule_name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(found.state)
        st.caption(f"to {plain(found.recipient)} · {plain(found.schedule_name)} · {when(found.created_at)}")
    if found.state is State.unknown:
        st.warning(UNKNOWN_HELP, icon=":material/help:")
    if found.error:
        st.error(plain(found.error), icon=":material/error:")
    _buttons(person, found)
    _facts(found)
    if found.eml_size:
        _message(person, found)


def _buttons(person: Actor, found: Delivery) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.eml_size:
            st.download_button(
                "Message as sent (.eml)",
                lambda: _raw(person, found.id),
                f"{found.id}.eml",
                "message/rfc822",
                icon=":material/download:",
                on_click="ignore",
            )
        may_retry = found.state not in (State.sent, State.queued) and _may_change(person, found)
        if found.eml_size and may_retry and st.button("Send again", type="primary", icon=":material/send:"):
            _ask_or_send(person, found)
        if found.report_id:
            report_link(found.report_id)


def _may_change(person: Actor, found: Delivery) -> bool:
    """Like its schedule; without one it is only seen by those who may."""
    if not person.role.includes(Role.author) or found.schedule_id is None:
        return person.role.includes(Role.author)
    with reading() as db:
        return schedules.schedule(db, person, found.schedule_id).level is Level.edit


def _ask_or_send(person: Actor, found: Delivery) -> None:
    def send() -> None:
        with action("It will be sent in a moment.") as db:
            deliveries.retry_delivery(db, person, found.id)
            st.rerun()

    if found.state is State.unknown:
        confirm("Send this message again?", verb="Send again", act=send, detail=UNKNOWN_HELP)
    else:
        send()


def _facts(found: Delivery) -> None:
    facts = {
        "Sent": when(found.sent_at),
        "Next attempt": when(found.next_attempt_at),
        "Attempts": str(found.attempt),
        "By": found.account_name or "Built-in outbox",
        "Server's answer": f"{found.smtp_code} {found.reply or ''}" if found.smtp_code else "–",
        "Came as far as": found.phase or "–",
        "Message-ID": found.message_id,
        "Size": f"{found.eml_size:,} bytes" if found.eml_size else "–",
        "SHA-256": found.eml_sha256 or "–",
    }
    with st.expander("Details", icon=":material/info:", expanded=found.state is not State.sent):
        st.dataframe([{"Fact": name, "Value": value} for name, value in facts.items() if value != "–"], hide_index=True)


def _message(person: Actor, found: Delivery) -> None:
    try:
        view = _view(person, found.id)
    except AppError as error:
        st.error(error.message, icon=":material/error:")
        return
    st.caption(plain(f"From {view.sender} · To {view.to} · {view.date}"))
    for name, size in view.attachments:
        st.caption(f":material/attach_file: {plain(name)} ({size:,} bytes)")
    looks, text = st.tabs(["As it looks", "As plain text"])
    with looks:
        document(view.html, height=700)
    with text:
        st.text(view.text)


def _view(person: Actor, delivery_id: UUID) -> MessageView:
    with reading() as db:
        return deliveries.message_view(db, person, delivery_id)


def _raw(person: Actor, delivery_id: UUID) -> bytes:
    with reading() as db:
        return deliveries.message(db, person, delivery_id)
