"""A real folder: what is new goes in once, what is growing waits, and nothing leads out of it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.sources import service as sources
from app.sources.connectors.folder import (
    FileClosed,
    FolderClosed,
    FolderSettings,
    StillWritten,
    content_of,
    listed,
)
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


def test_only_open_folders_are_read(database: str, inbox_folder: Path, tmp_path: Path) -> None:
    dataset()
    (inbox_folder / "out").symlink_to(tmp_path)
    for folder in (str(tmp_path), "/etc", f"{inbox_folder}/..", f"{inbox_folder}/out", "incoming"):
        with pytest.raises(FolderClosed, match="SOURCE_FOLDERS"):
            source("folder", {"folder": folder})


def test_no_folder_is_open_unless_an_operator_says_so(database: str, tmp_path: Path) -> None:
    dataset()
    with pytest.raises(FolderClosed, match="SOURCE_FOLDERS"):
        source("folder", {"folder": str(tmp_path)})


def test_links_hidden_files_and_pipes_are_left_alone(database: str, inbox_folder: Path, tmp_path: Path) -> None:
    dataset()
    secret = put(tmp_path, "secret.csv", OSLO)
    (inbox_folder / "link.csv").symlink_to(secret)
    (inbox_folder / "sub").symlink_to(tmp_path)
    os.mkfifo(inbox_folder / "pipe.csv")
    put(inbox_folder, ".hidden.csv", OSLO)
    put(inbox_folder, "below/good.csv", BERGEN)
    one = source("folder", {"folder": str(inbox_folder), "subfolders": True})
    pull(one.id)
    assert states(one.id) == {"below/good.csv": "taken"}


def test_a_link_that_takes_the_place_of_a_folder_leads_nowhere(inbox_folder: Path, tmp_path: Path) -> None:
    put(tmp_path, "good.csv", OSLO)
    put(inbox_folder, "below/good.csv", BERGEN)
    settings = FolderSettings(folder=str(inbox_folder), subfolders=True)
    [found] = listed(settings)
    (inbox_folder / "below" / "good.csv").unlink()
    (inbox_folder / "below").rmdir()
    (inbox_folder / "below").symlink_to(tmp_path)
    with pytest.raises(FileClosed):
        list(content_of(inbox_folder, found))


def test_a_file_that_may_still_grow_waits(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder), "min_age_seconds": 60})
    now = clock.now()
    path = put(inbox_folder, "new.csv", OSLO, at=now.timestamp() - 30)
    with clock.use(clock.FixedClock(now)):
        assert pull(one.id).result["taken"] == 0
    with clock.use(clock.FixedClock(now + timedelta(seconds=40))):
        assert pull(one.id).result["taken"] == 1
    assert path.exists()


def test_a_file_that_changes_while_it_is_read_is_taken_next_time(inbox_folder: Path) -> None:
    path = put(inbox_folder, "big.csv", OSLO * 100_000)
    [found] = listed(FolderSettings(folder=str(inbox_folder)))
    parts = content_of(inbox_folder, found)
    next(parts)
    path.write_text(OSLO)
    with pytest.raises(StillWritten):
        list(parts)


def test_a_test_says_what_is_there(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder), "pattern": "*.csv"})
    with transaction() as db:
        assert "No file fits" in sources.check_source(db, SYSTEM, one.id).message
    put(inbox_folder, "a.csv", OSLO)
    put(inbox_folder, "b.csv", OSLO, at=1_790_000_000)
    with transaction() as db:
        found = sources.check_source(db, SYSTEM, one.id)
    assert (found.ok, found.found) == (True, ["b.csv", "a.csv"])
    inbox_folder.joinpath("a.csv").unlink()
    inbox_folder.joinpath("b.csv").unlink()
    inbox_folder.rmdir()
    with transaction() as db:
        gone = sources.check_source(db, SYSTEM, one.id)
    assert (gone.ok, "cannot be read" in gone.message) == (False, True)
