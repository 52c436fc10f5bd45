"""Refusals of the embedded server are one line that names the place and the way out."""

import shutil
from collections import namedtuple

import pytest
from psycopg.conninfo import conninfo_to_dict

from app.core.db import psycopg_dsn
from app.core.errors import StartupProblem
from app.core.postgres import EmbeddedPostgres, NoDiskSpace, PostgresProblem, WrongMajorVersion


def test_a_folder_of_another_major_version_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(WrongMajorVersion, match="written by PostgreSQL 16, this release brings 18") as refused:
        EmbeddedPostgres(tmp_path).start()
    assert "\n" not in str(refused.value)


def test_a_folder_with_other_files_is_never_wiped(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").write_text("dear")
    with pytest.raises(PostgresProblem, match="no PostgreSQL data folder"):
        EmbeddedPostgres(tmp_path).start()
    assert (tmp_path / "data" / "letter.txt").read_text() == "dear"


def test_a_full_disk_is_named_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(2**30, 2**30, 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(NoDiskSpace, match="1 MiB free, 256 MiB are needed"):
        EmbeddedPostgres(tmp_path).start()
    assert not (tmp_path / "data").exists()


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "postgres").write_text("")
    with pytest.raises(StartupProblem, match="DATA_DIR"):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_a_broken_configuration_is_reported_in_the_servers_own_words(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    server.stop()
    with (tmp_path / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("work_mem = 'plenty'\n")
    with pytest.raises(PostgresProblem, match="did not start"):
        server.start()
    server.release()


def test_libpq_finds_a_socket_in_a_folder_with_a_space_and_a_plus():
    url = "postgresql://postgres@/autoreport?host=%2Ftmp%2Fa%20b%2Bc&port=5432"
    assert conninfo_to_dict(psycopg_dsn(url))["host"] == "/tmp/a b+c"
