"""What a child process of `children` is: how it starts, what it may use, and what it says at the end."""

import contextlib
import ctypes
import importlib
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import connection, context, forkserver, popen_forkserver, spawn
from multiprocessing.process import BaseProcess, parent_process
from typing import Any

from app.core import errors
from app.core.errors import AppError

SIGXCPU_GRACE_SECONDS = 5
PR_SET_PDEATHSIG = 1
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_launching = threading.Lock()
_inside = False  # whether this process is such a child


def inside() -> bool:
    return _inside


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
class Options:
    """`streams`: the function gives bytes, part by part, that are read while it works."""

    ignore_terminate: bool = False
    streams: bool = False


def load(reference: str) -> Any:
    """`package.module:name` -> the thing itself."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


class _Launch(popen_forkserver.Popen):
    def _launch(self, process_obj: BaseProcess) -> None:
        with _launching, _without_main():
            super()._launch(process_obj)  # type: ignore[misc]  # missing in typeshed


class Process(context.ForkServerProcess):
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


def run(
    answer: "connection.Connection[Any, Any]",
    target: str,
    args: tuple[Any, ...],
    limits: Limits,
    options: Options,
) -> None:
    """The whole life of a child."""
    global _inside
    _inside = True
    _bind_to_parent()
    _set_limits(limits)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if options.ignore_terminate else signal.SIG_DFL)
    if options.streams:  # a reader that has fallen asleep does not look at a clock
        signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    ending = _ending(target, args, answer if options.streams else None)
    if options.streams:
        answer.send_bytes(b"")  # no more parts: what follows is how it ended
    try:
        answer.send(ending)
    except MemoryError:
        answer.send(Raised(None, "", out_of_memory=True))
    except Exception:  # a value that cannot be pickled
        answer.send(Raised(None, traceback.format_exc()))


def _ending(
    target: str, args: tuple[Any, ...], parts_to: "connection.Connection[Any, Any] | None"
) -> Returned | Raised:
    try:
        value = load(target)(*args)
        if parts_to is None:
            return Returned(value)
        _pass_on(value, parts_to)
        return Returned(None)
    except AppError as error:
        return Raised(_portable(error), "")
    except MemoryError:
        return Raised(None, "", out_of_memory=True)
    except Exception:
        return Raised(None, traceback.format_exc())


def _pass_on(parts: Iterator[bytes], to: "connection.Connection[Any, Any]") -> None:
    """Waits while the reader does: the pipe holds 64 KiB."""
    for part in parts:
        if part:
            to.send_bytes(part)


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
