"""The checklist of a card: tick with one click; names and order in a second look, so that ticking stays simple."""

from functools import partial
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details.schemas import ChecklistItem, ItemChange, ItemCreate
from app.tasks.schemas import Card
from app.ui.card_parts import checked, later, typed
from app.ui.page import plain, when


def checklist_section(person: Actor, card: Card, items: list[ChecklistItem], *, may_change: bool) -> None:
    if items:
        done = sum(item.done for item in items)
        st.progress(done / len(items), text=f"{done} of {len(items)} done")
    else:
        st.caption("No steps yet." if may_change else "This card has no checklist.")
    arranging = bool(items) and may_change and st.toggle("Rename, order, remove", key=f"arrange-{card.id}")
    for name, group in _lists(items).items():
        if name:
            st.markdown(f"**{plain(name)}**")
        for place, item in enumerate(group):
            if arranging:
                _arranged(person, group, place)
            else:
                _tickable(person, item, may_change=may_change)
    if may_change:
        _new_item(person, card, [name for name in _lists(items) if name])


def _lists(items: list[ChecklistItem]) -> dict[str, list[ChecklistItem]]:
    """By heading, in the order of their first items."""
    lists: dict[str, list[ChecklistItem]] = {}
    for item in items:
        lists.setdefault(item.list, []).append(item)
    return lists


def _tickable(person: Actor, item: ChecklistItem, *, may_change: bool) -> None:
    key = f"tick-{item.id}"
    st.session_state[key] = item.done  # what is stored counts, also after a refusal
    who = f"{item.done_by}, {when(item.done_at)}" if item.done and item.done_by else None
    done = "Unticked." if item.done else "Ticked."
    act = partial(_change, person, item, ItemChange(done=not item.done))
    st.checkbox(plain(item.text), key=key, help=who and plain(who), disabled=not may_change, on_change=later,
                args=(done, act))  # fmt: skip


def _arranged(person: Actor, group: list[ChecklistItem], place: int) -> None:
    item = group[place]
    above, below = group[place - 1] if place else None, group[place + 1] if place + 1 < len(group) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        key = f"name-{item.id}"
        st.session_state.setdefault(key, item.text)
        st.text_input("Step", key=key, max_chars=500, label_visibility="collapsed", on_change=later,
                      args=("Renamed.", partial(_rename, person, item)))  # fmt: skip
        up = partial(_change, person, item, ItemChange(before_id=above.id)) if above else None
        down = partial(_change, person, item, ItemChange(after_id=below.id)) if below else None
        _step_button("Up", "arrow_upward", item, "Moved.", up)
        _step_button("Down", "arrow_downward", item, "Moved.", down)
        _step_button("Remove", "close", item, "Removed.", partial(_remove, person, item))


def _step_button(label: str, icon: str, item: ChecklistItem, done: str, act: partial[None] | None) -> None:
    name = f"{label}: {plain(item.text)}"
    st.button(label, key=f"{label}-{item.id}", icon=f":material/{icon}:", help=name, disabled=act is None,
              on_click=later, args=(done, act))  # fmt: skip


def _new_item(person: Actor, card: Card, lists: list[str]) -> None:
    with st.form(f"new-item-{card.id}", border=False, enter_to_submit=True):
        st.text_input("New step", key=_text(card.id), max_chars=500, placeholder="What has to be done")
        if lists:
            st.selectbox("Under", lists, key=_list(card.id), index=None, placeholder="No heading",
                         accept_new_options=True)  # fmt: skip
        st.form_submit_button("Add step", on_click=later, args=("Added.", partial(_add, person, card.id)))


def _add(person: Actor, card_id: UUID, db: Session) -> None:
    new = checked(ItemCreate, text=typed(_text(card_id)), list=typed(_list(card_id)))
    tasks.add_item(db, person, card_id, new)
    st.session_state[_text(card_id)] = ""


def _rename(person: Actor, item: ChecklistItem, db: Session) -> None:
    tasks.change_item(db, person, item.card_id, item.id, checked(ItemChange, text=typed(f"name-{item.id}")))


def _change(person: Actor, item: ChecklistItem, change: ItemChange, db: Session) -> None:
    tasks.change_item(db, person, item.card_id, item.id, change)


def _remove(person: Actor, item: ChecklistItem, db: Session) -> None:
    tasks.remove_item(db, person, item.card_id, item.id)


def _text(card_id: UUID) -> str:
    return f"new-item-text-{card_id}"


def _list(card_id: UUID) -> str:
    return f"new-item-list-{card_id}"
