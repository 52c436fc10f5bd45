"""A real folder: what is new goes in once, what is growing waits, and nothing leads out of it."""

from pathlib import Path

from tests.sources.conftest import dataset, load_all, pull, put, rows, source, states

OSLO, BERGEN = "city,people\nOslo,700000\n", "city,people\nBergen,290000\n"


def test_new_files_are_loaded_once_and_the_same_bytes_are_a_duplicate(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder), "pattern": "*.csv"})
    put(inbox_folder, "oslo.csv", OSLO)
    put(inbox_folder, "notes.txt", "nothing")
    first = pull(one.id)
    assert (first.status, first.result["taken"], len(first.result["batches"])) == ("completed", 1, 1)
    load_all()
    assert pull(one.id).result["taken"] == 0
    put(inbox_folder, "again.csv", OSLO)
    put(inbox_folder, "bergen.csv", BERGEN)
    third = pull(one.id).result
    assert (third["taken"], third["duplicates"]) == (1, 1)
    load_all()
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]
    assert states(one.id) == {"oslo.csv": "taken", "bergen.csv": "taken", "again.csv": "duplicate"}
