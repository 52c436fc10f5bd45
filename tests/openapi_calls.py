"""Calls that the OpenAPI document allows, and calls that it forbids, made up by a program."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core import db as database_module
from app.core import settings as settings_module
from app.core.actor import Role
from app.core.db import transaction
from tests.access_objects import Objects, new_person
from tests.conftest import created_database

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", api, config=SchemathesisConfig())
OPERATIONS = {one.ok().label: one.ok() for one in SCHEMA.get_all_operations()}


class Callers:
    def __init__(self) -> None:
        self.owner = new_person(Role.admin)
        self.people = {role: new_person(role) for role in (Role.admin, Role.viewer)}
        self.headers = {role: self._headers(role) for role in self.people}

    def _headers(self, role: Role) -> dict[str, str]:
        scopes = [Scope.write, *([Scope.admin] if role is Role.admin else [])]
        with transaction() as db:
            key = accounts.create_key(db, self.people[role], KeyCreate(name="calls", scopes=scopes)).key
        return {"Authorization": f"Bearer {key}"}

    def things(self, role: Role) -> Objects:
        return Objects(self.owner, self.people[role])


@contextmanager
def callers(server_url: str, template_database: str) -> Iterator[Callers]:
    """In a database of their own, and with no limit on the number of calls."""
    before = os.environ.get("RATE_LIMIT_PER_MINUTE")
    os.environ["RATE_LIMIT_PER_MINUTE"] = "1000000"
    settings_module.settings.cache_clear()
    with created_database(server_url, f"test_{uuid4().hex[:12]}", template_database) as url:
        database_module.configure(url)
        yield Callers()
        database_module.engine().dispose()
        database_module.engine.cache_clear()
    os.environ.pop("RATE_LIMIT_PER_MINUTE")
    if before is not None:
        os.environ["RATE_LIMIT_PER_MINUTE"] = before
    settings_module.settings.cache_clear()


def calls(label: str, things: Objects) -> st.SearchStrategy[Any]:
    """Half of them to things that exist, or nothing behind the first look-up would ever be reached."""
    operation = OPERATIONS[label]
    names = [one.name for one in operation.path_parameters]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    made_up = [operation.as_strategy(mode) for mode in modes]
    if not names:
        return st.one_of(made_up)
    there = {name: things[name] for name in names}
    return st.one_of(*made_up, *(operation.as_strategy(mode, path_parameters=there) for mode in modes))


def try_calls(label: str, who: Callers, role: Role, *, examples: int, random: bool = False) -> None:
    """The same ones each time, unless `random`."""
    headers = who.headers[role]

    def call(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    _explore(call, calls(label, who.things(role)), examples, random)


def _explore(call: Callable[[Any], None], cases: st.SearchStrategy[Any], examples: int, random: bool) -> None:
    phases = [Phase.generate, Phase.shrink] if random else [Phase.generate]
    how = settings(
        max_examples=examples,
        deadline=None,
        derandomize=not random,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    how(given(cases)(call))()
