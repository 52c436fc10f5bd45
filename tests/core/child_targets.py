"""What the children of test_children do. A module of its own, because a child imports it anew."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.core import children
from app.core.errors import Invalid


class PriceMissing(Invalid):
    """A price is missing."""

    def __init__(self, *, row: int, reason: str) -> None:
        super().__init__(f"Row {row} has no price.", details=[{"row": row}])


def add(left: int, right: int) -> int:
    return left + right


def refuse() -> None:
    raise Invalid("The value 7 is too large.", details=[{"value": 7}])


def refuse_specially() -> None:
    raise PriceMissing(row=3, reason="unpicklable signature")


def break_down() -> None:
    raise ZeroDivisionError("secret detail")


def crash() -> None:
    ctypes.string_at(0)


def hang(mark: str = "") -> None:
    if mark:
        Path(mark).write_text(str(os.getpid()))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def take_memory(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024 * 1024))


def loop_forever() -> None:
    while True:
        pass


def unpicklable() -> threading.Lock:
    return threading.Lock()


def nested() -> int:
    value: int = children.call("tests.core.child_targets:add", 2, 3)
    return value


def surroundings() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "omp": os.environ["OMP_NUM_THREADS"],
        "main": getattr(sys.modules["__main__"], "__file__", ""),
    }


def hang_in_c(mark: str) -> None:
    """Holds the interpreter lock, as a library without mercy does."""
    Path(mark).write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(600)


def count_up(parts: int, size: int = 1) -> Iterator[bytes]:
    for number in range(parts):
        yield bytes([number % 256]) * size


def parts_then_failure(failure: str) -> Iterator[bytes]:
    yield b"a good beginning"
    if failure == "refuse":
        refuse()
    if failure == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if failure == "break_down":
        break_down()
    hang()


def count_what_was_taken(mark: str) -> Iterator[bytes]:
    """Writes down how far it came: `pid part`."""
    for part in range(1_000_000):
        Path(f"{mark}.new").write_text(f"{os.getpid()} {part}")
        Path(f"{mark}.new").rename(mark)
        yield bytes(1 << 16)


def stream_inside_a_child() -> int:
    return len(list(children.stream("tests.core.child_targets:count_up", 3)))


def refuse_at_once(_: int) -> Iterator[bytes]:
    refuse()
    yield b""
