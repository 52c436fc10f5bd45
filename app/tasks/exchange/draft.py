"""What a file holds, as a board that is not stored yet: made by readers, shown before the import, written by `store`.

Everything that is named by something else has a key of the file. Nothing here reads or writes anything.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.errors import Invalid
from app.tasks.exchange.schemas import MAX_COLUMNS, What

TITLE, TEXT, NAME, ITEM, COMMENT = 200, 20_000, 80, 500, 10_000  # characters that fit
MAX_NOTES = 300
MAX_LABELS, MAX_LANES = 100, 50  # what the dialog of a board can show and save
TAKEN: What = "taken"
CHANGED: What = "changed"
KEPT: What = "kept"
LEFT: What = "left"


@dataclass
class Note:
    """One line of the report. `kept`: not a field here, but readable on the card; `left`: not taken over."""

    what: What
    text: str
    count: int = 1
    examples: list[str] = field(default_factory=list)


@dataclass
class Person:
    key: str
    name: str
    username: str = ""
    email: str = ""


@dataclass(frozen=True)
class ColumnLine:
    """A column as it was from `at` on."""

    at: datetime
    name: str
    position: int
    is_done: bool
    wip_limit: int | None
    removed: bool


@dataclass
class Column:
    """`renamed`: the names it had before, each until when. `removed_at`: it is only there for the history.

    `history`, when a file of ours tells it, says all of that and more: its places, and when it was a done column.
    """

    key: str
    name: str
    created_at: datetime
    is_done: bool = False
    wip_limit: int | None = None
    wip_mode: str = "block"
    wip_per_lane: bool = False
    removed_at: datetime | None = None
    left_out: bool = False  # open in the file, but no column here
    renamed: list[tuple[datetime, str]] = field(default_factory=list)
    history: list[ColumnLine] = field(default_factory=list)


@dataclass
class Label:
    key: str
    name: str
    color: str


@dataclass
class State:
    """What a line of the history says of the card as it was afterwards. `named`: labels are names, not keys."""

    title: str
    column: str | None = None
    due_on: date | None = None
    priority: str = "medium"
    category: str = "in_progress"
    estimate: Decimal | None = None
    completed_at: datetime | None = None
    lane: str | None = None
    labels: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    named: bool = False


@dataclass
class Event:
    at: datetime
    kind: str
    person: str
    state: State
    origin: str | None = None
    target: str | None = None
    from_lane: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Comment:
    at: datetime
    person: str
    text: str
    edited_at: datetime | None = None


@dataclass
class Item:
    text: str
    done: bool = False
    heading: str = ""
    done_at: datetime | None = None
    done_by: str = ""


@dataclass
class Card:
    key: str
    title: str
    created_at: datetime
    column: str | None = None  # of an archived card: none
    home: str | None = None  # where an archived card was
    description: str = ""
    number: int | None = None
    lane: str | None = None
    start_on: date | None = None
    due_on: date | None = None
    priority: str = "medium"
    category: str = "in_progress"
    estimate: Decimal | None = None
    completed_at: datetime | None = None
    archived_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    checklist: list[Item] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    blocked_by: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)  # what has no field here: kept as text
    gone: bool = False  # only its history is left


@dataclass
class Draft:
    """`columns`, `lanes` and `cards` are in their order."""

    name: str
    columns: list[Column] = field(default_factory=list)
    lanes: list[tuple[str, str]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    automations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)  # line of the file, why
    index: dict[tuple[What, str], Note] = field(default_factory=dict, repr=False)

    def note(self, what: What, text: str, example: str = "", *, most: int = 5) -> None:
        """The same text is one line with a count and a few examples; there are not more lines than anybody reads."""
        if (what, text) not in self.index and len(self.index) >= MAX_NOTES:
            what, text = LEFT, "Other things, of more kinds than can be listed"
        line = self.index.get((what, text))
        if line is None:
            line = self.index[what, text] = Note(what, text, 0)
            self.notes.append(line)
        line.count += 1
        if example and len(line.examples) < most:
            line.examples.append(example[:120])


def one_line(text: str) -> str:
    return re.sub(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*", " ", text).strip() or "Without a title"


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


class TooManyColumns(Invalid):
    """A board may have 30 columns."""


def finish(draft: Draft) -> None:
    """Names that fit and differ, and not more of anything than a board may have. Raises TooManyColumns."""
    open_ = sum(column.removed_at is None for column in draft.columns)
    if open_ > MAX_COLUMNS:
        raise TooManyColumns(
            f"This file makes {open_} columns; a board may have {MAX_COLUMNS}. Choose which lists become columns."
        )
    _limit(draft)
    _rename(draft, draft.columns, "list")
    _rename(draft, draft.labels, "label")
    for card in draft.cards:
        _fit(draft, card)


def _limit(draft: Draft) -> None:
    """The labels that are used most stay labels; the others are text on their cards."""
    uses = Counter(label for card in draft.cards for label in card.labels)
    ranked = sorted(draft.labels, key=lambda label: -uses[label.key])
    names = {label.key: label.name for label in ranked[MAX_LABELS:]}
    lanes = dict(draft.lanes[MAX_LANES:])
    draft.labels = [label for label in draft.labels if label.key not in names]
    draft.lanes = draft.lanes[:MAX_LANES]
    for card in draft.cards if names or lanes else []:
        for key in [key for key in card.labels if key in names]:
            card.labels.remove(key)
            card.extras.append(f"Label: {names[key]}")
            draft.note(KEPT, f"Labels beyond the {MAX_LABELS} that are used most", names[key])
        if card.lane in lanes:
            card.extras.append(f"Lane: {lanes[card.lane]}")
            draft.note(KEPT, f"Lanes beyond the first {MAX_LANES}", lanes[card.lane])
            card.lane = None


def _rename(draft: Draft, things: list[Any], kind: str) -> None:
    taken: set[str] = set()
    for thing in things:
        if getattr(thing, "removed_at", None):
            thing.name = cut(thing.name.strip(), NAME) or "Without a name"
            continue
        name = first = cut(thing.name.strip(), NAME) or "Without a name"
        number = 2
        while name.casefold() in taken:
            name = f"{cut(first, NAME - 6)} ({number})"
            number += 1
        if name != thing.name:
            draft.note(CHANGED, f"Names of a {kind} that were empty, too long or there twice", f"{thing.name} → {name}")
        taken.add(name.casefold())
        thing.name = name


def _fit(draft: Draft, card: Card) -> None:
    title = one_line(card.title)
    if len(title) > TITLE:
        card.extras.insert(0, f"Full title: {title}")
        draft.note(KEPT, f"Titles longer than {TITLE} characters: the whole of it is in the description", title)
    card.title = cut(title, TITLE)
    for event in card.events:
        event.state.title = cut(one_line(event.state.title), TITLE)
    if card.start_on and card.due_on and card.start_on > card.due_on:
        card.extras.append(f"Start: {card.start_on}")
        draft.note(KEPT, "Start dates after the due date, as text in the description", card.title)
        card.start_on = None
    if len(card.description) > TEXT:
        draft.note(CHANGED, "Descriptions that are too long: the rest is a comment", card.title)


def describe(card: Card, origin: str) -> None:
    """What has no field here stands under the description; what does not fit there, in comments."""
    text = card.description
    if card.extras:
        text = f"{text.rstrip()}\n\n**{origin}**\n\n" if text.strip() else f"**{origin}**\n\n"
        text += "\n".join(f"- {' '.join(line.split())}" for line in card.extras)
    rest = text[TEXT:]
    pieces = [rest[start : start + COMMENT] for start in range(0, len(rest), COMMENT)]
    card.comments += [Comment(card.created_at, "", piece) for piece in pieces if piece.strip()]
    card.description = text[:TEXT]
