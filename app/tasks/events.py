"""Whoever wants to react to what happens to cards says so here, when its own service is loaded."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks.tables import CardRow, TransitionRow

Batch = Sequence[tuple[CardRow, TransitionRow]]
Listener = Callable[[Session, Actor, Batch], None]

_listeners: list[Listener] = []
_late_listeners: list[Listener] = []


def on_card_events(listener: Listener) -> Listener:
    """It is called once for all new lines of one change, in the same transaction and under the board's lock."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def after_card_events(listener: Listener) -> Listener:
    """The same, when all others have heard of them: for what changes cards in answer."""
    if listener not in _late_listeners:
        _late_listeners.append(listener)
    return listener


def tell_listeners(db: Session, actor: Actor, batch: Batch) -> None:
    for listener in (*_listeners, *_late_listeners):
        listener(db, actor, batch)
