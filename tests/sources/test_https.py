"""A real HTTPS server with a certificate of an authority of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.settings import settings
from app.sources import service as sources
from app.sources.schemas import SourceChange
from app.sources.vault import SecretNeeded
from tests.smtp_server import Authority
from tests.sources.conftest import dataset, load_all, pull, rows, source, states
from tests.web_server import Answer, Asked, WebServer

OSLO, BERGEN = b"city,people\nOslo,700000\n", b"city,people\nBergen,290000\n"
TOKEN = "Bearer very-secret-token"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def site(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("OUTGOING_ALLOW", "127.0.0.1, localhost")
    settings.cache_clear()
    server = WebServer(authority.server_context())
    yield server
    server.close()
    monkeypatch.undo()
    settings.cache_clear()


def given(site: WebServer, authority: Authority, **rest: Any) -> dict[str, Any]:
    return {"url": site.url("/cities.csv"), "ca_pem": authority.pem, "headers": {"Authorization": TOKEN}, **rest}


class Shelf:
    """A file with an entity tag, as web servers keep it."""

    def __init__(self, body: bytes) -> None:
        self.body, self.tag = body, '"1"'

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != TOKEN:
            return Answer(401)
        if asked.headers.get("if-none-match") == self.tag:
            return Answer(304)
        return Answer(200, self.body, {"ETag": self.tag, "Content-Type": "text/csv"})


def test_a_file_is_fetched_again_only_when_it_changed(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    shelf = site.answers["/cities.csv"] = Shelf(OSLO)
    one = source("https", given(site, authority))
    assert pull(one.id).result["taken"] == 1
    assert pull(one.id).result["taken"] == 0
    assert site.asked[-1].headers["if-none-match"] == '"1"'
    shelf.body, shelf.tag = BERGEN, '"2"'
    assert pull(one.id).result["taken"] == 1
    load_all()
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]


def test_without_tags_the_bytes_decide(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    site.answers["/cities.csv"] = Answer(200, OSLO)
    one = source("https", given(site, authority))
    assert [pull(one.id).result["taken"] for _ in range(2)] == [1, 0]
    assert len(states(one.id)) == 1


def test_secrets_are_nowhere_but_in_the_request(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    site.answers["/cities.csv"] = Shelf(OSLO)
    one = source("https", given(site, authority))
    assert one.secrets == ["headers.Authorization"]
    with transaction() as db:
        assert sources.check_source(db, SYSTEM, one.id).ok
        dump = " ".join(
            str(row[0])
            for table in ("sources", "audit", "runs")
            for row in db.connection().exec_driver_sql(f"select {table}::text from {table}")
        )
    assert "very-secret" not in dump + one.model_dump_json()
    assert "Authorization" in dump


def test_another_host_needs_the_secrets_again(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    one = source("https", given(site, authority))
    same = {"url": site.url("/other.csv"), "ca_pem": authority.pem}
    with transaction() as db:
        changed = sources.change_source(db, SYSTEM, one.id, SourceChange(version=1, settings=same))
    assert changed.secrets == ["headers.Authorization"]
    moved = {"url": site.url("/cities.csv", "localhost"), "ca_pem": authority.pem}
    with transaction() as db, pytest.raises(SecretNeeded):
        sources.change_source(db, SYSTEM, one.id, SourceChange(version=2, settings=moved))
    with transaction() as db:
        bare = sources.change_source(db, SYSTEM, one.id, SourceChange(version=2, settings={**moved, "headers": {}}))
    assert bare.secrets == []


def test_what_goes_wrong_is_said_and_nothing_is_kept(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    one = source("https", given(site, authority, headers={"Authorization": "Bearer wrong"}))
    site.answers["/cities.csv"] = Shelf(OSLO)
    failed = pull(one.id)
    assert (failed.status, "wants other credentials" in (failed.error or "")) == ("failed", True)
    with transaction() as db:
        assert sources.source(db, SYSTEM, one.id).error == failed.error
        assert not sources.check_source(db, SYSTEM, one.id).ok
    assert states(one.id) == {}


def test_a_private_host_is_not_called_unless_permitted(database: str, site: WebServer, monkeypatch: Any) -> None:
    dataset()
    monkeypatch.setenv("OUTGOING_ALLOW", "10.9.9.9")
    settings.cache_clear()
    one = source("https", {"url": site.url("/cities.csv")})
    assert "OUTGOING_ALLOW" in (pull(one.id).error or "")
    assert site.connections == 0


def page(asked: Asked) -> Answer:
    if "cursor=two" in asked.path:
        return Answer(200, b'{"items": [{"city": "Bergen",\n "people": 290000}], "next_cursor": null}')
    return Answer(200, b'{"items": [{"city": "Oslo", "people": 700000}], "next_cursor": "two"}')


def linked(asked: Asked) -> Answer:
    if "page=2" in asked.path:
        return Answer(200, b'[{"city": "Bergen", "people": 290000}]')
    return Answer(
        200, b'[{"city": "Oslo", "people": 700000}]', {"Link": '</api?page=9>; rel="last", </api?page=2>; rel="next"'}
    )


@pytest.mark.parametrize(
    ("answer", "rest"), [(page, {"pages": "cursor", "rows_field": "items"}), (linked, {"pages": "link"})]
)
def test_the_pages_of_an_interface_become_one_file(
    database: str, site: WebServer, authority: Authority, answer: Any, rest: dict[str, Any]
) -> None:
    dataset()
    site.answers["/api"] = answer
    one = source("https", given(site, authority, url=site.url("/api?limit=1"), **rest))
    done = pull(one.id)
    assert done.status == "completed", done.error
    load_all()
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]


def test_pages_at_another_host_are_not_followed(database: str, site: WebServer, authority: Authority) -> None:
    dataset()
    site.answers["/api"] = Answer(200, b"[]", {"Link": f'<{site.url("/api", "localhost")}>; rel="next"'})
    one = source("https", given(site, authority, url=site.url("/api"), pages="link"))
    assert "another host" in (pull(one.id).error or "")
