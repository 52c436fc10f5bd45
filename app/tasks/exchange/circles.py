"""Whether cards wait for each other in a circle. Pure."""

from collections.abc import Iterator

from app.core.errors import Invalid
from app.tasks.exchange.draft import Card


def check_blockers(cards: list[Card]) -> None:
    """Every card waits for cards of this file, and none for itself, however far around."""
    waits = {card.key: card.blocked_by for card in cards if not card.gone}
    if unknown := next((key for keys in waits.values() for key in keys if key not in waits), None):
        raise Invalid(f"blocked_by: no card of this file has the id “{unknown[:60]}”.")
    done: set[str] = set()
    for start in waits:
        path: list[tuple[str, Iterator[str]]] = [(start, iter(waits[start]))] if start not in done else []
        on_path = {start}
        while path:
            key, left = path[-1]
            after = next((one for one in left if one not in done), None)
            if after is None:
                done.add(key)
                on_path.discard(key)
                path.pop()
            elif after in on_path:
                raise Invalid("blocked_by: some cards of this file wait for each other in a circle.")
            else:
                on_path.add(after)
                path.append((after, iter(waits[after])))
