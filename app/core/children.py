"""Functions run in a child process with limits, so that a crash, a leak or an endless loop harms nobody else.

Children are forked from a small server process that imported little, not from this one with its threads: a start takes
some milliseconds. They never run this program's `__main__` again, and they die with the process that started them.
"""

import atexit
import contextlib
import pickle
import secrets
import signal
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing import connection, forkserver
from typing import Any

import structlog

from app.core import child_process
from app.core.child_process import Limits, Options, Process, Raised, Returned, load
from app.core.errors import AppError, TooLarge, Unavailable

__all__ = ["Child", "Died", "Limits", "Raised", "Returned", "call", "load", "stream"]

log = structlog.stdlib.get_logger(__name__)
NO_OPTIONS = Options()
_living: set["Child"] = set()
_warming = threading.Lock()  # taken once, never given back


class ChildCrashed(AppError):
    """This could not be calculated: the calculation stopped unexpectedly."""


class ChildDied(ChildCrashed):
    """This could not be calculated: the process that did it was gone at once."""


class ChildTimedOut(Unavailable):
    """This takes longer than allowed. Try it with less data."""


class ChildOutOfMemory(TooLarge):
    """This needs more memory than allowed. Try it with less data."""


@dataclass(frozen=True)
class Died:
    """It said nothing: killed by a limit, the system or its own defect. Negative = signal."""

    exit_code: int


def call(target: str, *args: Any, wall_seconds: float = 30, memory_mb: int = 1024) -> Any:
    """`module:function` with picklable arguments and value. An AppError of the child is raised here as it was.

    Inside a child (a job, say) it is a plain call: the limits of that child hold.
    """
    if child_process.inside():
        return load(target)(*args)
    limits = Limits(wall_seconds, memory_mb)
    child = Child(target, args, limits)
    try:
        if not child.wait(wall_seconds):
            raise _too_long(limits)
        return _value(child.ending(), target, limits)
    finally:
        child.kill()


def stream(target: str, *args: Any, wall_seconds: float = 30, memory_mb: int = 1024) -> Generator[bytes]:
    """What a generator function `module:function` yields, while it works: it waits whenever nobody reads.

    Starts with the first part that is asked for. A failure is raised where the next part would have been; whoever
    stops reading early closes the iterator, or lets go of it, and the child is gone.
    """
    if child_process.inside():
        yield from load(target)(*args)
        return
    limits = Limits(wall_seconds, memory_mb)
    child = Child(target, args, limits, Options(streams=True))
    ends = time.monotonic() + wall_seconds
    try:
        while child.wait(ends - time.monotonic()):
            if part := child.part():
                yield part
            else:
                _value(child.ending(), target, limits)
                return
        raise _too_long(limits)
    finally:
        child.kill()


def expect(*modules: str) -> None:
    """Children will find these imported; for a process that may start none, and should not wait for it."""
    forkserver.set_forkserver_preload([__name__, "app.core.one_thread", *modules])


def warm_up() -> None:
    """Returns at once. Call it where somebody is about to need a child: the first would wait until all is imported."""
    if _warming.acquire(blocking=False):
        threading.Thread(target=call, args=("builtins:len", ""), name="warm up", daemon=True).start()


def prepare(*preload: str) -> None:
    """Starts the server process and waits until it works. Children find the modules in `preload` imported."""
    # Nothing that reserves memory, as the chart engine does: it would count against the limit of each child.
    expect(*preload)
    call("builtins:len", "")


class Child:
    """One function at work. The caller waits, reads how it ended, and kills in any case."""

    def __init__(self, target: str, args: tuple[Any, ...], limits: Limits, options: Options = NO_OPTIONS) -> None:
        self._answer, writer = connection.Pipe(duplex=False)
        self._process = Process(target=child_process.run, args=(writer, target, args, limits, options), daemon=True)
        try:
            self._process.start()
        except BaseException:
            self._answer.close()
            raise
        finally:
            writer.close()
        _living.add(self)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def wait(self, seconds: float) -> bool:
        """Whether it ended within this time."""
        return bool(connection.wait([self._answer, self._process.sentinel], timeout=max(seconds, 0)))

    def part(self) -> bytes:
        """The next one of what it streams. Empty when there are no more, for whatever reason: see `ending`."""
        try:
            return self._answer.recv_bytes()
        except (EOFError, OSError):
            return b""

    def ending(self) -> Returned | Raised | Died:
        """Call after `wait` said that it ended."""
        try:
            ending = self._answer.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            self._process.join(5)
            return Died(self._process.exitcode if self._process.exitcode is not None else -signal.SIGKILL)
        assert isinstance(ending, Returned | Raised)
        return ending

    def kill(self) -> None:
        """At once and for sure; harmless when it has ended already."""
        if self in _living:
            _living.discard(self)
            if self._process.is_alive():
                self._process.kill()
            self._process.join(5)
            self._answer.close()
            with contextlib.suppress(ValueError):
                self._process.close()


def kill_all() -> None:
    """Everything that this process has started here."""
    for child in list(_living):
        child.kill()


atexit.register(kill_all)
forkserver.set_forkserver_preload([__name__])  # else it would import `__main__`, too


def _value(ending: Returned | Raised | Died, target: str, limits: Limits) -> Any:
    match ending:
        case Returned(value):
            return value
        case Raised(refusal) if refusal is not None:
            raise refusal
        case Raised(out_of_memory=True):
            raise ChildOutOfMemory(f"This needs more than the {limits.memory_mb} MB of memory allowed.")
        case Raised(_, text):
            number = secrets.token_hex(4)
            log.error("child failed", target=target, error_id=number, traceback=text)
            raise ChildCrashed(f"This could not be calculated. An administrator finds the cause under {number}.")
        case Died(code):
            log.error("child died", target=target, exit_code=code)
            raise _death(code, limits)


def _too_long(limits: Limits) -> AppError:
    return ChildTimedOut(f"This takes longer than the {limits.wall_seconds:g} s allowed. Try it with less data.")


def _death(code: int, limits: Limits) -> AppError:
    if code in (-signal.SIGXCPU, -signal.SIGALRM):
        return ChildTimedOut()
    return ChildDied(
        f"This could not be calculated: it stopped unexpectedly ({exit_name(code)}). "
        f"It may need more than the {limits.memory_mb} MB of memory allowed."
    )


def exit_name(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
