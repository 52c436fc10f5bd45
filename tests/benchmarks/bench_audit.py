"""Audited commits a second, 20 threads, with the seal and without it, in turns on the same server.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_audit [COMMITS_PER_THREAD]

Each commit records one entry and nothing else: the worst case. Then the whole trail is verified.
"""

import resource
import statistics
import sys
import threading
import time

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import db, migrations
from app.core.actor import SYSTEM
from tests.benchmarks.database import new_database

THREADS, ROUNDS = 20, 3
FILL = 1_000_000


def main(commits: int) -> None:
    with new_database() as url:
        db.configure(url)
        rates: dict[str, list[float]] = {"enable": [], "disable": []}
        engine = db.make_engine(url, pool_size=THREADS)
        for _ in range(ROUNDS):
            for state, found in rates.items():
                _run(f"alter table audit {state} trigger seal")
                found.append(_rate(engine, commits))
        engine.dispose()
        sealed, bare = (statistics.median(rates[state]) for state in ("enable", "disable"))
        print(f"without the seal  {bare:8.0f} commits/s  1.00")
        print(f"with the seal     {sealed:8.0f} commits/s  {sealed / bare:.2f}")
        print(f"one more in a row {1000 / sealed:8.2f} ms a commit")
        _verify()


def _rate(engine: sa.Engine, commits: int) -> float:
    def write() -> None:
        for number in range(commits):
            with Session(engine) as session, session.begin():
                audit.record(session, SYSTEM, Action.card_created, number, title="A card")

    threads = [threading.Thread(target=write) for _ in range(THREADS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return THREADS * commits / (time.perf_counter() - started)


def _verify() -> None:
    """A trail of one million entries, written as the migration of an old installation writes it."""
    _run("alter table audit disable trigger all", "truncate audit", "truncate audit_chain")
    migrations.downgrade(db.database_url(), "0014")
    _run(
        "insert into audit (at, person_id, person, ip, action, subject, details) "
        "select now(), gen_random_uuid(), 'Ann', '10.0.0.1', 'card:created', gen_random_uuid()::text, "
        f"jsonb_build_object('title', 'Card ' || n) from generate_series(1, {FILL}) n"
    )
    started = time.perf_counter()
    migrations.upgrade(db.database_url())
    print(f"sealing {FILL:,} entries by migration {time.perf_counter() - started:6.1f} s")
    started = time.perf_counter()
    with db.transaction() as session:
        found = audit.verify(session)
    assert found.intact
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"verifying {found.length:,} entries {time.perf_counter() - started:6.1f} s, {memory:.0f} MiB here")


def _run(*statements: str) -> None:
    with psycopg.connect(db.psycopg_dsn(db.database_url())) as connection:
        connection.execute("set session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
