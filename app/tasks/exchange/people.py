"""Who in a file is whom here. Only who is certain: a wrong name on a card is worse than a name as text."""

from collections import defaultdict
from collections.abc import Iterable

from app.core.actor import Actor
from app.tasks.exchange.draft import Person


def match(people: Iterable[Person], here: Iterable[Actor]) -> dict[str, Actor]:
    """By address, else by full name, else by the name before the @; each only where a single person has it."""
    by_email, by_name, by_login = _index(here)
    found: dict[str, Actor] = {}
    for person in people:
        for index, word in ((by_email, person.email), (by_name, person.name), (by_login, person.username)):
            hits = index.get(" ".join(word.casefold().split()), []) if word else []
            if len(hits) == 1:
                found[person.key] = hits[0]
            if hits:
                break  # several of one name: none of them is certain
    return found


def _index(here: Iterable[Actor]) -> tuple[dict[str, list[Actor]], ...]:
    indexes: tuple[dict[str, list[Actor]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
    for actor in here:
        address = actor.email.casefold()
        words = (address, " ".join(actor.name.casefold().split()), address.split("@")[0])
        for index, word in zip(indexes, words, strict=True):
            index[word].append(actor)
    return indexes
