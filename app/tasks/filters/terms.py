"""What a filter is once it is understood. Plain values: nothing here knows a database or a clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Comparison = Literal["<", "<=", "=", ">=", ">"]
Unit = Literal["d", "w", "m", "y"]


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it was written."""

    day: date


@dataclass(frozen=True, slots=True)
class Shift:
    """So many days, weeks, months or years from today; of what lies in the past, before today."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Period:
    """`today`, `this-week` and the like."""

    name: str


Moment = Day | Shift | Period


@dataclass(frozen=True, slots=True)
class Contains:
    """`where` is a field of text, or empty: title or description."""

    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Numbered:
    number: int


@dataclass(frozen=True, slots=True)
class Called:
    """A column, lane, label or person by name."""

    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Mine:
    field: str


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing is entered there."""

    field: str


@dataclass(frozen=True, slots=True)
class Chosen:
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Compared:
    """An estimate, or a priority as its place in their order."""

    field: str
    by: Comparison
    value: Decimal


@dataclass(frozen=True, slots=True)
class Dated:
    """Within the days of `first` to `last`, or before, up to, from or after those of `first`."""

    field: str
    by: Comparison
    first: Moment
    last: Moment | None = None


@dataclass(frozen=True, slots=True)
class State:
    name: str


@dataclass(frozen=True, slots=True)
class Holds:
    thing: str


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple["Node", ...]


Leaf = Contains | Numbered | Called | Mine | Empty | Chosen | Compared | Dated | State | Holds
Node = Leaf | Not | All | Either


@dataclass(frozen=True, slots=True)
class Filter:
    """`root` is None when every card is meant."""

    text: str
    root: Node | None

    @property
    def is_empty(self) -> bool:
        return self.root is None

    @property
    def asks_for_archived(self) -> bool:
        """Whoever names archived cards means all cards, not only those on the board."""
        return any(leaf == State("archived") or getattr(leaf, "field", "") == "archived" for leaf in leaves(self.root))


def leaves(node: Node | None) -> Iterator[Leaf]:
    if isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, All | Either):
        for part in node.parts:
            yield from leaves(part)
    elif node is not None:
        yield node
