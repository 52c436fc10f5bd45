"""Every route, every role, every relation to the thing it is about. A route without a rule fails: see access_rules.py.

`python -m tests.test_access_matrix` prints how many combinations that are.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core import db as database_module
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from app.sharing import service as sharing
from app.sharing.schemas import Level, MemberAdd, ShareCreate, TeamCreate
from tests.access_objects import Objects, new_person
from tests.access_rules import ADMIN, AUTHOR, EDIT, OWN, RULES, VIEW, Needs, Rule
from tests.conftest import created_database

ROUTES = [f"{method.upper()} {path}" for path, methods in api.openapi()["paths"].items() for method in methods]
NARROWED = "administrator whose key lacks the scope admin"
CALLERS: dict[str, Role] = {**{role.value: role for role in Role}, NARROWED: AUTHOR}
LISTED = {"GET /boards": "board_id", "GET /datasets": "name", "GET /batches": "batch_id", "GET /jobs": "job_id",
          "GET /templates": "template_id", "GET /reports": "report_id", "GET /schedules": "schedule_id",
          "GET /deliveries": "delivery_id"}  # fmt: skip


class Relation(Enum):
    own = "their own"
    viewed = "shared with the person to view"
    edited = "shared with a team to edit"
    open_view = "shared with everybody to view"
    foreign = "somebody else's"


GIVEN: dict[Relation, set[Needs]] = {
    Relation.own: {VIEW, EDIT, OWN},
    Relation.viewed: {VIEW},
    Relation.edited: {VIEW, EDIT},
    Relation.open_view: {VIEW},
    Relation.foreign: set(),
}


def relations_of(rule: Rule) -> list[Relation]:
    """What a route is about decides: for one about nothing that is owned, all are the same."""
    if rule.about:
        return list(Relation)
    return [Relation.own, Relation.foreign] if rule.private else [Relation.foreign]


def is_served(rule: Rule, role: Role, relation: Relation) -> bool:
    if rule.private:
        return relation is Relation.own or (rule.admins and role is ADMIN)
    if not role.includes(rule.least):
        return False
    if rule.about is None or (role is ADMIN and rule.admins) or relation is Relation.own:
        return True
    return rule.needs in GIVEN[relation] and role.includes(rule.shared)


def combinations_of(rule: Rule) -> Iterator[tuple[str, Relation]]:
    for relation in relations_of(rule):
        served = [caller for caller, role in CALLERS.items() if is_served(rule, role, relation)]
        yield from ((caller, relation) for caller in CALLERS if not rule.costly or caller not in served[1:])


@dataclass
class World:
    """One database for all calls. What a call was refused is as it was, and is used again."""

    owner: Actor
    people: dict[str, Actor]
    clients: dict[str, TestClient]
    team: ShareCreate
    made: dict[tuple[Relation, str], Objects] = field(default_factory=dict)

    def things(self, relation: Relation, caller: str) -> Objects:
        whose = caller if relation is Relation.own else ""
        if (relation, whose) not in self.made:
            owner = self.people[caller] if whose else self.owner
            self.made[relation, whose] = Objects(owner, self.people[caller], self.shares[relation])
        return self.made[relation, whose]

    def used_up(self, things: Objects) -> None:
        self.made = {key: kept for key, kept in self.made.items() if kept is not things}

    @cached_property
    def shares(self) -> dict[Relation, list[ShareCreate]]:
        ids = {person.id for person in self.people.values()}
        return {
            Relation.own: [],
            Relation.viewed: [ShareCreate.model_validate({"person_id": one, "level": Level.view}) for one in ids],
            Relation.edited: [self.team],
            Relation.open_view: [ShareCreate(everybody=True, level=Level.view)],
            Relation.foreign: [],
        }


@pytest.fixture(scope="module")
def world(server_url: str, template_database: str) -> Iterator[World]:
    patch = pytest.MonkeyPatch()
    patch.setenv("RATE_LIMIT_PER_MINUTE", "0")
    settings.cache_clear()
    with created_database(server_url, f"test_{uuid4().hex[:12]}", template_database) as url:
        database_module.configure(url)
        yield new_world()
        database_module.engine().dispose()
        database_module.engine.cache_clear()
    patch.undo()
    settings.cache_clear()


def new_world() -> World:
    by_role = {role: new_person(role) for role in Role}
    with transaction() as db:
        team = sharing.create_team(db, SYSTEM, TeamCreate(name="Together")).id
        for person in by_role.values():
            sharing.add_member(db, SYSTEM, team, MemberAdd.model_validate({"person_id": person.id}))
    people = {name: by_role[ADMIN if name == NARROWED else role] for name, role in CALLERS.items()}
    scopes = {name: [Scope.write, Scope.admin] if name == ADMIN else [Scope.write] for name in CALLERS}
    clients = {name: client(person, *scopes[name]) for name, person in people.items()}
    return World(new_person(ADMIN), people, clients, ShareCreate(team_id=team, level=Level.edit))


def client(person: Actor, *scopes: Scope) -> TestClient:
    with transaction() as db:
        key = accounts.create_key(db, person, KeyCreate(name="test", scopes=list(scopes))).key
    return TestClient(api, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)


def call(route: str, things: Objects, caller: TestClient) -> httpx.Response:
    method, path = route.split(" ")
    request = RULES[route].request(things)
    parts = request.pop("path", {})
    address = re.sub(r"{(\w+)}", lambda part: str(parts.get(part[1]) or things[part[1]]), path)
    return caller.request(method, address, **request)


class Outcome(NamedTuple):
    """What came of one combination, in words that a failed comparison can show."""

    caller: str
    relation: Relation
    said: str


def outcome_of(world: World, route: str, caller: str, relation: Relation) -> Outcome:
    things = world.things(relation, caller)
    answer = call(route, things, world.clients[caller])
    assert answer.status_code < 500, f"{route} for {caller}, {relation.value}: {answer.text}"
    served = answer.status_code not in (401, 403, 404, RULES[route].hidden)
    if served and not route.startswith("GET "):
        world.used_up(things)
    if relation is Relation.foreign and not served:
        assert things.marker not in answer.text, f"the refusal gives it away: {answer.text}"
    return Outcome(caller, relation, "served" if served else f"refused {answer.status_code}")


def expected(route: str, caller: str, relation: Relation) -> set[str]:
    """What is not theirs at all does not exist for them, unless their role is refused before anything is looked up."""
    rule, role = RULES[route], CALLERS[caller]
    if is_served(rule, role, relation):
        return {"served"}
    sees_all = role is ADMIN and not rule.admins
    if relation is Relation.foreign and rule.about and role.includes(rule.least) and not sees_all:
        return {f"refused {rule.hidden}"}
    return {"refused 403", "refused 404"} if rule.private or relation is Relation.foreign else {"refused 403"}


def test_every_route_says_for_whom_it_is_and_no_rule_is_left_over() -> None:
    assert sorted(RULES) == sorted(ROUTES)
    hidden = [route.path for router in api.router.routes for route in getattr(router, "routes", [])
              if not getattr(route, "include_in_schema", True)]  # fmt: skip
    assert not hidden


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_serves_those_it_is_for_and_nobody_else(world: World, route: str) -> None:
    for caller, relation in combinations_of(RULES[route]):
        outcome = outcome_of(world, route, caller, relation)
        assert outcome.said in expected(route, caller, relation), outcome


@pytest.mark.parametrize("route", [route for route in ROUTES if re.fullmatch(r"GET [^{]*", route)])
def test_a_list_holds_what_is_shared_and_nothing_else(world: World, route: str) -> None:
    rule = RULES[route]
    for caller, role in CALLERS.items():
        for relation in Relation:
            things = world.things(relation, caller)
            if route in LISTED:
                assert things[LISTED[route]]
            seen = things.marker in "".join(pages_of(route, things, world.clients[caller]))
            theirs = relation is Relation.own or (route != "GET /jobs" and relation is not Relation.foreign)
            if route in LISTED:
                assert seen == (role is ADMIN or theirs), f"{caller}: {relation.value}"
            elif role is not ADMIN and not rule.about:
                assert theirs or not seen, f"{caller}: {relation.value}"


def pages_of(route: str, things: Objects, caller: TestClient) -> Iterator[str]:
    request = RULES[route].request(things)
    cursor: str | None = ""
    while cursor is not None:
        params = {**request.get("params", {}), "limit": 200, **({"cursor": cursor} if cursor else {})}
        answer = caller.get(route.removeprefix("GET "), params=params)
        yield answer.text
        is_page = answer.headers.get("content-type") == "application/json" and isinstance(answer.json(), dict)
        cursor = answer.json().get("next_cursor") if is_page else None


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_serves_nobody_unknown(world: World, route: str) -> None:
    things = world.things(Relation.foreign, Role.viewer)
    unknown: list[dict[str, Any]] = [
        {},
        {"cookies": {COOKIE: "made up"}},
        {"headers": {"Authorization": "Bearer ar_x"}},
    ]
    for sent in unknown:
        # Each from an address of its own: guessing keys from one of them is limited.
        caller = TestClient(api, client=(f"10.0.{ROUTES.index(route)}.1", 5000), **sent)
        assert call(route, things, caller).status_code == 401


@pytest.fixture(scope="module")
def reader(world: World) -> TestClient:
    return client(world.people[ADMIN], Scope.read)


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.startswith("GET ")])
def test_a_key_that_may_only_read_changes_nothing(world: World, reader: TestClient, route: str) -> None:
    assert call(route, world.things(Relation.foreign, Role.admin), reader).status_code == 403


if __name__ == "__main__":
    about = sum(1 for rule in RULES.values() if rule.about)
    tried = sum(len(list(combinations_of(rule))) for rule in RULES.values())
    sys.stdout.write(
        f"{tried} combinations of {len(ROUTES)} routes ({about} of them about things that can be shared), "
        f"{len(CALLERS)} callers ({', '.join(CALLERS)}) and {len(Relation)} relations\n"
    )
