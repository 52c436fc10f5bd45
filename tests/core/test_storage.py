"""Large files by key: whole or not at all, in a folder and in a bucket alike."""

from collections.abc import Iterator
from functools import partial

import pytest
from pyarrow import fs

from app.core import storage
from app.core.settings import settings
from tests.s3_server import S3Server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"], autouse=True)
def shelf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "bucket":
        s3 = request.getfixturevalue("s3")
        environment = {
            "STORAGE_URL": f"s3://{s3.bucket().name}/some/prefix",
            "S3_ENDPOINT_URL": s3.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "a-very-secret-key",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
    settings.cache_clear()
    storage.filesystem.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()
    storage.filesystem.cache_clear()


def keys() -> list[str]:
    found = storage.filesystem().get_file_info(fs.FileSelector("shelf", recursive=True, allow_not_found=True))
    return sorted(one.path for one in found if one.is_file)


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
    assert keys() == ["shelf/two"]
    storage.delete("shelf/two")


def test_two_writers_at_one_place_do_not_disturb_each_other() -> None:
    six = partial(storage.writer, "shelf/six", shared=True)
    with six() as first, six() as second:
        first.write(b"first")
        second.write(b"second")
    assert storage.read("shelf/six") == b"first", "the one that ended last"
    assert keys() == ["shelf/six"]
    storage.delete("shelf/six")


def test_what_a_killed_writer_left_is_written_over_by_the_next_one() -> None:
    storage.write("shelf/seven.partial", b"half")
    storage.write("shelf/seven", b"whole")
    assert keys() == ["shelf/seven"]
    storage.delete("shelf/seven")


def test_readers_never_see_half_a_file() -> None:
    with storage.writer("shelf/three") as sink:
        sink.write(b"half")
        with pytest.raises(storage.FileGone):
            storage.read("shelf/three")
    storage.delete("shelf/three")


def test_a_file_larger_than_a_part_of_an_upload_is_read_from_any_place() -> None:
    content = bytes(range(256)) * (48 << 10)
    storage.write("shelf/four", content)
    with storage.open_file("shelf/four") as source:
        source.seek(11 << 20)
        assert source.read(1000) == content[11 << 20 :][:1000]
    storage.delete("shelf/four")


def test_what_is_no_key_of_ours_leads_nowhere() -> None:
    for key in ("../outside", "/etc/passwd", "shelf/../../x", "", "a//b", "shelf/\n"):
        with pytest.raises(ValueError, match="not a key"):
            storage.read(key)


def test_a_check_says_that_it_can_be_written_to() -> None:
    storage.check()
    assert keys() == []
