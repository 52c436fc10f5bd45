"""The switches that every board has, each with a sentence of what it does."""

from typing import NamedTuple

import streamlit as st

from app.tasks import service as tasks
from app.tasks.automations.schemas import ArchiveTrial
from app.tasks.schemas import BoardChange, BoardOptions
from app.tasks.service import automations
from app.ui.board_automations import Scene, saved
from app.ui.page import action, plain, reading

SHOWN = 20


class Days(NamedTuple):
    label: str
    sentence: str
    least: int
    most: int
    usual: int


SWITCHES = {
    "category_on_completion": (
        "Completion moves the category",
        "A completed card in progress becomes an accomplishment, one that is opened again is in progress again. "
        "Highlights stay highlights.",
    ),
    "forbid_done_while_blocked": (
        "Blocked cards cannot be completed",
        "A card that waits for others cannot enter a done column before they are done.",
    ),
}
DAYS = {
    "due_soon_days": Days(
        "Due soon",
        "Those a card is assigned to, or else who made it, are told this many days before it is due. That it is "
        "overdue is told in any case.",
        least=0,
        most=60,
        usual=2,
    ),
    "stale_days": Days(
        "Stale",
        "Those a card is assigned to, or else who made it, are told when it has not been moved for this many days. "
        "The search finds cards to which nothing has happened for as long by is:stale.",
        least=1,
        most=365,
        usual=14,
    ),
    "archive_after_days": Days(
        "Automatic archive",
        "Cards that were completed this many days ago are archived, once a day. Cards that are not completed never "
        "are. Each one can be brought back.",
        least=1,
        most=3_650,
        usual=90,
    ),
}


def switches_section(scene: Scene) -> None:
    now, off = scene.board.options, not scene.may_arrange
    chosen = {name: _switch(*words, getattr(now, name), off) for name, words in SWITCHES.items()}
    days = {name: _days(part, getattr(now, name), off) for name, part in DAYS.items()}
    wanted = BoardOptions.model_validate({**chosen, **days})
    if wanted.archive_after_days:
        _show_archive(scene, wanted.archive_after_days)
    if not off and st.button("Save", type="primary", key="switches-save", disabled=wanted == now):
        with action("Saved.") as db:
            tasks.change_board(db, scene.person, scene.board.id, BoardChange(options=wanted))
            saved()


def _switch(label: str, sentence: str, is_on: bool, off: bool) -> bool:
    with st.container(gap="xxsmall"):
        chosen = st.toggle(label, is_on, disabled=off, key=f"switch-{label}-{is_on}")
        st.caption(sentence)
    return chosen


def _days(part: Days, days: int | None, off: bool) -> int | None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            is_on = st.toggle(f"{part.label} (days)", days is not None, disabled=off, key=f"switch-{part.label}-{days}")
            chosen = st.number_input(
                f"{part.label}: days",
                part.least,
                part.most,
                days if days is not None else part.usual,
                disabled=off or not is_on,
                key=f"days-{part.label}-{days}",
                label_visibility="collapsed",
                width=130,
            )
        st.caption(part.sentence)
    return int(chosen) if is_on else None


def _show_archive(scene: Scene, days: int) -> None:
    """Before it is switched on: what it would take."""
    with reading() as db:
        found = automations.archive_trial(db, scene.person, scene.board.id, days, limit=SHOWN)
    if not found.count:
        st.info(f"No card was completed more than {days} days ago.", icon=":material/inventory_2:")
        return
    cards = "1 completed card" if found.count == 1 else f"{found.count} completed cards"
    it_is_on = scene.board.options.archive_after_days == days
    st.warning(
        f"{cards} {'are next' if it_is_on else 'would be archived'} with {days} days.", icon=":material/inventory_2:"
    )
    with st.expander("Which cards"):
        st.markdown("\n".join(_lines(found)))


def _lines(found: ArchiveTrial) -> list[str]:
    lines = [f"- #{card.number} {plain(card.title)} · {plain(card.column or '')}" for card in found.cards]
    return lines + ([f"- and {found.count - len(found.cards)} more"] if found.next_cursor else [])
