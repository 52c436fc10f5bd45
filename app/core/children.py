"""Functions run in a child process with limits, so that a crash, a leak or an endless loop harms nobody else.

Children are forked from a small server process that imported little, not from this one with its threads: a start takes
some milliseconds. They never run this program's `__main__` again, and they die with the process that started them.
"""

import atexit
import contextlib
import ctypes
import importlib
import os
import pickle
import resource
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import connection, context, forkserver, popen_forkserver, spawn
from multiprocessing.process import BaseProcess, parent_process
from typing import Any

import structlog

from app.core import errors
from app.core.errors import AppError, TooLarge, Unavailable

SIGXCPU_GRACE_SECONDS = 5
PR_SET_PDEATHSIG = 1
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

log = structlog.stdlib.get_logger(__name__)
_launching = threading.Lock()
_living: set["Child"] = set()
_inside = False  # whether this process is such a child


class ChildCrashed(AppError):
    """This could not be calculated: the calculation stopped unexpectedly."""


class ChildTimedOut(Unavailable):
    """This takes longer than allowed. Try it with less data."""


class ChildOutOfMemory(TooLarge):
    """This needs more memory than allowed. Try it with less data."""


@dataclass(frozen=True)
class Limits:
    """`cpu_seconds` counts all threads together; by default it only catches what the wall clock missed."""

    wall_seconds: float = 30
    memory_mb: int = 1024
    cpu_seconds: float | None = None


@dataclass(frozen=True)
class Returned:
    value: Any


@dataclass(frozen=True)
class Raised:
    """`refusal` is an AppError with its text for people; otherwise `traceback` is for administrators."""

    refusal: AppError | None
    traceback: str
    out_of_memory: bool = False


@dataclass(frozen=True)
class Died:
    """It said nothing: killed by a limit, the system or its own defect. Negative = signal."""

    exit_code: int


def call(target: str, *args: Any, wall_seconds: float = 30, memory_mb: int = 1024) -> Any:
    """`module:function` with picklable arguments and value. An AppError of the child is raised here as it was.

    Inside a child (a job, say) it is a plain call: the limits of that child hold.
    """
    if _inside:
        return load(target)(*args)
    limits = Limits(wall_seconds, memory_mb)
    child = Child(target, args, limits)
    try:
        if not child.wait(wall_seconds):
            raise ChildTimedOut(f"This takes longer than the {wall_seconds:g} s allowed. Try it with less data.")
        return _value(child.ending(), target, limits)
    finally:
        child.kill()


def prepare(*preload: str) -> None:
    """Starts the server process and waits until it works. Children find the modules in `preload` imported."""
    # Nothing that reserves memory, as the chart engine does: it would count against the limit of each child.
    forkserver.set_forkserver_preload([__name__, *preload])
    call("builtins:len", "")


class Child:
    """One function at work. The caller waits, reads how it ended, and kills in any case."""

    def __init__(self, target: str, args: tuple[Any, ...], limits: Limits, *, ignore_terminate: bool = False) -> None:
        self._answer, writer = connection.Pipe(duplex=False)
        self._process = _Process(target=_run, args=(writer, target, args, limits, ignore_terminate), daemon=True)
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


def load(reference: str) -> Any:
    """`package.module:name` -> the thing itself."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


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


def _death(code: int, limits: Limits) -> AppError:
    if code == -signal.SIGXCPU:
        return ChildTimedOut()
    return ChildCrashed(
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


class _Launch(popen_forkserver.Popen):
    def _launch(self, process_obj: BaseProcess) -> None:
        with _launching, _without_main():
            super()._launch(process_obj)  # type: ignore[misc]  # missing in typeshed


class _Process(context.ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> popen_forkserver.Popen:
        return _Launch(process_obj)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Else each child would first run the file that is `__main__` here: the launcher, or a page of the browser UI."""
    original = spawn.get_preparation_data

    def lean(name: str) -> dict[str, Any]:
        return {key: value for key, value in original(name).items() if not key.startswith("init_main")}

    spawn.get_preparation_data = lean
    try:
        yield
    finally:
        spawn.get_preparation_data = original


def _run(
    answer: "connection.Connection[Any, Any]",
    target: str,
    args: tuple[Any, ...],
    limits: Limits,
    ignore_terminate: bool,
) -> None:
    """The whole life of a child."""
    global _inside
    _inside = True
    _bind_to_parent()
    _set_limits(limits)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if ignore_terminate else signal.SIG_DFL)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        answer.send(_ending(target, args))
    except MemoryError:
        answer.send(Raised(None, "", out_of_memory=True))
    except Exception:  # a value that cannot be pickled
        answer.send(Raised(None, traceback.format_exc()))


def _ending(target: str, args: tuple[Any, ...]) -> Returned | Raised:
    try:
        return Returned(load(target)(*args))
    except AppError as error:
        return Raised(_portable(error), "")
    except MemoryError:
        return Raised(None, "", out_of_memory=True)
    except Exception:
        return Raised(None, traceback.format_exc())


def _portable(error: AppError) -> AppError:
    """Itself when it survives the way to the parent, else its nearest relative with the same text."""
    with contextlib.suppress(Exception):
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
        return error
    relative = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    portable = relative(error.message, details=error.details)
    assert isinstance(portable, AppError)
    return portable


def _set_limits(limits: Limits) -> None:
    cpu = int(limits.cpu_seconds or limits.wall_seconds * (os.cpu_count() or 1)) + 1
    memory = limits.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + SIGXCPU_GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _bind_to_parent() -> None:
    """On Linux by the kernel, because a library that holds the interpreter lock would stop a watching thread.

    The server process ends when the last holder of its `alive` pipe does, so this child must not be one of them.
    """
    alive = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]
    if alive is not None:
        os.close(alive)
        forkserver._forkserver._forkserver_alive_fd = None  # type: ignore[attr-defined]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(75)
