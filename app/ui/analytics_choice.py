"""What the analytics page shows, kept in its address so that a link or a reload shows the same."""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import available_timezones

import streamlit as st

from app.core import clock
from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.metrics.schemas import MetricsQuery
from app.tasks.schemas import BoardLine
from app.ui.board import named_apart
from app.ui.board_missed import forget_missed, is_missed
from app.ui.page import reading, zone

WEEKS, ALL = 12, "All boards"
ANYBODY, NOBODY = "Anybody", "Nobody"
PRIORITIES = ("low", "medium", "high", "urgent")
CATEGORIES = {"in_progress": "In progress", "accomplishment": "Accomplishment", "highlight": "Highlight"}


def choose(person: Actor, lines: list[BoardLine], wanted: UUID | None) -> tuple[UUID | None, MetricsQuery]:
    """The board, or None for all of them, and the days and filters."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        board = _board(lines, wanted)
        since, until = _days()
        with st.popover("More", icon=":material/tune:"):
            query = MetricsQuery(
                since=since,
                until=until + timedelta(days=1),
                zone=_zone(),
                target=_target(until),
                **_filters(person, board),
            )
    return board, query


def _board(lines: list[BoardLine], wanted: UUID | None) -> UUID | None:
    names: dict[UUID | None, str] = dict(named_apart(lines).items())
    if len(lines) > 1:
        names = {None: ALL, **names}
    ids = list(names)
    key = _begin("board", wanted if wanted in names else ids[0], ids)
    missed = is_missed(lines)
    board = st.selectbox(
        "Board", ids, format_func=names.__getitem__, placeholder=ALL, width=220, key=key,
        on_change=forget_missed if missed else None,
    )  # fmt: skip
    if not missed:
        _keep("board", str(board) if board else None)
    return board


def _days() -> tuple[date, date]:
    """Both days included."""
    today = clock.now().astimezone(zone()).date()
    until = min(_day("until") or today, today)
    since = min(_day("since") or today - timedelta(weeks=WEEKS) + timedelta(days=1), until)
    key = _begin("days", (since, until))
    picked: object = st.date_input("From and to", max_value=today, format="YYYY-MM-DD", width=240, key=key)
    if isinstance(picked, tuple) and len(picked) == 2:  # while only one day is picked the other stays
        since, until = picked
    _keep("since", since.isoformat())
    _keep("until", until.isoformat())
    return since, until


def _zone() -> str:
    names = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
    wanted = st.query_params.get("zone", "")
    mine = wanted if wanted in names else zone().key if zone().key in names else "UTC"
    picked = st.selectbox("Days begin at midnight in", names, key=_begin("zone", mine))
    _keep("zone", None if picked == zone().key else picked)
    return picked


def _target(until: date) -> date | None:
    key = _begin("target", _day("target"))
    picked = st.date_input(
        "Burn down to zero on", None, format="YYYY-MM-DD", help="Draws the straight way there", key=key
    )
    day = picked if isinstance(picked, date) else None
    _keep("target", day.isoformat() if day else None)
    return day


def _filters(person: Actor, board: UUID | None) -> dict[str, object]:
    """Lanes and labels belong to a board, so they are offered when one is chosen."""
    chosen: dict[str, object] = {
        "priority": _named("Priority", "priority", {name: name.title() for name in PRIORITIES}),
        "category": _named("Category", "category", CATEGORIES),
    }
    if board:
        chosen |= _of_board(person, board)
    for name in ("priority", "category", "lane", "label", "assignee"):
        value = chosen.get(name)
        _keep(name, str(value) if value else None)
    return chosen


def _of_board(person: Actor, board_id: UUID) -> dict[str, object]:
    with reading() as db:
        board = tasks.board(db, person, board_id)
        people = tasks.assignees(db, person, board_id)
    lanes = {"none": "No lane", **{str(lane.id): lane.name for lane in board.lanes}}
    who = {"nobody": NOBODY, **{str(id_): name for id_, name in people.items()}}
    return {
        "label": _named("Label", "label", {label.name: label.name for label in board.labels}),
        "lane": _named("Lane", "lane", lanes),
        "assignee": _named("Person", "assignee", who),
    }


def _named(label: str, name: str, names: dict[str, str]) -> str | None:
    wanted = st.query_params.get(name, "")
    key = _begin(name, wanted if wanted in names else None, [None, *names])
    return st.selectbox(label, list(names), None, format_func=names.__getitem__, placeholder="Any", key=key)


def _begin(name: str, value: object, options: Collection[object] | None = None) -> str:
    """The key of a field that begins as the address says. After that it is the field that counts: one whose default
    follows the address is a new field after each choice, and forgets the next one."""
    key = f"analytics_{name}"
    if key not in st.session_state or (options is not None and st.session_state[key] not in options):
        st.session_state[key] = value
    return key


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


def _keep(name: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
