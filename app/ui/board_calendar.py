"""The month of a board: when cards start and are due."""

import calendar
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from app.core import clock
from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.schemas import Board
from app.tasks.service import MOST_DATED
from app.ui.board import asked_card
from app.ui.page import plain, reading, zone

MONTH = "board_calendar_month"
FOLDER = Path(__file__).parent / "board_calendar_files"
WEEKS = 6
ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 9000

_component = st.components.v2.component(
    "autoreport_board_calendar",
    html='<div class="month"></div>',
    css=(FOLDER / "calendar.css").read_text(encoding="utf-8"),
    js=(FOLDER / "calendar.js").read_text(encoding="utf-8"),
)


def board_calendar(person: Actor, board: Board, text: str) -> None:
    """The filter text holds here as it does on the board."""
    today = clock.now().astimezone(zone()).date()
    first = _chosen_month(today)
    begin = first - timedelta(days=first.weekday())
    end = begin + WEEKS * 7 * ONE_DAY
    with reading() as db:
        cards = tasks.dated_cards(db, person, board.id, begin, end, filter=text, zone=zone())
    by_day = _by_day(cards, board.id, today)
    card_id = asked_card(_component, f"calendar-{board.id}", _month(first, begin, today, by_day))
    if not cards:
        st.caption("No card starts or is due in these weeks. Cards get their dates in their own dialog.")
    if len(cards) == MOST_DATED:
        st.caption(f"Only {MOST_DATED:,} cards are shown. Filter to see the others.")
    if card_id:
        st.query_params["card"] = str(card_id)


def _chosen_month(today: date) -> date:
    """The first day of it, with the buttons that change it."""
    this = today.replace(day=1)
    first: date = st.session_state.setdefault(MONTH, this)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Previous", icon=":material/chevron_left:", on_click=_turn, args=(first - ONE_DAY,))
        st.button("Today", on_click=_turn, args=(this,), disabled=first == this)
        st.button("Next", icon=":material/chevron_right:", on_click=_turn, args=(first + 31 * ONE_DAY,))
        st.markdown(f"**{plain(f'{first:%B} {first.year}')}**")
    return first


def _turn(to: date) -> None:
    if FIRST_YEAR <= to.year <= LAST_YEAR:
        st.session_state[MONTH] = to.replace(day=1)


def _by_day(cards: list[Any], board_id: UUID, today: date) -> dict[date, list[dict[str, str]]]:
    found: dict[date, list[dict[str, str]]] = {}
    for card in cards:
        if card.due_on:
            found.setdefault(card.due_on, []).append(_entry(card, board_id, *_due_cue(card, today)))
        if card.start_on and card.start_on != card.due_on:
            state, cue = ("done", "Done:") if card.completed else ("start", "Starts:")
            found.setdefault(card.start_on, []).append(_entry(card, board_id, state, cue))
    return found


def _due_cue(card: Any, today: date) -> tuple[str, str]:
    """Colour and word, never colour alone."""
    if card.completed:
        return "done", "Done:"
    if card.due_on < today:
        return "late", "Late:"
    return ("today", "Today:") if card.due_on == today else ("due", "Due:")


def _entry(card: Any, board_id: UUID, state: str, cue: str) -> dict[str, str]:
    return {
        "id": str(card.id),
        "title": card.title,
        "state": state,
        "cue": cue,
        "about": f"#{card.number} {card.title} ({card.column}, priority {card.priority})",
        "link": "/board?" + urlencode({"board": board_id, "card": card.id}),
    }


def _month(first: date, begin: date, today: date, by_day: dict[date, list[dict[str, str]]]) -> dict[str, Any]:
    days = [begin + number * ONE_DAY for number in range(WEEKS * 7)]
    return {
        "caption": f"{first:%B} {first.year}",
        "weekdays": list(calendar.day_abbr),
        "cards": sum(map(len, by_day.values())),
        "weeks": [[_day(day, first, today, by_day) for day in days[at : at + 7]] for at in range(0, len(days), 7)],
    }


def _day(day: date, first: date, today: date, by_day: dict[date, list[dict[str, str]]]) -> dict[str, Any]:
    return {
        "number": str(day.day),
        "name": f"{day:%A}, {day.day} {day:%B}",
        "inside": day.month == first.month,
        "today": day == today,
        "cards": by_day.get(day, []),
    }
