"""Jobs of the tests. Each writes what it did into the table `done`, so that doubles and losses can be counted."""

import ctypes
import os
import time
from pathlib import Path

import sqlalchemy as sa

from app.jobs.context import Handler, JobContext, limited

DONE = "create table done (run_id uuid, attempt int, pid int)"


def write_down(ctx: JobContext) -> None:
    with ctx.transaction() as db:
        db.execute(
            sa.text("insert into done values (:run, :attempt, :pid)"),
            {"run": ctx.run_id, "attempt": ctx.attempt, "pid": os.getpid()},
        )


def do_nothing(_: JobContext) -> None:
    return None


def wait_for_file(ctx: JobContext) -> None:
    """Works until the test says go on, by a file."""
    ctx.step("Waiting for a file", 0.5)
    while not Path(ctx.args["file"]).exists():
        time.sleep(0.05)
    write_down(ctx)


def crash(ctx: JobContext) -> None:
    ctypes.string_at(0)


def break_twice(ctx: JobContext) -> None:
    if ctx.attempt < 3:
        raise ZeroDivisionError("secret detail")
    write_down(ctx)


@limited(wall_seconds=1)
def hang(ctx: JobContext) -> None:
    time.sleep(600)


@limited(wall_seconds=30, memory_mb=200)
def eat_memory(ctx: JobContext) -> None:
    bytearray(2**30)


HANDLERS: dict[str, Handler] = {
    "test.noop": do_nothing,
    "test.write_down": write_down,
    "test.wait_for_file": wait_for_file,
    "test.crash": crash,
    "test.break_twice": break_twice,
    "test.hang": hang,
    "test.eat_memory": eat_memory,
}
