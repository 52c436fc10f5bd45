"""Whom a text names. Pure.

`@Ada`, `@"Ada Lovelace"`, `@Ada Lovelace`, `@ada@example.com` or `@ada.l`, which is the beginning of an address; in any
case. The longest that fits wins, and a first name counts only where nothing else fits; what fits several people names
all of them.
"""

import re
from collections.abc import Callable, Collection
from itertools import islice
from typing import NamedTuple
from uuid import UUID

CODE = re.compile(r"(?P<fence>```|~~~).*?(?:(?P=fence)|\Z)|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
AT = re.compile(r"(?<![\w@./])@(?=[\w\"“„«])")
QUOTED = re.compile(r"[\"“„«]([^\"”“»\n]{1,120})[\"”“»]")
GOES_ON = re.compile(r"\w|[.+@-]\w")
LONGEST = 300
MOST = 200  # of a longer list the rest is not looked at: everybody who works on the board waits for this


class Named(NamedTuple):
    """Somebody who can be mentioned."""

    id: UUID
    name: str
    email: str


def mentioned(text: str, people: Collection[Named]) -> set[UUID]:
    """Code is not looked into: an `@` there is something else."""
    plain = CODE.sub(" ", text)
    found: set[UUID] = set()
    for at in islice(AT.finditer(plain), MOST):
        rest = plain[at.end() : at.end() + LONGEST]
        quoted = QUOTED.match(rest)
        found |= _named_by(_plain(quoted[1] if quoted else rest.splitlines()[0]), people)
    return found


def _named_by(words: str, people: Collection[Named]) -> set[UUID]:
    """Whom the words after an `@` name, at their beginning."""
    known: list[Callable[[Named], str]] = [
        lambda one: one.name,
        lambda one: one.email,
        lambda one: one.email.partition("@")[0],
    ]
    return _longest(words, people, known) or _longest(words, people, [lambda one: one.name.partition(" ")[0]])


def _longest(words: str, people: Collection[Named], known: list[Callable[[Named], str]]) -> set[UUID]:
    found: dict[int, set[UUID]] = {}
    for one in people:
        for known_as in known:
            name = _plain(known_as(one))
            if name and words.startswith(name) and not GOES_ON.match(words[len(name) :]):
                found.setdefault(len(name), set()).add(one.id)
    return found[max(found)] if found else set()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
