"""Streams out of a child: all of it or a visible failure, no faster than it is read, nothing left over."""

import gc
import itertools
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.core import children
from app.core.children import ChildCrashed, ChildOutOfMemory, ChildTimedOut, call, stream
from app.core.errors import AppError, Invalid
from tests.core.test_children import eventually_gone

TARGETS = "tests.core.child_targets"


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_all_parts_arrive_in_order_whatever_their_size() -> None:
    assert b"".join(stream(f"{TARGETS}:count_up", 300)) == bytes(range(256)) + bytes(range(44))
    assert sum(len(part) for part in stream(f"{TARGETS}:count_up", 40, 1 << 20)) == 40 << 20


def test_a_stream_of_nothing_is_empty() -> None:
    assert list(stream(f"{TARGETS}:count_up", 0)) == []
    assert list(stream(f"{TARGETS}:count_up", 3, 0)) == []


@pytest.mark.parametrize(
    ("failure", "error"), [("refuse", Invalid), ("break_down", ChildCrashed), ("crash", ChildCrashed)]
)
def test_a_failure_in_the_middle_is_raised_after_the_parts_before_it(failure: str, error: type[AppError]) -> None:
    parts = stream(f"{TARGETS}:parts_then_failure", failure)
    assert next(parts) == b"a good beginning"
    with pytest.raises(error):
        next(parts)
    assert not children._living


def test_a_stream_that_hangs_ends_at_its_limit() -> None:
    started = time.monotonic()
    with pytest.raises(ChildTimedOut, match=r"0\.4 s"):
        list(stream(f"{TARGETS}:parts_then_failure", "hang", wall_seconds=0.4))
    assert time.monotonic() - started < 60  # and not the ten minutes that it would take


def test_a_function_that_gives_no_parts_is_a_failure() -> None:
    with pytest.raises(ChildCrashed):
        list(stream(f"{TARGETS}:add", 1, 2))
    with pytest.raises(ChildOutOfMemory):
        list(stream(f"{TARGETS}:take_memory", 900, memory_mb=300))


def test_the_child_waits_for_its_reader(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    parts = stream(f"{TARGETS}:count_what_was_taken", str(mark))
    for _ in range(3):
        next(parts)
    time.sleep(0.3)
    assert int(mark.read_text().split()[1]) < 8
    parts.close()


@pytest.mark.parametrize("leave", ["close", "let go"])
def test_a_reader_that_goes_away_takes_the_child_with_it(tmp_path: Path, leave: str) -> None:
    mark = tmp_path / "mark"
    parts = stream(f"{TARGETS}:count_what_was_taken", str(mark))
    next(parts)
    pid = int(mark.read_text().split()[0])
    if leave == "close":
        parts.close()
    else:
        del parts
        gc.collect()
    assert eventually_gone(pid)
    assert not children._living


def test_a_reader_that_fell_asleep_does_not_keep_the_child_for_ever(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    parts = stream(f"{TARGETS}:count_what_was_taken", str(mark), wall_seconds=2)
    next(parts)
    assert eventually_gone(int(mark.read_text().split()[0]))
    with pytest.raises(ChildTimedOut):
        list(parts)


def test_many_streams_leave_no_process_and_no_descriptor() -> None:
    call("builtins:len", "")  # the server of children is there from now on
    before, ours = open_descriptors(), len(psutil.Process().children(recursive=True))
    for end in itertools.islice(itertools.cycle([3, 1]), 20):
        parts = stream(f"{TARGETS}:count_up", 3)
        assert len(list(itertools.islice(parts, end))) == end
        parts.close()
    assert open_descriptors() <= before
    assert len(psutil.Process().children(recursive=True)) <= ours


@pytest.mark.crash
def test_a_streaming_child_dies_with_its_parent(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    target = f"{TARGETS}:count_what_was_taken"
    started = f"from app.core.children import stream; p = stream({target!r}, {str(mark)!r}); next(p)"
    code = f"{started}; print('!', flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        parent.kill()
    assert eventually_gone(int(mark.read_text().split()[0]))


def test_inside_a_child_a_stream_is_a_plain_loop() -> None:
    assert call(f"{TARGETS}:stream_inside_a_child") == 3
