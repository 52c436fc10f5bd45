"""Exactly once: whoever is killed, comes second, changes settings meanwhile or has left."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.core import clock, storage
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.core.settings import settings
from app.datasets import service as datasets
from app.jobs import service as jobs
from app.jobs.claim import give_back
from app.jobs.schemas import Run
from app.jobs.tables import RunRow
from app.jobs.work_off import run_inline
from app.sharing import service as sharing
from app.sources import service as sources
from app.sources.pull import alone
from app.sources.schemas import SourceChange
from app.sources.tables import ItemRow
from app.worker import HANDLERS
from tests.sources.conftest import dataset, load_all, person, pull, put, rows, source, states
from tests.web_server import Answer, WebServer

OSLO, BERGEN = "city,people\nOslo,700000\n", "city,people\nBergen,290000\n"
LISTING = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</ListBucketResult>"""
ENTRY = (
    "<Contents><Key>{}</Key><Size>9</Size><ETag>x</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
)
WORK = """
import sys
from app.core import db
from app.jobs.work_off import work_off
from app.worker import HANDLERS
db.configure(sys.argv[1])
work_off(HANDLERS)
"""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A bucket of two files. Sending the second one takes until `go` is set."""
    monkeypatch.setenv("OUTGOING_ALLOW", "127.0.0.1")
    settings.cache_clear()
    server = WebServer()
    server.answers["/box"] = Answer(body=LISTING.format(ENTRY.format("a.csv") + ENTRY.format("b.csv")).encode())
    server.answers["/box/a.csv"] = Answer(body=OSLO.encode())
    server.answers["/box/b.csv"] = Answer(body=BERGEN.encode())
    yield server
    server.close()
    monkeypatch.undo()
    settings.cache_clear()


def box(store: WebServer, **rest: Any) -> Any:
    return source("s3", {"endpoint": f"http://127.0.0.1:{store.port}", "bucket": "box"}, **rest)


def uploads() -> list[str]:
    return [key for key, _ in storage.listed("uploads")]


def count(table: str) -> int:
    with transaction() as db:
        return int(db.scalar(sa.text(f"select count(*) from {table}")) or 0)


def wait_until(condition: Any, seconds: float = 120) -> None:
    from time import monotonic, sleep

    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        sleep(0.02)


@pytest.mark.crash
def test_a_pull_that_is_killed_between_fetching_and_taking_in_leaves_nothing(database: str, store: WebServer) -> None:
    dataset()
    one, go = box(store), threading.Event()
    store.answers["/box/b.csv"] = Answer(headers={"Content-Length": "99"}, send=lambda _: go.wait(300))
    with transaction() as db:
        run_id = sources.pull_now(db, SYSTEM, one.id).job_id
    before = len(uploads())
    worker = subprocess.Popen([sys.executable, "-c", WORK, database], env=dict(os.environ))
    wait_until(lambda: any(asked.path == "/box/b.csv" for asked in store.asked))
    worker.kill()
    worker.wait()
    go.set()
    assert (count("batches"), count("source_items"), len(uploads()) - before) == (0, 0, 2)
    store.answers["/box/b.csv"] = Answer(body=BERGEN.encode())
    with transaction() as db:
        give_back(db, db.get_one(RunRow, run_id))  # as the worker does that finds it orphaned
    assert run_inline(run_id, HANDLERS).result["taken"] == 2
    load_all()
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]
    with clock.use(clock.FixedClock(clock.now() + timedelta(days=2))):
        pull(one.id)
    assert uploads() == []


def test_two_at_once_take_everything_once(database: str, store: WebServer) -> None:
    dataset()
    one = box(store)
    with transaction() as db:
        runs = [jobs.enqueue(db, SYSTEM, "sources.pull", {"source_id": str(one.id)}, title="P") for _ in range(2)]
    results: list[Run] = []
    threads = [threading.Thread(target=lambda run=run: results.append(run_inline(run.id, HANDLERS))) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sorted(run.result["taken"] for run in results) == [0, 2]
    assert count("batches") == 2


def test_who_comes_second_waits_and_then_leaves(database: str, store: WebServer) -> None:
    dataset()
    one = box(store)
    with alone(one.id) as first, alone(one.id, patience=0.6) as second:
        assert (first, second) == (True, False)
    with alone(one.id) as third:
        assert third


def test_the_database_itself_takes_nothing_twice(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)})
    pull(one.id)
    with transaction() as db:
        item = db.scalars(sa.select(ItemRow)).one()
        again = ItemRow(source_id=one.id, key=item.key, fingerprint=item.fingerprint, name="", state="taken")
        again.seen_at = clock.now()
        with pytest.raises(sa.exc.IntegrityError), db.begin_nested():
            db.add(again)


def test_a_change_during_a_pull_wins(database: str, store: WebServer) -> None:
    dataset()
    one = box(store)

    def change(_asked: Any) -> Answer:
        with transaction() as db:
            sources.change_source(db, SYSTEM, one.id, SourceChange(version=1, max_items=7))
        return Answer(body=OSLO.encode())

    store.answers["/box/a.csv"] = change
    before = uploads()
    failed = pull(one.id)
    assert (failed.status, "changed while it was pulled" in (failed.error or "")) == ("failed", True)
    assert (count("batches"), states(one.id), uploads()) == (0, {}, before)


def test_one_that_cannot_be_loaded_does_not_hold_up_the_others(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "a.csv", OSLO)
    bad = put(inbox_folder, "b.csv", "name\nnothing of this\n")
    put(inbox_folder, "c.csv", BERGEN)
    one = source("folder", {"folder": str(inbox_folder)})
    first = pull(one.id)
    assert (first.status, first.result["taken"], first.result["refused"]) == ("partial", 2, 1)
    assert "b.csv" in (first.error or "")
    assert pull(one.id).status == "completed"
    assert pull(one.id, again=True).result["refused"] == 1
    put(inbox_folder, bad.name, "city,people\nTromso,78000\n", at=bad.stat().st_mtime + 60)
    assert pull(one.id).result["taken"] == 1
    assert states(one.id) == {"a.csv": "taken", "b.csv": "taken", "c.csv": "taken"}


def test_what_could_not_be_fetched_is_tried_again_and_three_in_a_row_end_it(database: str, store: WebServer) -> None:
    dataset()
    store.answers["/box"] = Answer(body=LISTING.format("".join(ENTRY.format(f"{n}.csv") for n in "abcde")).encode())
    for name in "bcd":
        store.answers[f"/box/{name}.csv"] = Answer(503)
    store.answers["/box/e.csv"] = Answer(body=b"city,people\nVadso,5000\n")
    one = box(store)
    failed = pull(one.id)
    assert failed.status == "failed"
    assert states(one.id) == {"a.csv": "taken", "b.csv": "failed", "c.csv": "failed", "d.csv": "failed"}
    for name in "bcd":
        store.answers[f"/box/{name}.csv"] = Answer(body=f"city,people\n{name},1\n".encode())
    assert pull(one.id).result["taken"] == 4


def test_reset_looks_at_everything_again(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)})
    pull(one.id)
    with transaction() as db:
        sources.reset_source(db, SYSTEM, one.id)
    assert pull(one.id).result["duplicates"] == 1


def test_whoever_left_brings_nothing_until_it_is_handed_over(database: str, inbox_folder: Path) -> None:
    author, admin = person(), person(Role.admin)
    dataset(author)
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)}, owner=author)
    assert author.id
    assert admin.id
    with transaction() as db:
        sharing.deactivate_person(db, admin, author.id)
    failed = pull(one.id, admin)
    assert "deactivated" in (failed.error or "")
    with transaction() as db:
        assert sources.source(db, SYSTEM, one.id).error == failed.error
        sharing.hand_over(db, admin, author.id, admin.id)
    assert pull(one.id, admin).result["taken"] == 1


def test_whoever_is_no_author_any_more_brings_nothing(database: str, inbox_folder: Path) -> None:
    author = person()
    dataset(author)
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)}, owner=author)
    assert author.id
    with transaction() as db:
        accounts.change_person(db, SYSTEM, author.id, PersonChange(role=Role.viewer))
    assert "may no longer" in (pull(one.id).error or "")
    assert count("batches") == 0


def test_a_pull_takes_no_more_than_told_and_the_next_goes_on(database: str, inbox_folder: Path) -> None:
    dataset()
    for number in range(3):
        put(inbox_folder, f"{number}.csv", f"city,people\nTown{number},1\n", at=1_700_000_000 + number)
    one = source("folder", {"folder": str(inbox_folder)}, max_items=2)
    assert [pull(one.id).result["taken"] for _ in range(3)] == [2, 1, 0]


def test_files_that_replace_each_other_are_loaded_in_their_order(database: str, inbox_folder: Path) -> None:
    dataset(mode="replace")
    for number in range(3):
        put(inbox_folder, f"{number}.csv", f"city,people\nTown{number},1\n", at=1_700_000_000 - number)
    one = source("folder", {"folder": str(inbox_folder)})
    assert pull(one.id).result["taken"] == 1
    done = load_all()
    assert [run.job for run in done].count("datasets.ingest") == 3
    assert [row[0] for row in rows()] == ["Town0"]


def test_paused_means_paused(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder)})
    with transaction() as db:
        sources.change_source(db, SYSTEM, one.id, SourceChange(version=1, paused=True))
    with transaction() as db, pytest.raises(sources.SourcePaused):
        sources.pull_now(db, SYSTEM, one.id)
    with transaction() as db:
        run = jobs.enqueue(db, SYSTEM, "sources.pull", {"source_id": str(one.id)}, title="P")
    assert run_inline(run.id, HANDLERS).status == "failed"


def test_the_history_tells_batches_and_rows(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "oslo.csv", OSLO + "Bergen,many\n")
    one = source("folder", {"folder": str(inbox_folder)})
    pull(one.id)
    load_all()
    with transaction() as db:
        [visit] = sources.pulls(db, SYSTEM, one.id).items
        [batch] = datasets.batches(db, SYSTEM, "cities").items
    assert (visit.status, visit.taken, visit.batches) == ("completed", 1, [batch.id])
    assert (visit.rows_in, visit.rows_rejected) == (2, 1)
