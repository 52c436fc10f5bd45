"""The switches that every board has, each with a sentence of what it does."""

from typing import NamedTuple

import streamlit as st

from app.tasks import service as tasks
from app.tasks.automations.schemas import ArchiveTrial
from app.tasks.schemas import BoardChange, BoardOptions
from app.tasks.service import automations
from app.ui.board_automations import Scene, place, saved
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
    overtaken = _catch_up(now)
    for name, words in SWITCHES.items():
        _switch(name, *words, off)
    for name, part in DAYS.items():
        _days(name, part, off)
    wanted = BoardOptions.model_validate({name: _chosen(name) for name in (*SWITCHES, *DAYS)})
    if wanted.archive_after_days:
        _show_archive(scene, wanted.archive_after_days)
    for name in sorted(place().item):
        st.warning(_overtaken(name, now), icon=":material/group:")
    if not off and st.button("Save", type="primary", key="switches-save", disabled=wanted == now) and not overtaken:
        _save(scene, wanted)


def _save(scene: Scene, wanted: BoardOptions) -> None:
    """Only what was changed here, so that others keep what they changed."""
    now = scene.board.options
    changed = {name: value for name, value in wanted if value != getattr(now, name)}
    with action("Saved.") as db:
        change = BoardChange(options=BoardOptions.model_validate(changed), options_seen=now)
        tasks.change_board(db, scene.person, scene.board.id, change)
        saved()


def _catch_up(now: BoardOptions) -> bool:
    """Shows what others have set since; what one has changed oneself stays, and is told. True when that is news."""
    here = place()
    seen: BoardOptions | None = here.draft
    others = {name for name, value in now if seen is None or value != getattr(seen, name)}
    news = {name for name in others if seen and _chosen(name) not in (getattr(seen, name), getattr(now, name))}
    for name in others - news:
        _show(name, getattr(now, name))
    told = (here.item or set()) | news
    here.draft, here.item = now, {name for name in told if _chosen(name) != getattr(now, name)}
    return bool(news)


def _chosen(name: str) -> bool | int | None:
    is_on = bool(st.session_state[f"switch-{name}"])
    if name in SWITCHES:
        return is_on
    return int(st.session_state[f"days-{name}"]) if is_on else None


def _show(name: str, value: bool | int | None) -> None:
    """As what the switch holds when it is drawn next."""
    st.session_state[f"switch-{name}"] = value if name in SWITCHES else value is not None
    if name in DAYS:
        st.session_state[f"days-{name}"] = DAYS[name].usual if value is None else value


def _overtaken(name: str, now: BoardOptions) -> str:
    theirs = getattr(now, name)
    label = SWITCHES[name][0] if name in SWITCHES else DAYS[name].label
    words = ("on" if theirs else "off") if name in SWITCHES else "off" if theirs is None else f"{theirs} days"
    return f"Somebody else has set “{label}” to {words} in the meantime. Save to put yours in its place."


def _switch(name: str, label: str, sentence: str, off: bool) -> None:
    with st.container(gap="xxsmall"):
        st.toggle(label, disabled=off, key=f"switch-{name}")
        st.caption(sentence)


def _days(name: str, part: Days, off: bool) -> None:
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            is_on = st.toggle(f"{part.label} (days)", disabled=off, key=f"switch-{name}")
            st.number_input(
                f"{part.label}: days",
                part.least,
                part.most,
                disabled=off or not is_on,
                key=f"days-{name}",
                label_visibility="collapsed",
                width=130,
            )
        st.caption(part.sentence)


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
