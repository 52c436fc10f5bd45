"""Every route against every role. A route that is not in this table fails: nobody adds one without saying for whom."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.accounts.web import COOKIE
from app.api import api
from app.core import db as database_module
from app.core.actor import Actor, Role
from app.core.db import transaction
from tests.access_objects import BLOCKS, CSV, SCHEMA, Objects, new_person
from tests.conftest import _created

VIEWER, MEMBER, AUTHOR, ADMIN = Role
Body = Callable[[Objects], dict[str, Any]]
FILE: dict[str, Any] = {"files": {"file": ("cities.csv", CSV, "text/csv")}}
WINDOW = {"params": {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}}
MAIL = {"host": "127.0.0.1", "from_address": "a@example.com"}


def json(**body: Any) -> Body:
    return lambda _: {"json": body}


class Rule(NamedTuple):
    """The least role that may do it to a thing of somebody else, and what to send."""

    least: Role
    request: Body = lambda _: {}


RULES: dict[str, Rule] = {
    "GET /me": Rule(VIEWER),
    "PATCH /me": Rule(VIEWER, json(job_title="Tester")),
    "POST /me/password": Rule(VIEWER, json(current_password="wrong", new_password="four quite other words")),
    "GET /people": Rule(ADMIN),
    "POST /people": Rule(
        ADMIN, lambda _: {"json": {"email": f"{uuid4().hex}@example.com", "name": "N", "password": "three words"}}
    ),
    "PATCH /people/{person_id}": Rule(ADMIN, json(role="author")),
    "GET /keys": Rule(VIEWER),
    "POST /keys": Rule(VIEWER, json(name="new")),
    "DELETE /keys/{key_id}": Rule(VIEWER),
    "GET /sessions": Rule(VIEWER),
    "POST /sessions/extend": Rule(VIEWER),
    "DELETE /sessions/{session_id}": Rule(VIEWER),
    "GET /audit": Rule(ADMIN),
    "GET /boards": Rule(VIEWER),
    "POST /boards": Rule(MEMBER, json(name="New")),
    "GET /boards/{board_id}": Rule(VIEWER),
    "PATCH /boards/{board_id}": Rule(AUTHOR, json(name="Renamed")),
    "GET /boards/{board_id}/cards": Rule(VIEWER),
    "POST /boards/{board_id}/cards": Rule(MEMBER, json(title="New")),
    "GET /boards/{board_id}/summary": Rule(VIEWER, lambda _: WINDOW),
    "GET /cards/{card_id}": Rule(VIEWER),
    "PATCH /cards/{card_id}": Rule(MEMBER, json(version=1, title="Changed")),
    "DELETE /cards/{card_id}": Rule(ADMIN),
    "POST /cards/{card_id}/move": Rule(
        MEMBER, lambda things: {"json": {"column": str(things.board.columns[1].id), "version": 1}}
    ),
    "POST /cards/{card_id}/archive": Rule(MEMBER),
    "POST /cards/{card_id}/revive": Rule(MEMBER),
    "GET /cards/{card_id}/history": Rule(VIEWER),
    "GET /datasets": Rule(VIEWER),
    "POST /datasets": Rule(AUTHOR, lambda _: {"json": {"name": f"new-{uuid4().hex}", "schema": SCHEMA}}),
    "POST /datasets/infer": Rule(MEMBER, lambda _: FILE),
    "GET /datasets/{name}": Rule(VIEWER),
    "PATCH /datasets/{name}": Rule(AUTHOR, json(description="Changed")),
    "DELETE /datasets/{name}": Rule(ADMIN),
    "GET /datasets/{name}/rows": Rule(VIEWER),
    "POST /ingest": Rule(MEMBER, lambda things: {**FILE, "params": {"dataset": things.name}}),
    "GET /batches": Rule(VIEWER),
    "GET /batches/{batch_id}": Rule(VIEWER),
    "POST /batches/{batch_id}/undo": Rule(ADMIN),
    "POST /batches/{batch_id}/release": Rule(ADMIN),
    "GET /batches/{batch_id}/rejects": Rule(VIEWER),
    "GET /summary": Rule(VIEWER),
    "GET /errors/{format}": Rule(VIEWER, lambda things: {"params": {"dataset": things.name}}),
    "GET /report/{format}": Rule(VIEWER, lambda things: {"params": {"dataset": things.name}}),
    "GET /trace/{dataset}/{row_id}": Rule(VIEWER),
    "POST /queries/run": Rule(MEMBER, lambda things: {"json": {"dataset": things.name, "columns": ["city"]}}),
    "GET /templates": Rule(VIEWER),
    "POST /templates": Rule(AUTHOR, lambda _: {"json": {"name": uuid4().hex, "blocks": BLOCKS}}),
    "GET /templates/{template_id}": Rule(VIEWER),
    "PATCH /templates/{template_id}": Rule(AUTHOR, json(version=1, description="Changed")),
    "DELETE /templates/{template_id}": Rule(ADMIN),
    "GET /templates/{template_id}/versions": Rule(VIEWER),
    "POST /templates/{template_id}/versions/{number}/restore": Rule(AUTHOR),
    "POST /templates/{template_id}/duplicate": Rule(AUTHOR, lambda _: {"json": {"name": uuid4().hex}}),
    "POST /templates/{template_id}/check": Rule(VIEWER),
    "POST /templates/{template_id}/preview": Rule(AUTHOR, json(parameters={})),
    "POST /reports": Rule(AUTHOR, lambda things: {"json": {"template": str(things.template_id)}}),
    "GET /reports": Rule(VIEWER),
    "GET /reports/{report_id}": Rule(VIEWER),
    "GET /reports/{report_id}.{format}": Rule(VIEWER),
    "DELETE /reports/{report_id}": Rule(ADMIN),
    "GET /schedules": Rule(VIEWER),
    "POST /schedules": Rule(
        AUTHOR, lambda things: {"json": {"name": "New", "cron": "0 8 * * 1", "payload": things.order}}
    ),
    "GET /schedules/preview": Rule(VIEWER, lambda _: {"params": {"cron": "0 8 * * 1"}}),
    "GET /schedules/{schedule_id}": Rule(VIEWER),
    "PATCH /schedules/{schedule_id}": Rule(AUTHOR, json(version=1, name="Changed")),
    "DELETE /schedules/{schedule_id}": Rule(ADMIN),
    "POST /schedules/{schedule_id}/run": Rule(AUTHOR),
    "POST /schedules/{schedule_id}/pause": Rule(AUTHOR),
    "POST /schedules/{schedule_id}/resume": Rule(AUTHOR),
    "GET /schedules/{schedule_id}/fires": Rule(VIEWER),
    "GET /deliveries": Rule(VIEWER),
    "GET /deliveries/{delivery_id}": Rule(VIEWER),
    "POST /deliveries/{delivery_id}/retry": Rule(AUTHOR),
    "GET /deliveries/{delivery_id}/message": Rule(VIEWER),
    "GET /smtp-accounts": Rule(AUTHOR),
    "POST /smtp-accounts": Rule(ADMIN, lambda _: {"json": {**MAIL, "name": uuid4().hex}}),
    "PATCH /smtp-accounts/{account_id}": Rule(ADMIN, json(from_name="Changed")),
    "DELETE /smtp-accounts/{account_id}": Rule(ADMIN),
    "POST /smtp-accounts/{account_id}/test": Rule(ADMIN),
    "GET /jobs": Rule(VIEWER),
    "GET /jobs/{job_id}": Rule(ADMIN),
    "DELETE /jobs/{job_id}": Rule(ADMIN),
    "GET /jobs/{job_id}/events": Rule(ADMIN),
    "POST /jobs/{job_id}/cancel": Rule(ADMIN),
    "POST /jobs/{job_id}/retry": Rule(ADMIN),
    "GET /system": Rule(ADMIN),
}
ROUTES = [f"{method.upper()} {path}" for path, methods in api.openapi()["paths"].items() for method in methods]


class World(NamedTuple):
    owner: Actor
    people: dict[Role, Actor]
    clients: dict[Role, TestClient]


@pytest.fixture(scope="module")
def world(server_url: str, template_database: str) -> Iterator[World]:
    """One database for all calls: each makes what it needs and nothing depends on another."""
    with _created(server_url, f"test_{uuid4().hex[:12]}", template_database) as url:
        database_module.configure(url)
        people = {role: new_person(role) for role in Role}
        yield World(new_person(ADMIN), people, {role: client(person) for role, person in people.items()})
        database_module.engine().dispose()
        database_module.engine.cache_clear()


def client(person: Actor) -> TestClient:
    scopes = [Scope.write, *([Scope.admin] if person.role is ADMIN else [])]
    with transaction() as db:
        key = accounts.create_key(db, person, KeyCreate(name="test", scopes=scopes)).key
    return TestClient(api, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def call(route: str, things: Objects, caller: TestClient) -> int:
    method, path = route.split(" ")
    address = re.sub(r"{(\w+)}", lambda part: things[part[1]], path)
    return int(caller.request(method, address, **RULES[route].request(things)).status_code)


def test_every_route_says_for_whom_it_is_and_no_rule_is_left_over() -> None:
    assert sorted(RULES) == sorted(ROUTES)
    hidden = [route.path for router in api.router.routes for route in getattr(router, "routes", [])
              if not getattr(route, "include_in_schema", True)]  # fmt: skip
    assert not hidden


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_serves_those_it_is_for_and_nobody_else(world: World, route: str) -> None:
    got = {}
    for role, caller in world.clients.items():
        status = call(route, Objects(world.owner, world.people[role]), caller)
        assert status < 500, f"{role}: {status}"
        got[role] = status not in (401, 403)
    assert got == {role: role.includes(RULES[route].least) for role in Role}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_serves_nobody_unknown(world: World, route: str) -> None:
    things = Objects(world.owner, world.people[VIEWER])
    for caller in (TestClient(api), TestClient(api, cookies={COOKIE: "made up"})):
        assert call(route, things, caller) == 401
    assert call(route, things, TestClient(api, headers={"Authorization": "Bearer ar_made_up"})) == 401


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.startswith("GET ")])
def test_a_key_that_may_only_read_changes_nothing(world: World, route: str) -> None:
    admin = world.people[ADMIN]
    with transaction() as db:
        key = accounts.create_key(db, admin, KeyCreate(name="reader", scopes=[Scope.read])).key
    caller = TestClient(api, headers={"Authorization": f"Bearer {key}"})
    assert call(route, Objects(world.owner, admin), caller) == 403
