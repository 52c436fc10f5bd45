"""Whoever wants to react to what happens to cards says so here, when its own service is loaded."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks.tables import CardRow, TransitionRow

Listener = Callable[[Session, Actor, CardRow, TransitionRow], None]

Batch = Sequence[tuple[CardRow, TransitionRow]]
BatchListener = Callable[[Session, Actor, Batch], None]

_listeners: list[Listener] = []
_batch_listeners: list[BatchListener] = []


def on_card_event(listener: Listener) -> Listener:
    """It is called for each new line of the log, in the same transaction and under the board's lock."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell_listeners(db: Session, actor: Actor, card: CardRow, event: TransitionRow) -> None:
    for listener in _listeners:
        listener(db, actor, card, event)


def on_card_events(listener: BatchListener) -> BatchListener:
    """It is called once for all lines of one change, so that a change of many cards need not cost much for each."""
    if listener not in _batch_listeners:
        _batch_listeners.append(listener)
    return listener


def tell_batch_listeners(db: Session, actor: Actor, batch: Batch) -> None:
    for listener in _batch_listeners:
        listener(db, actor, batch)
