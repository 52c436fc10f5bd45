"""A change that is laid over everything, killed anywhere, leaves the old state; then it ends as if nothing had been."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import db, storage
from app.core.actor import SYSTEM
from app.datasets import cut_blocks
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import DatasetChange
from app.jobs.rescue import rescue_run
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset

pytestmark = pytest.mark.crash
COLUMNS: list[dict[str, Any]] = [{"name": "id", "type": "integer", "required": True}, {"name": "note"}]
NEW: list[dict[str, Any]] = [{"name": "id", "type": "decimal", "max": 300}, {"name": "remark", "max_length": 8}]
# Claim, begin, a file and a step for each block, a commit for each batch, exchange, settle.
DEADLY_COMMITS = [2, 4, 7, 8, 10, 11, 12]


def file(first: int) -> bytes:
    return ("id,note\n" + "\n".join(f"{number},note {number}" for number in range(first, first + 200)) + "\n").encode()


def state(name: str) -> tuple[Any, ...]:
    with db.transaction() as session:
        shown = datasets.dataset_by_name(session, SYSTEM, name)
        names = ", ".join(column.name for column in shown.definition.columns)
        of = f"batch_id in (select id from batches where dataset_id = '{shown.id}')"
        queries = [
            f"select {names}, _row from data.d_{shown.id.hex} order by 1",
            f"select row, raw, failures from rejects where {of} order by 1",
            f'select "column", rule, sum(rows) from reject_reasons where {of} group by 1, 2 order by 1, 2',
            f"select rows, size from data_files where {of} order by batch_id, block",
            f"select rows_valid, rows_rejected from batches where dataset_id = '{shown.id}' order by id",
        ]
        found = [session.execute(sa.text(query)).all() for query in queries]
        files = datasets.live_files(session, SYSTEM, name).files
        staged = f"select count(*) from pg_class where relname like 'd_{shown.id.hex}%new'"
        left = session.scalar(sa.text(staged)) if shown.job_id is None else 0
    readable = sum(len(storage.read(key)) for key in files)
    return shown.version, shown.rows, shown.definition, found, readable, left


def prepare(name: str) -> str:
    make_dataset(name, COLUMNS)
    load(name, file(1))
    load(name, file(150), "second.csv")
    return name


def change(name: str) -> str:
    new = {"schema": {"columns": NEW}, "apply": "everything", "renamed": {"note": "remark"}}
    with db.transaction() as session:
        return str(datasets.change_dataset(session, SYSTEM, name, DatasetChange.model_validate(new)).job_id)


def test_killed_before_any_commit_the_old_state_stays_and_the_next_attempt_finishes(
    database: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", 2048)
    names = {deadly: prepare(f"killed{deadly}") for deadly in DEADLY_COMMITS}
    before = state(prepare("whole"))
    loads = [f"{change(name)}:{deadly}" for deadly, name in names.items()]
    command = [sys.executable, "-m", "tests.datasets.ingest_process", database, *loads]
    environment = {**os.environ, "DATA_DIR": str(data_dir)}
    ends = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()
    assert ends == [str(-signal.SIGKILL.value)] * len(loads)
    change("whole")
    work_off(HANDLERS)
    after = state("whole")
    assert after[:2] == (2, 351)
    left = [state(name) for name in names.values()]
    assert all(one in (before, after) for one in left)
    assert left.count(before) >= 4
    with db.transaction() as session:
        while rescue_run(session, 0):
            session.flush()
    assert all(run.attempt == 2 for run in work_off(HANDLERS))
    assert {name: state(name) for name in names.values()} == dict.fromkeys(names.values(), after)
