"""Large files by key: whole or not at all."""

from pathlib import Path

import pytest

from app.core import storage
from app.core.settings import settings


def files() -> list[Path]:
    root = settings().data_dir / "storage" / "shelf"
    return sorted(root.rglob("*"))


def break_off(key: str) -> None:
    with storage.writer(key) as sink:
        sink.write(b"ne")
        raise RuntimeError


def test_what_was_written_is_read_back_and_can_be_deleted_twice() -> None:
    storage.write("shelf/one", b"content")
    assert storage.read("shelf/one") == b"content"
    storage.delete("shelf/one")
    storage.delete("shelf/one")
    with pytest.raises(storage.FileGone):
        storage.read("shelf/one")


def test_a_write_that_breaks_off_leaves_nothing_and_keeps_the_former_file() -> None:
    storage.write("shelf/two", b"old")
    with pytest.raises(RuntimeError):
        break_off("shelf/two")
    assert storage.read("shelf/two") == b"old"
    assert [path.name for path in files()] == ["two"]
    storage.delete("shelf/two")


def test_readers_never_see_half_a_file() -> None:
    with storage.writer("shelf/three") as sink:
        sink.write(b"half")
        with pytest.raises(storage.FileGone):
            storage.read("shelf/three")
    storage.delete("shelf/three")
