"""The rows of a CSV file as a board: its columns, lanes, labels and people are those that the rows name. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from app.tasks.exchange.draft import (
    CHANGED,
    KEPT,
    Card,
    Column,
    Draft,
    Event,
    Label,
    Person,
    State,
    TooManyColumns,
)
from app.tasks.exchange.reading import Wishes, is_done_name, left_out, why_left_out

COLORS = ("blue", "green", "orange", "violet", "teal", "red", "yellow", "pink", "gray")
TRELLO_COLORS = {
    "green": "green", "yellow": "yellow", "orange": "orange", "red": "red", "purple": "violet", "blue": "blue",
    "sky": "teal", "lime": "green", "pink": "pink", "black": "gray", "none": "gray",
}  # fmt: skip
COLORED = re.compile(rf"(?P<name>.*?)\s*\((?P<color>{'|'.join(TRELLO_COLORS)})(?:_dark|_light)?\)")
DEFAULT_COLUMN = "To do"
MOST_STATES = 200  # more are no places of a board


def arrange(draft: Draft, cards: list[Card], wishes: Wishes) -> None:
    """Columns, lanes, labels and people are those that the rows name, in the order in which they do."""
    known: dict[str, Column] = {}
    for card in cards:
        name = card.column or DEFAULT_COLUMN
        column = known.setdefault(name.casefold(), Column(name.casefold(), name, card.created_at))
        column.created_at = min(column.created_at, card.created_at)
        column.is_done = is_done_name(name) if wishes.done is None else column.name in wishes.done
        card.column = column.key
    draft.columns = list(known.values()) or [Column("to do", DEFAULT_COLUMN, wishes.now)]
    _leave_out(draft, cards, wishes)
    draft.lanes = list(_once(card.lane for card in cards if card.lane).items())
    draft.labels = _labels(cards)
    people = _once(person for card in cards for person in card.members)
    draft.people = [Person(key, name, name, name) for key, name in people.items()]
    for card in cards:
        card.lane = card.lane.casefold() if card.lane else None
        card.labels = list(dict.fromkeys(name.casefold() for name in card.labels))
        card.members = list(dict.fromkeys(name.casefold() for name in card.members))
    uses = Counter(card.number for card in cards if card.number)
    columns = {column.key: column for column in draft.columns}
    for card in cards:
        if card.number and uses[card.number] > 1:
            draft.note(CHANGED, "Numbers of cards that are there twice: they get new ones", card.title)
            card.number = None
        _tell(draft, card, columns, wishes)
        draft.cards.append(card)


def _leave_out(draft: Draft, cards: list[Card], wishes: Wishes) -> None:
    held = Counter(card.column or "" for card in cards if not card.archived_at)
    if len(draft.columns) > MOST_STATES and wishes.columns is None:
        raise TooManyColumns(f"column: the rows name {len(draft.columns):,} different columns. Choose another one.")
    away = left_out(wishes, [(column.key, column.name) for column in draft.columns], held)
    for column in draft.columns:
        if column.key in away:
            column.removed_at, column.left_out = wishes.now, True
            draft.note(CHANGED, why_left_out(wishes), f"{column.name} ({held[column.key]} cards)")
    for card in cards:
        if card.column in away:
            card.archived_at = card.archived_at or wishes.now


def _labels(cards: list[Card]) -> list[Label]:
    """Where all of them are written as in “Bug (red)”, what stands behind them is their colour."""
    names = {name for card in cards for name in card.labels}
    told = {name: found for name in names if (found := COLORED.fullmatch(name))}
    if len(told) == len(names):
        for card in cards:
            card.labels = [told[name]["name"] or told[name]["color"].capitalize() for name in card.labels]
    labels = _once(label for card in cards for label in card.labels)
    colors = {(one["name"] or one["color"]).casefold(): TRELLO_COLORS[one["color"]] for one in told.values()}
    given = colors if len(told) == len(names) else {}
    return [
        Label(key, name, given.get(key) or COLORS[place % len(COLORS)])
        for place, (key, name) in enumerate(labels.items())
    ]


def _once(names: Iterable[str]) -> dict[str, str]:
    """Key → the first way it is written."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return found


def _tell(draft: Draft, card: Card, columns: dict[str, Column], wishes: Wishes) -> None:
    """A row knows when a card was made, completed and put away; where it was in between it does not."""
    assert card.column
    column = columns[card.column]
    first = next((key for key, one in columns.items() if not one.is_done), card.column)
    if column.is_done:
        card.completed_at = card.completed_at or card.created_at
    elif card.completed_at:
        card.extras.append(f"Completed: {card.completed_at.isoformat()}")
        draft.note(KEPT, "Dates of completion of cards that are in no done column", card.title)
        card.completed_at = None
    card.category = card.category or ("accomplishment" if card.completed_at else "in_progress")
    moves = bool(card.completed_at and card.completed_at > card.created_at and first != card.column)
    state = State(card.title, card.column, card.due_on, card.priority, card.category, card.estimate, lane=card.lane)
    state = replace(state, labels=tuple(card.labels), members=tuple(card.members))
    done = replace(state, completed_at=card.completed_at)
    if moves:
        open_ = replace(state, column=first, category="highlight" if card.category == "highlight" else "in_progress")
        card.events = [Event(card.created_at, "created", "", open_, target=first)]
        card.events.append(Event(card.completed_at or card.created_at, "moved", "", done, first, card.column))
    else:
        card.events = [Event(card.created_at, "created", "", done, target=card.column)]
    if card.archived_at:
        card.archived_at = max(min(card.archived_at, wishes.now), card.events[-1].at)
        card.events.append(Event(card.archived_at, "archived", "", done, card.column))
        card.home, card.column = card.column, None
