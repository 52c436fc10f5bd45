"""The one place that knows what time it is. Always aware, always UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """Stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self.at


_clock: ContextVar[Clock] = ContextVar("clock", default=SystemClock())  # noqa: B039  it is stateless


def now() -> datetime:
    return _clock.get().now()


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Everything called inside the block sees this clock."""
    token = _clock.set(clock)
    try:
        yield clock
    finally:
        _clock.reset(token)
