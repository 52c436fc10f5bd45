"""Whoever wants to react to what happens to cards says so here, when its own service is loaded."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks.tables import CardRow, TransitionRow

Listener = Callable[[Session, Actor, CardRow, TransitionRow], None]

_listeners: list[Listener] = []


def on_card_event(listener: Listener) -> Listener:
    """It is called for each new line of the log, in the same transaction and under the board's lock."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell_listeners(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    for listener in _listeners:
        listener(db, actor, card, event)
