"""Nothing is changed by reading: a link in a mail or a picture on a foreign page can only make a browser read."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.api import api
from app.core.actor import Role
from app.core.db import transaction
from tests.access_objects import Objects
from tests.access_rules import RULES
from tests.openapi_calls import Callers, callers

READS = [f"GET {path}" for path, methods in api.openapi()["paths"].items() if "get" in methods]
# Who read what is written down, when a key was used last, and how often somebody asked.
WRITTEN_DOWN = {"audit", "audit_chain", "api_keys", "rate_limits", "sessions"}


@pytest.fixture(scope="module")
def who(server_url: str, template_database: str) -> Iterator[Callers]:
    with callers(server_url, template_database) as found:
        yield found


@pytest.fixture(scope="module")
def things(who: Callers) -> Objects:
    """All that a route can be about is made before anything is compared."""
    found = Objects(who.owner, who.people[Role.admin])
    for route in READS:
        request_of(route, found)
    return found


def request_of(route: str, things: Objects) -> str:
    RULES[route].request(things)
    return re.sub(r"{(\w+)}", lambda part: things[part[1]], route.removeprefix("GET "))


def fingerprint() -> dict[str, tuple[int, str]]:
    """Rows and content of each table."""
    with transaction() as db:
        names = sa.inspect(db.connection()).get_table_names()
        return {
            name: tuple(db.execute(sa.text(f"select count(*), md5(string_agg(t::text, '|')) from \"{name}\" t")).one())
            for name in names
            if name not in WRITTEN_DOWN
        }


@pytest.mark.parametrize("route", READS)
def test_reading_changes_nothing(who: Callers, things: Objects, route: str) -> None:
    client = TestClient(api, headers=who.headers[Role.admin])
    address, before = request_of(route, things), fingerprint()
    answer = client.get(address, **RULES[route].request(things))
    assert answer.status_code < 500
    assert len(before) > 25
    assert fingerprint() == before
