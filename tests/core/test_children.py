"""Children: values and errors come back, limits hold, nothing outlives its parent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.core import children
from app.core.children import Child, ChildCrashed, ChildOutOfMemory, ChildTimedOut, Died, Limits, call
from app.core.errors import Invalid

TARGETS = "tests.core.child_targets"


def eventually_gone(pid: int, seconds: float = 120) -> bool:
    ends = time.monotonic() + seconds
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > ends:
                return False
            time.sleep(0.02)
    return True


def test_the_value_of_a_function_comes_back() -> None:
    assert call(f"{TARGETS}:add", 2, 3) == 5


def test_a_child_is_another_process_with_one_thread_a_library_and_without_our_main() -> None:
    seen = call(f"{TARGETS}:surroundings")
    assert seen["pid"] != os.getpid()
    assert seen["omp"] == "1"
    assert "pytest" not in str(seen["main"])


def test_a_refusal_of_the_child_is_raised_with_its_text_and_details() -> None:
    with pytest.raises(Invalid, match=r"The value 7 is too large\.") as caught:
        call(f"{TARGETS}:refuse")
    assert caught.value.details == [{"value": 7}]


def test_a_refusal_that_cannot_travel_arrives_as_its_nearest_relative() -> None:
    with pytest.raises(Invalid, match=r"Row 3 has no price\.") as caught:
        call(f"{TARGETS}:refuse_specially")
    assert caught.value.details == [{"row": 3}]


@pytest.mark.parametrize("target", ["break_down", "unpicklable"])
def test_a_defect_shows_a_number_and_no_internals(target: str) -> None:
    with pytest.raises(ChildCrashed, match=r"under [0-9a-f]{8}") as caught:
        call(f"{TARGETS}:{target}")
    assert "secret" not in caught.value.message


@pytest.mark.crash
def test_a_segmentation_fault_harms_the_child_only() -> None:
    with pytest.raises(ChildCrashed, match=r"SIGSEGV"):
        call(f"{TARGETS}:crash")
    assert call(f"{TARGETS}:add", 1, 1) == 2


def test_a_child_that_hangs_is_killed_at_its_limit() -> None:
    started = time.monotonic()
    with pytest.raises(ChildTimedOut, match=r"0\.3 s"):
        call(f"{TARGETS}:hang", wall_seconds=0.3)
    assert time.monotonic() - started < 60  # and not the ten minutes that it would take
    assert not children._living


def test_memory_beyond_the_limit_is_refused() -> None:
    assert call(f"{TARGETS}:take_memory", 50, memory_mb=300) == 50 * 1024 * 1024
    with pytest.raises(ChildOutOfMemory, match=r"300 MB"):
        call(f"{TARGETS}:take_memory", 400, memory_mb=300)


@pytest.mark.crash
def test_processor_time_beyond_the_limit_ends_the_child() -> None:
    child = Child(f"{TARGETS}:loop_forever", (), Limits(wall_seconds=600, cpu_seconds=0.1))
    try:
        assert child.wait(120)
        assert child.ending() == Died(-signal.SIGXCPU)
    finally:
        child.kill()


def test_a_child_calls_directly_instead_of_starting_children() -> None:
    assert call(f"{TARGETS}:nested") == 5


@pytest.mark.crash
@pytest.mark.parametrize("target", ["hang", "hang_in_c"])
def test_a_child_dies_with_its_parent_even_while_it_is_stuck_in_c_code(tmp_path: Path, target: str) -> None:
    mark = tmp_path / "pid"
    code = f"from app.core import children; children.call('{TARGETS}:{target}', {str(mark)!r}, wall_seconds=600)"
    parent = subprocess.Popen([sys.executable, "-c", code])
    while not (mark.exists() and mark.read_text()):
        assert parent.poll() is None
        time.sleep(0.02)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert eventually_gone(int(mark.read_text()))


def test_heavy_libraries_are_not_imported_by_the_parent() -> None:
    code = "import sys, app.core.children; print([m for m in ('polars', 'duckdb', 'sqlalchemy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
