"""What a killed load leaves in the storage is deleted by a later one, and nothing else is."""

from datetime import timedelta

import pytest

from app.core import clock, db, storage
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.datasets import service as datasets
from tests.datasets.conftest import load, make_dataset, texts

ORPHANS = [
    "uploads/0",
    "uploads/1.partial",
    "datasets/gone/7/000001.parquet",
    "datasets/gone/7/text",
    "reports/1/report.pdf.partial",
    "sweeps/uploads.0a1b2c3d.partial",
]
FOLDERS = ("uploads", "datasets", "reports", "sweeps")


def keys() -> set[str]:
    return {key for folder in FOLDERS for key, _ in storage.listed(folder)}


def batch_files(name: str) -> list[str]:
    with db.transaction() as session:
        return datasets.live_files(session, SYSTEM, name).files


def test_a_load_deletes_files_that_no_row_has_named_for_a_day(database: str, data_dir: str) -> None:
    make_dataset("notes", texts("a"))
    load("notes", b"a\n1\n")
    kept = set(batch_files("notes"))
    assert kept
    for key in ORPHANS:
        storage.write(key, b"left behind")
    load("notes", b"a\n2\n")
    assert keys() > kept | set(ORPHANS), "what is young may still be on its way"
    with clock.use(FixedClock(clock.now() + timedelta(days=2))):
        named = set(batch_files("notes"))
        load("notes", b"a\n3\n")
    assert not keys() & set(ORPHANS)
    assert len(named) == 2
    assert keys() > named


def test_a_sweep_that_fails_does_not_fail_the_load(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_folder: str) -> None:
        raise OSError("storage away")

    make_dataset("notes", texts("a"))
    monkeypatch.setattr(storage, "listed", broken)
    assert load("notes", b"a\n1\n").status == "published"
