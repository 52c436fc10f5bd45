"""`uv run main.py`, started and ended in every way."""

import json
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import psycopg
import pytest

from app.core import db
from app.core.keys import new_fernet_key
from app.core.postgres import EmbeddedPostgres
from tests.runtime.product import ROOT, Product

pytestmark = pytest.mark.crash
Start = Callable[..., Product]
ADMIN = {"ADMIN_EMAIL": "boss@example.com", "ADMIN_PASSWORD": "three unrelated words"}
KEYS = {"SECRET_KEY": "a-key-for-the-runtime-tests", "SMTP_ENV_KEY": new_fernet_key()}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Product] = []

    def one(**settings: str) -> Product:
        started.append(Product(tmp_path, **settings))
        return started[-1]

    yield one
    for product in started:
        product.close()


def answer(product: Product, path: str) -> dict[str, object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{product.port}{path}", timeout=120) as response:
        return json.load(response)


def test_one_line_says_ready_and_sigterm_takes_everything_down(start):
    product = start()
    assert product.wait_until_ready() == f"AutoReport ready at http://127.0.0.1:{product.port}\n"
    assert answer(product, "/health/ready")["status"] == "ok"
    assert product.workers()
    assert product.stop(signal.SIGTERM) == 0
    assert product.leftovers() == []
    assert product.other_lines() == []


def test_ctrl_c_takes_everything_down(start):
    product = start(WORKERS="0")
    product.wait_until_ready()
    assert product.stop(signal.SIGINT) == 0
    assert product.leftovers() == []


def test_when_uv_is_killed_the_product_goes_too(tmp_path):
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\n"{sys.executable}" "{ROOT / "main.py"}" &\nwait\n')
    uv.chmod(0o755)
    product = Product(tmp_path, str(uv), WORKERS="0")
    product.wait_until_ready()
    product.stop(signal.SIGKILL)
    assert product.leftovers() == []
    product.close()


def test_after_kill_9_nothing_runs_and_nothing_is_lost(start, tmp_path):
    product = start(**ADMIN)
    product.wait_until_ready()
    signed_in = httpx2.post(
        f"{product.url}/auth/login", json=dict(zip(("email", "password"), ADMIN.values(), strict=True)), timeout=120
    )
    url = EmbeddedPostgres(tmp_path / "postgres").url
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        connection.execute("create table kept as select 42 as answer")
    product.stop(signal.SIGKILL)
    assert product.leftovers() == []

    again = start(WORKERS="0")
    again.wait_until_ready()
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    me = httpx2.get(f"{again.url}/api/v1/me", cookies=signed_in.cookies, timeout=120)
    assert me.json()["email"] == ADMIN["ADMIN_EMAIL"]  # whoever was signed in still is


def test_a_killed_worker_and_a_killed_database_are_started_again(start, tmp_path):
    product = start()
    product.wait_until_ready()
    [worker] = product.workers()
    worker.kill()
    url = EmbeddedPostgres(tmp_path / "postgres").url
    with psycopg.connect(db.psycopg_dsn(url)) as connection:
        postmaster = psutil.Process(connection.info.backend_pid).parent()
    assert postmaster
    postmaster.kill()
    end = time.monotonic() + 300
    while not (is_ok(product) and [w.pid for w in product.workers()] not in ([], [worker.pid])):
        assert time.monotonic() < end
        time.sleep(0.2)


def is_ok(product: Product) -> bool:
    try:
        return answer(product, "/health/ready")["status"] == "ok"
    except OSError:
        return False


def test_two_instances_share_one_database(start, database):
    settings = {"DB_URL": database, "WORKERS": "0", **KEYS}
    first, second = start(**settings), start(**settings)
    assert str(first.port) in first.wait_until_ready()
    assert str(second.port) in second.wait_until_ready()
    assert answer(first, "/health/ready") == answer(second, "/health/ready")


def test_a_taken_port_is_one_line_and_starts_nothing(start, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, said = start(PORT=str(port)).refusal()
    assert code == 2
    assert said == (
        f"AutoReport cannot start: HOST, PORT: cannot listen on 127.0.0.1:{port} "
        "(Address already in use); choose another\n"
    )
    assert not (tmp_path / "postgres").exists()


NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DB_URL": NOWHERE, **KEYS}, "DB_URL: connection failed"),
        ({"DB_URL": NOWHERE}, "SECRET_KEY must be set together with DB_URL"),
        ({"SMTP_ENV_KEY": "short"}, "SMTP_ENV_KEY: is not a Fernet key"),
        ({"DATA_DIR": "/proc/self/nowhere"}, "DATA_DIR"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(start, settings, said):
    code, errors = start(**settings).refusal()
    assert code == 2
    assert errors.count("\n") == 1
    assert errors.startswith("AutoReport cannot start: ")
    assert said in errors


def test_data_of_another_major_version_is_one_line(start, tmp_path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("15\n")
    code, errors = start().refusal()
    assert (code, errors.count("\n")) == (2, 1)
    assert "written by PostgreSQL 15, this release brings 18" in errors
