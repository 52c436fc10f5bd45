"""One million rejected rows in one file: finding, mending and replaying them.

    python -m tests.benchmarks.bench_rejects [ROWS]

Prints seconds; `replay` also its peak memory and the CPU of this process.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.core import db
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import (
    Batch,
    DatasetChange,
    DatasetCreate,
    DatasetSchema,
    Mend,
    RejectFilter,
    ReplayRequest,
)
from app.jobs import service as jobs
from app.jobs.work_off import work_off
from tests.benchmarks.database import new_database

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True, "unique": True},
    {"name": "amount", "type": "decimal", "decimals": 2, "min": 0},
    {"name": "note"},
    {"name": "currency", "allowed": ["EUR"]},
]
LAST = "row at the very end"


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        with new_database() as url:
            db.configure(url)
            batch = load(rows)
            measure(batch)
            replay(batch, dry_run=True)
            replay(batch, dry_run=False)
            db.engine().dispose()


def schema(*currencies: str) -> DatasetSchema:
    return DatasetSchema.model_validate({"columns": [*COLUMNS[:3], COLUMNS[3] | {"allowed": list(currencies)}]})


def load(rows: int) -> Batch:
    lines = [b"%d,%d.50,some words of a note %d,JPY" % (one, one, one) for one in range(rows - 1)]
    content = b"id,amount,note,currency\n" + b"\n".join([*lines, b"%d,-1,%b,JPY" % (rows, LAST.encode())]) + b"\n"
    with db.transaction() as session:
        datasets.create_dataset(session, SYSTEM, DatasetCreate(name="sales", schema=schema("EUR")))
    upload = datasets.store_upload(SYSTEM, "sales.csv", [content])
    with db.transaction() as session:
        batch = datasets.receive_file(session, SYSTEM, "sales", upload)
    timed("load", lambda: work_off(HANDLERS))
    with db.transaction() as session:
        return datasets.batch(session, SYSTEM, batch.id)


def timed(name: str, act: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    found = act()
    print(f"{name:32} {time.perf_counter() - begun:8.3f} s")
    return found


def measure(batch: Batch) -> None:
    searches = {
        "first page": {},
        "by rule, all match": {"rule": "allowed"},
        "by rule, last row only": {"rule": "min"},
        "by text, last row only": {"q": LAST},
        "by text, nothing": {"q": "nowhere"},
        "mended, none": {"state": "replayed"},
    }
    for name, wanted in searches.items():
        timed(name, lambda wanted=wanted: search(batch, wanted))
    timed("mend one row", lambda: mend(batch, 1000))
    timed("summary", lambda: summary(batch))


def search(batch: Batch, wanted: dict[str, Any]) -> int:
    with db.transaction() as session:
        return len(datasets.rejects(session, SYSTEM, batch.id, RejectFilter.model_validate(wanted)).items)


def mend(batch: Batch, row: int) -> None:
    with db.transaction() as session:
        mended = datasets.replay_reject(session, SYSTEM, f"{batch.id}.{row}", Mend(values={"currency": "EUR"}))
        mended.require_stored()


def summary(batch: Batch) -> None:
    with db.transaction() as session:
        datasets.summary(session, SYSTEM, batch_id=batch.id)


def replay(batch: Batch, *, dry_run: bool) -> None:
    with db.transaction() as session:
        if not dry_run:
            datasets.change_dataset(session, SYSTEM, "sales", DatasetChange(schema=schema("EUR", "JPY")))
        started = datasets.replay_batch(session, SYSTEM, batch.id, ReplayRequest(dry_run=dry_run))
    cpu = time.process_time()
    timed("try all" if dry_run else "replay all", lambda: work_off(HANDLERS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with db.transaction() as session:
        run = jobs.run(session, SYSTEM, started.job_id)
        kept = session.scalar(sa.text("select count(*) from replays where stored"))
    print(f"  {run.result or run.error}\n  replays {kept:,}, CPU {time.process_time() - cpu:.1f} s, peak {peak:.0f} MB")
    if not dry_run:
        timed("first page, all but one mended", lambda: search(batch, {}))
        timed("mended, first page", lambda: search(batch, {"state": "replayed"}))
        timed("summary", lambda: summary(batch))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
