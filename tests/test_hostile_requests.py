"""Requests that no honest program sends: each is refused in our own words, and none of them changes anything."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.api import api
from app.core.actor import Role
from app.core.db import transaction
from app.core.errors import AppError
from app.queries.build_sql import build_sql
from app.queries.schemas import QuerySpec, Source
from tests.openapi_calls import Callers, callers

DEEP = 100_000
COMPONENTS = api.openapi()["components"]["schemas"]


@pytest.fixture(scope="module")
def who(server_url: str, template_database: str) -> Iterator[Callers]:
    with callers(server_url, template_database) as found:
        yield found


@pytest.fixture(scope="module")
def client(who: Callers) -> TestClient:
    return TestClient(api, headers=who.headers[Role.admin], raise_server_exceptions=False)


def inputs(node: Any, seen: set[str]) -> set[str]:
    """Names of all schemas that a request body is made of."""
    if isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            inputs(COMPONENTS[name], seen)
        for value in node.values():
            inputs(value, seen)
    elif isinstance(node, list):
        for value in node:
            inputs(value, seen)
    return seen


BODIES = inputs([way.get("requestBody") for ways in api.openapi()["paths"].values() for way in ways.values()], set())


def test_no_body_takes_a_field_that_it_does_not_name() -> None:
    objects = [name for name in sorted(BODIES) if COMPONENTS[name].get("type") == "object"]
    assert len(objects) > 30
    assert [name for name in objects if COMPONENTS[name].get("additionalProperties") is not False] == []


@pytest.mark.parametrize("field", ["role", "is_active", "id", "owner_id", "created_at", "password_hash", "is_admin"])
def test_nobody_promotes_themselves_by_a_field_of_their_own(who: Callers, field: str) -> None:
    viewer = TestClient(api, headers=who.headers[Role.viewer])
    answer = viewer.patch("/me", json={"name": "Vic", field: "admin"})
    assert (answer.status_code, answer.json()["error"]) == (422, "Invalid")
    assert viewer.get("/me").json()["role"] == "viewer"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"name":' * DEEP,
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": 1e99999}',
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "x", "name": {"y": 1}}',
        b'{"name": "x", "__proto__": {"role": "admin"}}',
        b"\xef\xbb\xbf[]",
        b"",
        b"null",
        b'"name"',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_no_honest_program_sends_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/boards", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text[:300]
    assert set(answer.json()) == {"error", "message", "request_id", "details"}


def test_of_a_name_given_twice_in_json_or_query_the_last_counts(client: TestClient) -> None:
    """As the parsers of Python and of the web framework have it: never one value checked and another used."""
    body = b'{"name": "First", "name": "Last"}'
    made = client.post("/boards", content=body, headers={"Content-Type": "application/json"})
    assert made.json()["name"] == "Last"
    assert len(client.get("/boards?limit=200&limit=1").json()["items"]) == 1
    assert client.get("/boards?limit=1&limit=100000").status_code == 422


@pytest.mark.parametrize("size", [(8 << 20) + 1, 9 << 20])
def test_a_body_above_eight_mebibytes_is_refused_whether_it_says_so_or_not(client: TestClient, size: int) -> None:
    pieces = [b"x" * (1 << 20)] * (size >> 20) + [b"x"]
    assert client.post("/boards", content=b"x" * size).status_code == 413
    assert client.post("/boards", content=iter(pieces)).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/boards/%00",
        "/boards/%2e%2e",
        "/boards/..%2fme",
        "/boards/%2e%2e%2fme",
        "//me",
        "/me/",
        "/me;/x",
        "/me%20",
        "/ME",
        "/datasets/..%2f..%2fetc%2fpasswd",
        "/datasets/%ff",
        "/reports/..%5c..%5cx.html",
        "/batches/9999999999999999999999",
        "/batches/-1",
        "/batches/1e3",
        "/trace/x/1.1.1",
    ],
)
def test_tricks_in_an_address_lead_nowhere(client: TestClient, path: str) -> None:
    """Never to another route; a redirect may only leave the last slash out."""
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code in (307, 400, 404, 405, 422)
    if answer.status_code == 307:
        assert answer.headers["location"].rstrip("/") == f"http://testserver{path}".rstrip("/")


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_or_field_cannot_turn_a_read_into_a_change(client: TestClient, name: str) -> None:
    key = client.get("/keys").json()["items"][0]["id"]
    assert client.get(f"/keys/{key}?_method=DELETE", headers={name: "DELETE"}).status_code == 405
    assert client.get("/me", headers={name: "DELETE"}).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "DEBUG"])
def test_a_method_that_a_route_does_not_have_is_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/boards").status_code == 405


def test_many_and_long_headers_and_parameters_do_no_harm(client: TestClient) -> None:
    many = {f"X-Flood-{number}": "x" * 100 for number in range(500)}
    assert client.get("/me", headers=many).status_code == 200
    assert client.get("/boards", params=[("a", "x")] * 5000).status_code == 200
    assert client.get("/boards", params={"cursor": "A" * 60_000}).status_code == 422


SQL = [
    *(
        "'",
        "''",
        "';--",
        "' or '1'='1",
        '" or ""="',
        "1) or (1=1",
        "%' or 1=1 --",
        "%",
        "_",
        "\\",
        "/*",
        "?",
        "$1",
        ":x",
    ),
    *(
        "1; drop table people",
        "x'; drop table audit; --",
        "\\'; select 1",
        "*/ select 1",
        "$$; select 1 $$",
        "%s",
        "null",
    ),
    *("' union select password_hash from people --", "; copy people to program 'id'", "'||pg_sleep(5)||'", "%(name)s"),
    *("1 and pg_sleep(5)", "x\u2019 or 1=1", "\u02bc or 1=1", "{{7*7}}", "chr(39)", "0x27", "E'\\047'", "U&'\\0027'"),
    *('"; drop table x', '""', '"."', 'x" as y, (select 1) as "z', "read_csv('/etc/passwd')", "getenv('HOME')", "*"),
    *(
        "(select 1)",
        "count(*)",
        "now()",
        "true",
        "default",
        "-- x",
        "#",
        "x\ny",
        "pragma version",
        "attach 'x'",
        "set x=1",
    ),
    *(
        "copy (select 1) to '/tmp/x'",
        "install httpfs",
        "load httpfs",
        "sum(1)/0",
        "1e9999",
        "x::int",
        "a.b.c",
        "\u0001",
    ),
]
SOURCE = Source(
    dataset="sales", dataset_id=UUID(int=1), columns=[("city", "text")], files=["a"], version="1", batches=[1]
)


@pytest.mark.parametrize("text", SQL)
def test_words_of_sql_are_only_words(client: TestClient, who: Callers, text: str) -> None:
    """Wherever a text reaches a question to the database: names, searches, filters, orders, cursors."""
    with transaction() as db:
        people = db.scalar(sa.text("select count(*) from people"))
    made = client.post("/boards", json={"name": text})
    assert made.json()["name"] == text.strip()
    for path in ("/templates", "/reports"):
        assert client.get(path, params={"search": text}).json()["items"] == []
    for parameters in ({"cursor": text}, {"limit": text}):
        assert client.get("/boards", params=parameters).status_code == 422
    assert client.get("/deliveries", params={"recipient": text}).status_code in (200, 422)
    assert client.get(f"/datasets/{quote(text, safe='')}").status_code in (404, 422)
    with transaction() as db:
        assert db.scalar(sa.text("select count(*) from people")) == people


@pytest.mark.parametrize("text", SQL)
def test_words_of_sql_in_a_question_are_names_or_values(text: str) -> None:
    """A name that the dataset does not have is refused; a value is bound and never part of the question."""
    for question in ({"columns": [text]}, {"order_by": [{"column": text}]}, {"group_by": [{"column": text}]}):
        with pytest.raises((AppError, ValidationError)):
            build_sql(QuerySpec.model_validate({"dataset": "sales", **question}), SOURCE)
    asked = {"dataset": "sales", "filters": [{"column": "city", "op": "eq", "value": text}]}
    statement = build_sql(QuerySpec.model_validate(asked), SOURCE)
    assert statement.values == [text]
    assert len(text) < 3 or text not in statement.sql
