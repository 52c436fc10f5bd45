"""What a card waits for, and what waits for it."""

from functools import partial
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details.schemas import BlockerAdd, LinkedCard
from app.tasks.schemas import Card
from app.ui.card_parts import later, typed
from app.ui.page import plain, reading

OFFERED = 50


def blockers_section(
    person: Actor, card: Card, blockers: list[LinkedCard], waiting: list[LinkedCard], *, may_change: bool
) -> None:
    if not blockers:
        st.caption("It waits for no other card.")
    for one in blockers:
        _blocker(person, card, one, may_change=may_change)
    if may_change:
        _add(person, card)
    if waiting:
        st.markdown("**These wait for it**")
        for one in waiting:
            st.markdown(_told(one))


def _blocker(person: Actor, card: Card, one: LinkedCard, *, may_change: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_told(one), width="stretch")
        if may_change:
            act = partial(_remove, person, card.id, one.id)
            st.button("Remove", key=f"unblock-{one.id}", help=f"It no longer waits for #{one.number}",
                      on_click=later, args=("It no longer waits for that card.", act))  # fmt: skip


def _told(one: LinkedCard) -> str:
    """`#12 Title`, where it is, and in words whether it holds others up."""
    where = f"in {plain(one.column)}" if one.column else "archived"
    state = (
        ":orange-badge[:material/hourglass_top: Open]" if one.open else ":green-badge[:material/check: Out of the way]"
    )
    return f"**#{one.number}** {plain(one.title)} {state} :gray[{where}]"


def _add(person: Actor, card: Card) -> None:
    words, chosen = f"blocker-words-{card.id}", f"blocker-{card.id}"
    st.text_input("Find a card that must be done first", key=words, placeholder="Words of its title, or its number")
    with reading() as db:
        found = tasks.possible_blockers(db, person, card.id, typed(words), limit=OFFERED)
    if not found:
        st.caption("No other open card of this board holds these words.")
        return
    names = {one.id: f"#{one.number} {one.title}" for one in found}
    if st.session_state.get(chosen) not in names:
        st.session_state.pop(chosen, None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox("It waits for", list(names), key=chosen, format_func=names.__getitem__)
        act = partial(_block, person, card.id, chosen)
        st.button("Add blocker", key=f"block-{card.id}", on_click=later, args=("It waits for that card now.", act))


def _block(person: Actor, card_id: UUID, chosen: str, db: Session) -> None:
    blocker: UUID = st.session_state[chosen]
    tasks.add_blocker(db, person, card_id, BlockerAdd(card_id=blocker))


def _remove(person: Actor, card_id: UUID, blocker_id: UUID, db: Session) -> None:
    tasks.remove_blocker(db, person, card_id, blocker_id)
