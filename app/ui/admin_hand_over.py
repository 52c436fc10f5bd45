"""Administration: when somebody leaves, who takes over what is theirs."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import Person
from app.core.actor import Actor
from app.sharing import service as sharing
from app.sharing.schemas import Kind, LeftThing, Owned
from app.ui.page import action, plain, reading, submit_or_cancel
from app.ui.reconfirm import is_still, password_field

WORDS = {
    Kind.board: "board",
    Kind.dataset: "dataset",
    Kind.template: "template",
    Kind.report: "report",
    Kind.schedule: "schedule",
    Kind.source: "source",
    Kind.query: "query",
    Kind.document: "document",
    Kind.smtp_account: "mail account",
}
CONSEQUENCES = "They are signed out everywhere at once, their API keys stop, and nothing runs in their name any more."
LISTED = 200


def deactivate(person: Actor, one: Person) -> None:
    @st.dialog(f"Deactivate {plain(one.name)}?")
    def ask() -> None:
        with reading() as db:
            things = sharing.owned(db, person, one.id)
        st.write(CONSEQUENCES)
        _list(one.name, things)
        with st.form("deactivate", border=False):
            heir = _heir(person, one.id, f"Nobody yet: leave it with {one.name}") if things else None
            password = password_field(person)
            meant, cancelled = submit_or_cancel("Deactivate")
        if cancelled:
            st.rerun()
        if meant and is_still(person, password):
            _deactivate(person, one, heir)

    ask()


def left_behind(person: Actor) -> None:
    """Nothing at all when there is nothing left."""
    with reading() as db:
        things = sharing.left_behind(db, person)
    if not things:
        return
    st.subheader("Without an active owner", anchor=False)
    st.caption(
        "These people are deactivated. Schedules that were due since are switched off: resume them after the hand-over."
    )
    of_person: dict[UUID, list[LeftThing]] = {}
    for thing in things:
        of_person.setdefault(thing.person_id, []).append(thing)
    for person_id, some in of_person.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.text(some[0].person)
                st.caption(in_words(some))
            if st.button("Hand over", key=f"hand_over_{person_id}", icon=":material/move_up:"):
                _hand_over(person, person_id, some)


def in_words(things: Sequence[Owned]) -> str:
    """`2 boards, 1 mail account`, or nothing."""
    counts = Counter(thing.kind for thing in things)
    return ", ".join(f"{counts[kind]} {word}{'s' * (counts[kind] > 1)}" for kind, word in WORDS.items() if counts[kind])


def _list(name: str, things: Sequence[Owned]) -> None:
    if not things:
        st.caption(f"{plain(name)} owns nothing that needs a new owner.")
        return
    with st.expander(f"{plain(name)} owns {in_words(things)}", icon=":material/inventory_2:"):
        for thing in things[:LISTED]:
            st.text(f"{WORDS[thing.kind].capitalize()}: {thing.name}")
        if len(things) > LISTED:
            st.caption(f"and {len(things) - LISTED} more")


def _heir(person: Actor, of: UUID, nobody: str | None) -> UUID | None:
    """Whoever asks is the first choice."""
    with reading() as db:
        active = [one for one in accounts.people(db, person) if one.is_active and one.id != of]
    names = {one.id: f"{one.name} ({one.email}, {one.role.value})" for one in active}
    options: list[UUID | None] = [*names, *([None] if nobody else [])]
    start = next((at for at, one in enumerate(active) if one.id == person.id), 0)
    return st.selectbox(
        "Hand everything over to", options, start, format_func=lambda key: names[key] if key else str(nobody)
    )


def _deactivate(person: Actor, one: Person, heir: UUID | None) -> None:
    with action(f"{plain(one.name)} is deactivated.") as db:
        sharing.deactivate_person(db, person, one.id, hand_over_to=heir)
        st.rerun()


def _hand_over(person: Actor, person_id: UUID, things: list[LeftThing]) -> None:
    @st.dialog(f"Hand over what {plain(things[0].person)} owns")
    def ask() -> None:
        _list(things[0].person, things)
        heir = _heir(person, person_id, None)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="hand_over_cancel"):
                st.rerun()
            wanted = st.button("Hand over", type="primary", key="hand_over_act", disabled=heir is None)
        if wanted and heir:
            with action(f"{in_words(things)} handed over.") as db:
                sharing.hand_over(db, person, person_id, heir)
                st.rerun()

    ask()
