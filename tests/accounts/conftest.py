"""The API as scripts and browsers meet it, and people to call it with."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION as COOKIE
from app.accounts.schemas import KeyCreate, PersonCreate, Scope
from app.api import api
from app.core.actor import SYSTEM, Role
from app.core.db import transaction

PASSWORD = SecretStr("three unrelated words")


@dataclass(frozen=True)
class Visitor:
    """A client that sends this person's key; `token` is the same person's session."""

    client: TestClient
    email: str
    token: str
    key: str

    def by_cookie(self, **headers: str) -> TestClient:
        return TestClient(api, cookies={COOKIE: self.token}, headers=headers, raise_server_exceptions=False)


def visitor(role: Role, email: str | None = None) -> Visitor:
    address = email or f"{role}@example.com"
    scopes = [Scope.write, *([Scope.admin] if role is Role.admin else [])]
    with transaction() as db:
        new = PersonCreate(email=address, name=role.capitalize(), password=PASSWORD, role=role)
        person = accounts.create_person(db, SYSTEM, new)
        actor = accounts.actor_of(db, person.id)
        key = accounts.create_key(db, actor, KeyCreate(name="test", scopes=scopes)).key
        token = accounts.start_session(db, person, ip="127.0.0.1", user_agent="Test")
    client = TestClient(api, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)
    return Visitor(client, address, token, key)


@pytest.fixture
def visit(database: str) -> Callable[..., Visitor]:
    return visitor


@pytest.fixture
def anonymous(database: str) -> TestClient:
    return TestClient(api, raise_server_exceptions=False)
