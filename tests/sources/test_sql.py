"""Other databases: what is new comes in exactly, nothing is written there, and no refusal tells more than it should."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.reach import OutgoingRefused
from app.sources import service as sources
from app.sources.connectors.sql import SqlSettings
from app.sources.databases.address import parse_address
from app.sources.databases.connect import reading
from app.sources.databases.fetch import access_of
from app.sources.databases.statement import NotOneSelect, check_select
from app.sources.schemas import Probe, Source, SourceCreate
from tests.sources.conftest import dataset, load_all, pull, rows, source
from tests.sources.environment import environment
from tests.sources.postgres_server import PASSWORD, Server, second_server

QUERY = "select city, people from towns"
TYPES = [
    {"name": "amount", "type": "decimal", "decimals": 6, "formats": ["1.234,56"]},  # so is text of people, not this
    {"name": "at", "type": "timestamp"},
    {"name": "raw", "type": "text"},
    {"name": "doc", "type": "text"},
    {"name": "ok", "type": "boolean"},
]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with second_server() as server, environment(OUTGOING_ALLOW="127.0.0.1,::1"):
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.run(
        "drop table if exists towns, odd",
        "create table towns (id serial, city text, people bigint, changed timestamptz default now())",
        "insert into towns (city, people) values ('Oslo', 700000), ('Bergen', 290000)",
    )
    return running


def given(server: Server, **rest: Any) -> dict[str, Any]:
    return {"url": server.url(), "password": PASSWORD, "query": QUERY, "ca_pem": server.ca_pem} | rest


def probe(facts: dict[str, Any]) -> Probe:
    with transaction() as db:
        new = SourceCreate(name="probe", kind="sql", dataset="cities", settings=facts)
        return sources.check_settings(db, SYSTEM, new)


def pulled(one: Source) -> dict[str, Any]:
    run = pull(one.id)
    assert run.status == "completed", run.error
    load_all()
    return dict(run.result or {})


def test_a_query_is_loaded_and_the_same_answer_is_not_loaded_again(database: str, server: Server) -> None:
    dataset()
    one = source("sql", given(server))
    assert pulled(one)["taken"] == 1
    assert sorted(rows()) == [["Bergen", 290000], ["Oslo", 700000]]
    assert pulled(one)["taken"] == 0


def test_with_a_column_that_grows_only_new_rows_come(database: str, server: Server) -> None:
    dataset()
    query = "select city, people, id from towns -- all of them"
    one = source("sql", given(server, query=query, watermark_column="id"))
    pulled(one)
    assert pulled(one)["taken"] == 0
    server.run("insert into towns (city, people) values ('Voss', 15000)")
    pulled(one)
    assert [row[0] for row in rows()] == ["Oslo", "Bergen", "Voss"]


def test_moments_rise_as_watermarks_to_the_microsecond(database: str, server: Server) -> None:
    dataset()
    server.run("update towns set changed = '2026-03-01 12:00:00.123456+02' where city = 'Oslo'",
               "update towns set changed = '2026-03-01 10:00:00.123457+00' where city = 'Bergen'")  # fmt: skip
    one = source("sql", given(server, query="select city, people, changed from towns", watermark_column="changed"))
    pulled(one)
    assert pulled(one)["taken"] == 0
    server.run("insert into towns (city, people, changed) values ('Voss', 1, '2026-03-01 10:00:00.123458+00')")
    pulled(one)
    assert len(rows()) == 3


def test_types_arrive_exactly(database: str, server: Server) -> None:
    dataset(columns=TYPES)
    server.run(
        "create table odd (amount numeric, at timestamptz, raw bytea, doc jsonb, ok boolean)",
        r"""insert into odd values (null, null, null, null, null),
            (12345678901.123456, '2026-03-29 03:00:00+02', '\xdeadbeef', '{"a": [1, "ü"]}', true)""",
    )
    pulled(source("sql", given(server, query="select * from odd")))
    second, first = rows()
    assert [str(value) for value in first[:2]] == ["12345678901.123456", "2026-03-29 01:00:00"]
    assert first[2:] == [r"\xdeadbeef", '{"a": [1, "ü"]}', True]
    assert second == [None] * 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "did not accept this user and password"),
        ({"url": "postgresql://reader@nowhere.invalid/postgres"}, "The name nowhere.invalid is not known"),
        ({"url": "postgresql://reader@127.0.0.1:1/postgres"}, "127.0.0.1 cannot be reached"),
        ({"ca_pem": ""}, "The certificate of localhost was refused"),
        ({"query": "select nothing from towns"}, 'column "nothing" does not exist'),
        ({"query": "select pg_sleep(30)", "seconds": 1}, "took longer than the 1 s allowed"),
        ({"watermark_column": "none"}, "the answer has no column 'none'"),
    ],
)
def test_what_goes_wrong_is_said(database: str, server: Server, change: dict[str, Any], words: str) -> None:
    dataset()
    found = probe(given(server) | change)
    assert (found.ok, words in found.message, PASSWORD in found.message) == (False, True, False), found.message


def test_a_certificate_for_another_name_is_refused(database: str, server: Server) -> None:
    dataset()
    assert probe(given(server)).ok
    found = probe(given(server, url=server.url("127.0.0.1")))
    assert (found.ok, found.message) == (
        False,
        "The certificate of 127.0.0.1 was refused, or it is not for this name.",
    )


def test_private_hosts_need_the_operators_word(server: Server) -> None:
    access = access_of(SqlSettings.model_validate(given(server)))
    with environment(OUTGOING_ALLOW=""), pytest.raises(OutgoingRefused, match="OUTGOING_ALLOW"), reading(access):
        pass


def test_nothing_is_written_there(database: str, server: Server) -> None:
    dataset()
    server.run(
        "create or replace function nasty() returns int language plpgsql security definer as"
        " $$ begin delete from towns; return 1; end $$"
    )
    found = probe(given(server, query="select nasty() as city, 1 as people"))
    assert (found.ok, "read-only transaction" in found.message) == (False, True)


@pytest.mark.parametrize(
    "sql",
    [
        "delete from towns",
        "select 1; drop table towns",
        "with gone as (delete from towns returning *) select * from gone",
        "select * into other from towns",
        "select * from towns for update",
        "copy towns to '/tmp/x'",
        "sel ect",
        "--",
    ],
)
def test_only_one_select_is_a_query(sql: str) -> None:
    with pytest.raises(NotOneSelect):
        check_select(sql, "postgres")


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:secret@host/db", "postgresql:///db", "postgresql://u@/db?host=/tmp", "nonsense", "sqlite://",
     "sqlite:///relative.db", "duckdb:////tmp/x.db", "postgresql://u@host/db?sslkey=/etc/shadow", "postgresql+asyncpg://h/d"],
)  # fmt: skip
def test_urls_that_could_lead_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"database|URL|password|option|host|path|psycopg"):
        parse_address(url)


def test_a_connection_that_is_lost_leaves_nothing_behind(database: str, server: Server) -> None:
    dataset()
    server.run(
        "create or replace function lost(place int) returns text language plpgsql as $$ begin"
        " if place = 150000 then perform pg_terminate_backend(pg_backend_pid()); end if; return 'x' || place; end $$",
        "grant pg_signal_backend to reader",
    )
    query = "select lost(place) as city, place as people from generate_series(1, 200000) as place"
    run = pull(source("sql", given(server, query=query)).id)
    assert run.status in ("failed", "partial")
    load_all()
    assert rows() == []


def test_sqlite_files_are_read_below_the_open_folders_only(database: str, inbox_folder: Path, tmp_path: Path) -> None:
    dataset()
    for path in (inbox_folder / "towns.db", tmp_path / "closed.db"):
        with sqlite3.connect(path) as connection:
            connection.execute("create table towns (city text, people integer)")
            connection.executemany("insert into towns values (?, ?)", [("Oslo", 700000), ("Ålesund", None)])
        connection.close()
    one = source("sql", {"url": f"sqlite:///{inbox_folder / 'towns.db'}", "query": QUERY})
    pulled(one)
    assert rows() == [["Oslo", 700000], ["Ålesund", None]]
    with pytest.raises(Invalid, match="SOURCE_FOLDERS"):
        source("sql", {"url": f"sqlite:///{tmp_path / 'closed.db'}", "query": QUERY}, name="closed")
    (inbox_folder / "link.db").symlink_to(tmp_path / "closed.db")
    with pytest.raises(Invalid, match="SOURCE_FOLDERS"):
        source("sql", {"url": f"sqlite:///{inbox_folder / 'link.db'}", "query": QUERY}, name="link")
