"""Runs a second of one worker, no-op jobs, against a bare SKIP LOCKED loop, on the same server, one after the other.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_jobs [RUNS]

The loop claims and finishes rows and does nothing else: no child process, no fencing, no steps. The ratio is the price
of those; absolute figures depend on the machine.
"""

import subprocess
import sys
import time

import psycopg
import sqlalchemy as sa

from app.core import db
from app.core.actor import SYSTEM
from app.core.children import Child, Limits, prepare
from app.jobs import service as jobs
from tests.benchmarks.database import new_database
from tests.jobs.handlers import DONE

NEXT = """update bare set done = true where id = (
    select id from bare where not done order by id limit 1 for update skip locked) returning id"""


def main(runs: int) -> None:
    with new_database() as url:
        db.configure(url)
        bare, children, worker = _bare(url, runs), _children(runs), _worker(url, runs)
    print(f"bare SKIP LOCKED loop  {bare:8.1f} runs/s  1.00")
    print(f"bare child processes   {children:8.1f} runs/s  {children / bare:.3f}")
    print(f"worker, 2 at a time    {worker:8.1f} runs/s  {worker / bare:.3f}")


def _bare(url: str, runs: int) -> float:
    with psycopg.connect(db.psycopg_dsn(url), autocommit=True) as connection:
        connection.execute("create table bare (id bigserial primary key, done bool not null default false)")
        connection.execute("insert into bare select from generate_series(1, %s)", [runs])
        started = time.perf_counter()
        while connection.execute(NEXT).fetchone():
            pass
        return runs / (time.perf_counter() - started)


def _children(runs: int) -> float:
    prepare()
    started = time.perf_counter()
    for _ in range(runs):
        child = Child("builtins:len", ("",), Limits())
        child.wait(10)
        child.kill()
    return runs / (time.perf_counter() - started)


def _worker(url: str, runs: int) -> float:
    with db.transaction() as session:
        session.execute(sa.text(DONE))
        for _ in range(runs):
            jobs.enqueue(session, SYSTEM, "test.noop", {}, title="Nothing", max_attempts=1)
    command = [sys.executable, "-m", "tests.jobs.worker_process", url, "10", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        started = time.perf_counter()
        while _unfinished():
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        worker.terminate()
    return runs / seconds


def _unfinished() -> int:
    with db.transaction() as session:
        count: int = session.execute(sa.text("select count(*) from runs where status <> 'completed'")).scalar_one()
        return count


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
