"""What people say about a card, the newest last."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.details.schemas import Comment, CommentChange, CommentCreate
from app.tasks.schemas import Card
from app.ui.card_parts import checked, delete_button, later, typed
from app.ui.markdown import show_markdown
from app.ui.page import plain, when

SHOWN, LONGEST = 30, 10_000


def read_comments(db: Session, person: Actor, card_id: UUID) -> tuple[list[Comment], bool]:
    """The latest ones in their order, and whether there are older ones."""
    wanted = st.session_state.get(_amount(card_id), SHOWN)
    page = tasks.comments(db, person, card_id, limit=min(wanted, 200), newest_first=True)
    found = page.items
    while page.next_cursor and len(found) < wanted:
        page = tasks.comments(db, person, card_id, limit=200, cursor=page.next_cursor, newest_first=True)
        found += page.items
    return found[::-1], page.next_cursor is not None


def comments_section(
    person: Actor, card: Card, found: list[Comment], more: bool, names: Collection[str], *, may_change: bool
) -> None:
    if more:
        st.button("Older comments", key=f"older-{card.id}", type="tertiary", on_click=_show_more, args=(card.id,))
    if not found:
        st.caption("Nobody has said anything yet.")
    for comment in found:
        _comment(person, comment, may_change=may_change)
    if may_change:
        _new(person, card, names)


def _show_more(card_id: UUID) -> None:
    st.session_state[_amount(card_id)] = st.session_state.get(_amount(card_id), SHOWN) + 100


def _comment(person: Actor, comment: Comment, *, may_change: bool) -> None:
    is_mine = may_change and comment.author_id == person.id
    with st.container(border=True, gap="xsmall"):
        edited = ", edited" if comment.edited_at else ""
        st.markdown(f"**{plain(comment.author)}** :gray[{plain(when(comment.created_at))}{edited}]")
        if is_mine and st.session_state.get(_editing(comment)):
            return _edit(person, comment)
        show_markdown(comment.text)
        if not may_change:
            return None
        with st.container(horizontal=True, gap="small"):
            if is_mine:
                st.button("Edit", key=f"edit-{comment.id}", icon=":material/edit:", on_click=_begin, args=(comment,))
            act = partial(_delete, person, comment)
            delete_button(f"delete-{comment.id}", "this comment", "Comment deleted.", act)
    return None


def _begin(comment: Comment) -> None:
    st.session_state[_editing(comment)] = True


def _end(comment: Comment) -> None:
    st.session_state.pop(_editing(comment), None)


def _edit(person: Actor, comment: Comment) -> None:
    with st.form(f"change-{comment.id}", border=False, enter_to_submit=False):
        st.text_area("Comment", comment.text, key=f"text-{comment.id}", max_chars=LONGEST)
        with st.container(horizontal=True):
            act = partial(_change, person, comment)
            st.form_submit_button("Save comment", type="primary", on_click=later, args=("Comment saved.", act))
            st.form_submit_button("Cancel", on_click=_end, args=(comment,))


def _new(person: Actor, card: Card, names: Collection[str]) -> None:
    with st.form(f"comment-{card.id}", border=False, enter_to_submit=False):
        mentions = f"Markdown works here. Mention somebody with @ and their name: {', '.join(sorted(names)[:20])}."
        st.text_area("New comment", key=_text(card.id), max_chars=LONGEST, help=plain(mentions))
        with st.container(horizontal=True):
            act = partial(_write, person, card.id)
            st.form_submit_button("Comment", type="primary", on_click=later, args=("Comment written.", act))
            preview = st.form_submit_button("Preview comment")
    if preview and typed(_text(card.id)).strip():
        with st.container(border=True):
            show_markdown(typed(_text(card.id)))


def _write(person: Actor, card_id: UUID, db: Session) -> None:
    tasks.write_comment(db, person, card_id, checked(CommentCreate, text=typed(_text(card_id))))
    st.session_state[_text(card_id)] = ""


def _change(person: Actor, comment: Comment, db: Session) -> None:
    change = checked(CommentChange, text=typed(f"text-{comment.id}"))
    tasks.edit_comment(db, person, comment.card_id, comment.id, change)
    _end(comment)


def _delete(person: Actor, comment: Comment, db: Session) -> None:
    tasks.delete_comment(db, person, comment.card_id, comment.id)


def _text(card_id: UUID) -> str:
    return f"comment-text-{card_id}"


def _amount(card_id: UUID) -> str:
    return f"comments-shown-{card_id}"


def _editing(comment: Comment) -> str:
    return f"comment-edited-{comment.id}"
