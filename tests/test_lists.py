"""Every list of the API pages in one way: limit and cursor in, items and next_cursor out."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core.actor import Role
from app.core.db import transaction
from app.core.paging import encode
from tests.access_objects import Objects, new_person

SPEC = api.openapi()
WRONG_CURSORS = [encode(key) for key in (["é"], [None], [{}], [1.5], [1, 2, 3], ["x", "y"])] + ["no cursor"]


def is_list(operation: dict[str, Any]) -> bool:
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return "next_cursor" in SPEC["components"]["schemas"].get(name, {}).get("properties", {})


LISTS = [path for path, methods in SPEC["paths"].items() if "get" in methods and is_list(methods["get"])]


@pytest.fixture
def things(database: str) -> Objects:
    admin = new_person(Role.admin)
    return Objects(admin, admin)


@pytest.fixture
def caller(things: Objects) -> TestClient:
    with transaction() as db:
        new = KeyCreate(name="lists", scopes=[Scope.write, Scope.admin])
        key = accounts.create_key(db, things.owner, new).key
    return TestClient(api, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def test_no_route_answers_with_a_bare_array() -> None:
    answers = [
        operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for methods in SPEC["paths"].values()
        for operation in methods.values()
    ]
    assert len(LISTS) > 15
    assert "array" not in [answer.get("type") for answer in answers]


def test_lists_refuse_a_cursor_and_a_limit_that_are_not_theirs(caller: TestClient, things: Objects) -> None:
    wrong = [{"cursor": cursor} for cursor in WRONG_CURSORS] + [{"limit": "0"}, {"limit": "201"}]
    for path in LISTS:
        address = re.sub(r"{(\w+)}", lambda part: things[part[1]], path)
        statuses = {str(params): caller.get(address, params=params).status_code for params in wrong}
        # A text is a fine cursor for what is sorted by a name.
        strange = {params: status for params, status in statuses.items() if status not in (200, 422)}
        assert not strange, path
        assert list(statuses.values())[1:5] == [422] * 4, path
        assert list(statuses.values())[-3:] == [422] * 3, path


@pytest.mark.parametrize("thing", ["board", "name", "account_id", "key_id", "session_id", "template_id", "job_id"])
def test_pages_of_one_hold_the_same_as_one_long_page(caller: TestClient, things: Objects, thing: str) -> None:
    lists = {"board": "boards", "name": "datasets", "account_id": "smtp-accounts", "key_id": "keys",
             "session_id": "sessions", "template_id": "templates", "job_id": "jobs"}  # fmt: skip
    for _ in range(3):
        getattr(Objects(things.owner, things.owner), thing)
    whole = caller.get(f"/{lists[thing]}").json()
    assert len(whole["items"]) >= 3
    assert whole["next_cursor"] is None
    found, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"/{lists[thing]}", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == [item["id"] for item in whole["items"]]
