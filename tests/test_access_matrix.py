"""Every route against every role. A route that is not in this table fails: nobody adds one without saying for whom."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core import db as database_module
from app.core.actor import Actor, Role
from app.core.db import transaction
from tests.access_objects import Objects, new_person
from tests.access_rules import ADMIN, OWN, RULES, VIEWER
from tests.conftest import _created

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
    least = ADMIN if RULES[route].needs is OWN else RULES[route].least
    assert got == {role: role.includes(least) for role in Role}


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
