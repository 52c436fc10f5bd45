"""Templates of cards: the list and its forms, and a new card from one of them."""

from functools import partial

import streamlit as st

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.automations.schemas import CardTemplate, TemplateChange, TemplateCreate, TemplateUse
from app.tasks.schemas import Board
from app.tasks.service import automations
from app.ui.board_automations import Scene, go, place, saved, scene_of
from app.ui.board_automations_content import checked_content, content_fields, place_fields
from app.ui.card_parts import checked, delete_button
from app.ui.page import action, empty_state, plain, reading, zone

FOUND = 50


def templates_section(scene: Scene) -> None:
    now = place()
    if now.form == "edit":
        _form(scene, now.item)
    elif now.form == "from_card":
        _from_card(scene)
    else:
        _list(scene)


def new_card_from_template(_person: Actor, board: Board) -> None:
    """A dialog of its own."""

    @st.dialog("New card from a template", width="medium")
    def dialog() -> None:
        scene = scene_of(board)
        found = _templates(scene)
        if not found:
            empty_state("content_copy", "No templates yet", "Make one under Automations, from a card or by hand.")
            return
        template = st.selectbox("Template", found, format_func=lambda each: each.name)
        title = st.text_input("Title", template.content.title, max_chars=200, key=f"use-title-{template.id}")
        where = place_fields(scene, None, None)
        if st.button("Add card", type="primary", key="template-use"):
            with action("Added.") as db:
                use = checked(TemplateUse, title=title, **where)
                made = automations.use_card_template(db, scene.person, template.id, use, zone())
                st.session_state["card_left_out"] = made.left_out
                st.rerun()

    dialog()


def say_what_was_left_out() -> None:
    """On the page, after the dialog has closed."""
    if missing := st.session_state.pop("card_left_out", None):
        st.warning(f"The card was made without {', '.join(missing)}.", icon=":material/info:")


def _templates(scene: Scene) -> list[CardTemplate]:
    with reading() as db:
        return automations.card_templates(db, scene.person, scene.board.id, limit=200).items


def _list(scene: Scene) -> None:
    found = _templates(scene)
    if not found:
        empty_state("content_copy", "No templates yet", "A template is a card with its checklist, labels and dates.")
    for one in found:
        key = f"template-{one.id}"
        with st.container(border=True, gap="xsmall", key=key):
            st.markdown(f"**{plain(one.name)}**")
            st.caption(_words(one))
            if scene.may_work:
                with st.container(horizontal=True, gap="small"):
                    st.button("Edit", key=f"{key}-edit", icon=":material/edit:", on_click=go, args=("edit", one))
                    act = partial(automations.delete_card_template, actor=scene.person, template_id=one.id)
                    what = f"the template “{plain(one.name)}”"
                    delete_button(f"{key}-delete", what, "Deleted.", act)
    if scene.may_work:
        with st.container(horizontal=True):
            st.button("New template", icon=":material/add:", type="primary", on_click=go, args=("edit",))
            st.button("From a card", icon=":material/content_copy:", on_click=go, args=("from_card",))


def _words(one: CardTemplate) -> str:
    content = one.content
    parts = [content.title]
    parts += [f"due after {content.due_in_days} days"] if content.due_in_days is not None else []
    parts += [f"{len(content.checklist)} items"] if content.checklist else []
    return plain(" · ".join(parts))


def _form(scene: Scene, given: CardTemplate | None) -> None:
    st.button("All templates", icon=":material/arrow_back:", type="tertiary", on_click=go)
    name = st.text_input("Name of the template", given.name if given else "", max_chars=80)
    facts = content_fields(scene, given.content if given else None)
    if st.button("Save", type="primary", key="template-save"):
        with action("Saved.") as db:
            content = checked_content(facts)
            if given:
                change = checked(TemplateChange, version=given.version, name=name, content=content)
                automations.change_card_template(db, scene.person, given.id, change)
            else:
                new = checked(TemplateCreate, name=name, content=content)
                automations.create_card_template(db, scene.person, scene.board.id, new)
            saved()


def _from_card(scene: Scene) -> None:
    st.button("All templates", icon=":material/arrow_back:", type="tertiary", on_click=go)
    text = st.text_input("Search cards", type="search", live=True, key="template-search")
    with reading() as db:
        cards = tasks.search_cards(db, scene.person, scene.board.id, text, limit=FOUND).items
    if not cards:
        empty_state("search", "No card found", "Look for other words of its title or description.")
        return
    card = st.selectbox("Card", cards, format_func=lambda each: f"#{each.number} {each.title}")
    name = st.text_input("Name of the template", card.title[:80], max_chars=80, key=f"template-of-{card.id}")
    st.caption("Its dates are kept as days from when the card was made; its checklist starts anew.")
    if st.button("Save", type="primary", key="template-from-card"):
        with action("Saved.") as db:
            new = checked(TemplateCreate, name=name, from_card_id=card.id)
            automations.create_card_template(db, scene.person, scene.board.id, new)
            saved()
