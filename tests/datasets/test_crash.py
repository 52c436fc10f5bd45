"""A load that is killed anywhere goes on where it was and ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard

from app.core import db
from app.datasets import cut_blocks
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Batch
from app.jobs.rescue import rescue_run
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, receive
from tests.datasets.ingest_process import BLOCK_BYTES

pytestmark = pytest.mark.crash
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True, "unique": True},
    {"name": "note", "max_length": 40},
]
# Claim, look, start, then one commit for each of about a dozen blocks, finish, settle.
DEADLY_COMMITS = [2, 3, 4, 5, 8, 11, 14]


def file(name: str) -> bytes:
    """Repeats far apart, stray quotes, line ends in quotes, and the name, so that no two files are the same."""
    notes = ["plain", '"quoted\nlines"', '5" pipe', '"x"y', "much too long for this column, by far more than allowed"]
    lines = [
        f"{number if number % 50 else 7},{notes[number % 5]} {name if number == 1 else ''}" for number in range(1, 500)
    ]
    return ("id,note\n" + "\n".join(lines) + "\n").encode()


def state(batch: Batch) -> tuple[Any, ...]:
    """All that a load leaves behind, without what differs from batch to batch."""
    queries = [
        f"select _row, id, note from data.d_{batch.dataset_id.hex} where _batch = :id order by 1",
        "select row, line, raw, failures from rejects where batch_id = :id order by 1",
        'select "column", rule, rows from reject_reasons where batch_id = :id order by 1, 2',
    ]
    with db.transaction() as session:
        found = [session.execute(sa.text(query), {"id": batch.id}).all() for query in queries]
        blocks = session.scalars(
            sa.text("select content from raw_blocks where batch_id = :id order by block"), {"id": batch.id}
        )
        raw = b"".join(zstandard.ZstdDecompressor().decompress(content) for content in blocks)
        stored = session.scalar(sa.text("select sum(rows) from data_files where batch_id = :id"), {"id": batch.id})
    counts = (batch.status, batch.rows_in, batch.rows_valid, batch.rows_rejected, batch.failures)
    return *counts, *found, raw, stored


def test_killed_before_any_commit_it_ends_in_the_same_state(
    database: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", BLOCK_BYTES)
    batches = {}
    for deadly in DEADLY_COMMITS:
        make_dataset(f"killed{deadly}", COLUMNS)
        batches[deadly] = receive(f"killed{deadly}", file("same"))
    environment = {**os.environ, "DATA_DIR": str(data_dir)}
    loads = [f"{batch.run_id}:{deadly}" for deadly, batch in batches.items()]
    command = [sys.executable, "-m", "tests.datasets.ingest_process", database, *loads]
    ends = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert ends == [str(-signal.SIGKILL.value)] * len(loads)

    left = [read_batch(batch.id) for batch in batches.values()]
    assert all(one.status == "loading" for one in left)
    assert len({one.rows_in for one in left}) > 3
    make_dataset("whole", COLUMNS)
    whole = state(load("whole", file("same")))
    with db.transaction() as session:
        while rescue_run(session, 0):
            session.flush()
    assert all(run.attempt == 2 for run in work_off(HANDLERS))
    for deadly, batch in batches.items():
        assert state(read_batch(batch.id)) == whole, f"killed before commit {deadly}"
