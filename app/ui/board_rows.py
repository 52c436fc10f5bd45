"""The lists of a board while they are being edited: columns, lanes, labels. Nothing is saved before Save."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import streamlit as st

from app.tasks.schemas import Board, ColumnEdit, LabelColor, LabelEdit, LaneEdit, WipMode
from app.ui.page import plain

# Streamlit has no teal and no pink; the word is what tells labels apart.
SHOWN_AS = {LabelColor.teal: "green", LabelColor.pink: "violet"}
WHEN_FULL = {WipMode.block: "Refuse further cards", WipMode.warn: "Let them in and warn"}


@dataclass
class Row:
    """A column, a lane or a label."""

    key: str
    id: UUID | None = None
    name: str = ""
    is_done: bool = False
    wip_limit: int | None = None
    wip_mode: WipMode = WipMode.block
    wip_per_lane: bool = False
    color: LabelColor = LabelColor.gray
    cards: int = 0

    def column(self) -> ColumnEdit:
        limit = {"wip_limit": self.wip_limit, "wip_mode": self.wip_mode, "wip_per_lane": self.wip_per_lane}
        return ColumnEdit.model_validate({"id": self.id, "name": self.name, "is_done": self.is_done, **limit})

    def lane(self) -> LaneEdit:
        return LaneEdit(id=self.id, name=self.name)

    def label(self) -> LabelEdit:
        return LabelEdit(id=self.id, name=self.name, color=self.color)


@dataclass
class Draft:
    columns: list[Row] = field(default_factory=list)
    lanes: list[Row] = field(default_factory=list)
    labels: list[Row] = field(default_factory=list)
    version: int | None = None


def draft_of(board: Board, held: dict[UUID, int]) -> Draft:
    """`held` is how many cards each column holds."""
    columns = []
    for one in board.columns:
        limit = (one.wip_limit, one.wip_mode, one.wip_per_lane)
        columns.append(Row(_key(), one.id, one.name, one.is_done, *limit, cards=held.get(one.id, 0)))
    lanes = [Row(_key(), lane.id, lane.name) for lane in board.lanes]
    labels = [Row(_key(), label.id, label.name, color=label.color) for label in board.labels]
    return Draft(columns, lanes, labels, board.version)


def edit_columns(rows: list[Row]) -> None:
    st.caption(
        "From left to right. A card that enters a done column is completed. A limit is the most cards at a time."
    )
    for place, row in enumerate(rows):
        with st.container(border=True, gap="small"):
            _name_and_place(rows, place, "column", keep=1, held=row.cards)
            _limit(row)
    _add(rows, "Add a column")


def edit_lanes(rows: list[Row]) -> None:
    st.caption("From top to bottom. Lanes group the cards of every column. Cards of a lane that goes are in no lane.")
    for place in range(len(rows)):
        _name_and_place(rows, place, "lane")
    _add(rows, "Add a lane")


def edit_labels(rows: list[Row]) -> None:
    st.caption("By name. A label that goes is taken off its cards.")
    for place, row in enumerate(rows):
        _name_and_place(rows, place, "label", extra=lambda row=row: _color(row))  # type: ignore[misc]
    _add(rows, "Add a label")


def _name_and_place(
    rows: list[Row],
    place: int,
    what: str,
    *,
    keep: int = 0,
    held: int = 0,
    extra: Callable[[], None] | None = None,
) -> None:
    row = rows[place]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row.name = st.text_input(what.capitalize(), row.name, max_chars=80, key=f"{row.key}-name", width=220)
        if extra:
            extra()
        _buttons(rows, place, what, keep=keep, held=held)


def _buttons(rows: list[Row], place: int, what: str, *, keep: int, held: int) -> None:
    row = rows[place]
    ways = {"column": ("left", "right"), "lane": ("up", "down")}.get(what, ())
    called = f"“{plain(row.name)}”" if row.name else f"this {what}"
    remove_help = f"Holds {held} cards: move or archive them first" if held else f"Remove {called}"
    for step, way, off in zip((-1, 1), ways, (place == 0, place == len(rows) - 1), strict=False):
        icon = {"left": "arrow_back", "right": "arrow_forward", "up": "arrow_upward", "down": "arrow_downward"}[way]
        tip = f"Move {called} {way}"
        if st.button(way.capitalize(), icon=f":material/{icon}:", key=f"{row.key}-{way}", help=tip, disabled=off):
            rows[place], rows[place + step] = rows[place + step], rows[place]
            st.rerun(scope="fragment")
    off = bool(held) or len(rows) <= keep
    if st.button("Remove", icon=":material/delete:", key=f"{row.key}-remove", help=remove_help, disabled=off):
        del rows[place]
        st.rerun(scope="fragment")


def _limit(row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row.wip_limit = st.number_input(
            "Limit", 1, 9_999, row.wip_limit, key=f"{row.key}-limit", placeholder="None", width=110
        )
        if row.wip_limit:
            at = list(WHEN_FULL).index(row.wip_mode)
            row.wip_mode = st.selectbox(
                "When it is full",
                list(WHEN_FULL),
                at,
                format_func=WHEN_FULL.__getitem__,
                key=f"{row.key}-mode",
                width=210,
            )
            row.wip_per_lane = st.checkbox("In each lane", row.wip_per_lane, key=f"{row.key}-per_lane")
        row.is_done = st.checkbox("Done column", row.is_done, key=f"{row.key}-done")


def _color(row: Row) -> None:
    colors = list(LabelColor)
    row.color = st.selectbox(
        "Colour", colors, colors.index(row.color), format_func=str.capitalize, key=f"{row.key}-color", width=120
    )
    st.markdown(f":{SHOWN_AS.get(row.color, row.color)}-badge[{plain(row.name) or 'Label'}]", width="content")


def _add(rows: list[Row], text: str) -> None:
    if st.button(text, icon=":material/add:", type="tertiary"):
        rows.append(Row(_key(), color=list(LabelColor)[len(rows) % len(LabelColor)]))
        st.rerun(scope="fragment")


def _key() -> str:
    return f"board_row-{uuid4()}"
