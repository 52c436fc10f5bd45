"""Deliveries: every message to every recipient, the built-in outbox, and the mail accounts."""

import streamlit as st

from app.core.actor import Role
from app.deliveries import service as deliveries
from app.deliveries.schemas import Channel, Delivery, DeliveryFilter, State
from app.ui.account_form import mail_accounts
from app.ui.address import id_in_address
from app.ui.delivery_table import delivery_table
from app.ui.delivery_view import BADGES, show_delivery
from app.ui.open_tab import draw_open
from app.ui.page import empty_state, page_header, reading, viewer

PAGE_SIZE = 50
ALL = "All"

person = viewer()


def rows(wanted: DeliveryFilter, key: str) -> list[Delivery]:
    """Shows a page of them, with the way to the next."""
    shown = st.session_state.setdefault(f"{key}_shown", PAGE_SIZE)
    with reading() as db:
        page = deliveries.deliveries(db, person, wanted, limit=shown)
    if page.items:
        delivery_table(page.items, key)
    if page.next_cursor and shown < 200 and st.button("Show more", key=f"{key}_more", icon=":material/expand_more:"):
        st.session_state[f"{key}_shown"] = min(shown + PAGE_SIZE, 200)
        st.rerun()
    return page.items


def ledger() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        recipient = st.text_input("Recipient", placeholder="Part of an address", width=260, icon=":material/search:")
        words = {ALL: None, **{BADGES[state][0]: state for state in State}}
        state = words[st.selectbox("Status", list(words), width=180)]
    wanted = DeliveryFilter(state=state, recipient=recipient.strip() or None)
    if rows(wanted, "ledger"):
        return
    if wanted == DeliveryFilter():
        empty_state("outgoing_mail", "Nothing was sent yet", "Each message of a schedule gets a line here.")
    else:
        empty_state("search_off", "No message matches", "Try another address, or all statuses.")


def outbox() -> None:
    st.caption("Messages of schedules without a mail account. They are kept here instead of being sent.")
    if not rows(DeliveryFilter(channel=Channel.outbox), "outbox"):
        empty_state("inbox", "The outbox is empty", "A schedule that sends by the built-in outbox puts its mails here.")


def main() -> None:
    page_header("Deliveries", "Who got what, when, and what the mail server said.")
    tabs = {"Ledger": ledger, "Outbox": outbox}
    if person.role.includes(Role.admin):
        tabs["Mail accounts"] = lambda: mail_accounts(person)
    draw_open(tabs, key="deliveries")


if delivery_id := id_in_address("delivery"):
    show_delivery(person, delivery_id)
else:
    main()
