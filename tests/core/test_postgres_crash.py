"""Real processes are killed in every way; the embedded server must neither leak nor lose a committed row."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from app.core import db
from app.core.postgres import EmbeddedPostgres, PostgresProblem
from tests.runtime.product import is_alive

pytestmark = pytest.mark.crash

USER = (
    "import sys, time; from pathlib import Path; from app.core.postgres import EmbeddedPostgres;"
    "print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True); time.sleep(600)"
)


@pytest.fixture
def users() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    """Starts processes that use the server, and kills those that are left."""
    started: list[subprocess.Popen[str]] = []

    def start(root: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", USER, str(root)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for user in started:
        user.kill()
        user.communicate()


def url_of(user: "subprocess.Popen[str]") -> str:
    assert user.stdout
    url = user.stdout.readline().strip()
    assert url
    return url


def postmaster(root: Path) -> psutil.Process | None:
    """The living server of this folder, found by its command line and not by a file."""
    name = f"cluster_name={EmbeddedPostgres(root).cluster.name}"
    found = [p for p in psutil.process_iter(["cmdline", "ppid"]) if name in (p.info["cmdline"] or [])]
    servers = [p for p in found if Path(p.info["cmdline"][0]).name == "postgres" and is_alive(p)]
    backends = {p.pid for p in servers}  # one that was just forked looks like the server itself
    first = [p for p in servers if p.info["ppid"] not in backends]
    assert len(first) <= 1
    return first[0] if first else None


def eventually(holds: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def execute(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def test_parallel_starts_make_one_server(tmp_path, users):
    urls = {url_of(user) for user in [users(tmp_path) for _ in range(4)]}
    assert len(urls) == 1
    assert postmaster(tmp_path)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_goes_with_its_last_user_and_not_before(tmp_path, users, end):
    first, last = users(tmp_path), users(tmp_path)
    url = url_of(first)
    url_of(last)
    first.send_signal(end)
    first.wait()
    assert execute(url, "select 1") == [(1,)]
    last.send_signal(end)
    last.wait()
    assert eventually(lambda: postmaster(tmp_path) is None)


def test_a_killed_server_is_started_again_with_every_committed_row(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    url = server.start()
    execute(url, "create table kept (id int); insert into kept values (1)")
    running = postmaster(tmp_path)
    assert running
    running.kill()
    assert server.start() == url
    assert execute(url, "select id from kept") == [(1,)]
    assert server.stop()


def test_a_server_whose_watchdog_was_killed_gets_a_new_one(tmp_path, users):
    user = users(tmp_path)
    url_of(user)
    running = postmaster(tmp_path)
    assert running
    running.parent().kill()
    second = users(tmp_path)
    url_of(second)
    for each in (user, second):
        each.kill()
        each.wait()
    assert eventually(lambda: postmaster(tmp_path) is None)


def test_a_stale_pid_of_another_program_is_no_obstacle(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    assert server.stop()
    stale = f"{os.getppid()}\n{server.cluster.data}\n1\n5432\n{server.cluster.socket_folder()}\n\n"
    (server.cluster.data / "postmaster.pid").write_text(stale)
    (server.cluster.socket_folder() / ".s.PGSQL.5432.lock").write_text(stale)
    assert execute(server.start(), "select 1") == [(1,)]
    assert server.stop()


@pytest.mark.parametrize("name", ["with space & ümlaut, and comma", "long" * 40])
def test_any_path_will_do(tmp_path, name):
    server = EmbeddedPostgres(tmp_path / name)
    assert execute(server.start(), "select lower('ÄÖ')") == [("äö",)]
    assert server.stop()


def test_the_environment_of_the_user_does_not_lead_the_server_astray(tmp_path, monkeypatch):
    for name, value in {"LC_ALL": "xx_XX", "PGHOST": "nowhere", "PGPORT": "1", "PGOPTIONS": "-c nonsense=1"}.items():
        monkeypatch.setenv(name, value)
    server = EmbeddedPostgres(tmp_path)
    server.start()
    assert server.answers()
    assert server.stop()


@pytest.mark.parametrize("after", [0.05, 0.25, 0.5])
def test_a_first_start_that_was_killed_leaves_nothing_in_the_way(tmp_path, users, after):
    user = users(tmp_path)
    eventually((tmp_path / "start.lock").exists)
    time.sleep(after)
    user.kill()
    user.wait()
    assert execute(url_of(users(tmp_path)), "select 1") == [(1,)]


def test_a_server_that_hangs_is_not_joined_by_a_second_one(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    running = postmaster(tmp_path)
    assert running
    running.suspend()
    try:
        with pytest.raises(PostgresProblem, match="does not answer"):
            EmbeddedPostgres(tmp_path).start(timeout=1)
        assert postmaster(tmp_path) == running
    finally:
        running.resume()
    assert server.stop()
