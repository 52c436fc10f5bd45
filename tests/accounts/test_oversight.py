"""What administrators see and end of the access that other people have."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Person
from app.core.actor import Actor, Role
from app.core.errors import Forbidden, NotFound
from tests.sharing.conftest import new_person


@pytest.fixture
def admin(db: Session) -> Actor:
    return new_person(db, Role.admin, "Ada")


@pytest.fixture
def ann(db: Session) -> Person:
    return accounts.me(db, new_person(db, Role.author, "Ann"))


def test_one_session_is_ended_and_the_others_go_on(db: Session, admin: Actor, ann: Person) -> None:
    first, second = (accounts.start_session(db, ann) for _ in range(2))
    ended = accounts.current_session(db, first)
    assert ended
    assert {one.id for one in accounts.sessions_of(db, admin, ann.id).items} >= {ended.id}
    accounts.end_session_of(db, admin, ann.id, ended.id)
    assert accounts.actor_of_session(db, first) is None
    assert accounts.actor_of_session(db, second) is not None


def test_a_session_is_ended_only_as_that_of_its_person(db: Session, admin: Actor, ann: Person) -> None:
    token = accounts.start_session(db, ann)
    session = accounts.current_session(db, token)
    assert session
    assert admin.id
    for person_id in (admin.id, uuid4()):
        with pytest.raises(NotFound):
            accounts.end_session_of(db, admin, person_id, session.id)
    assert accounts.actor_of_session(db, token) is not None


def test_a_key_is_found_and_revoked(db: Session, admin: Actor, ann: Person) -> None:
    as_ann = accounts.actor_of(db, ann.id)
    new = accounts.create_key(db, as_ann, KeyCreate(name="Nightly"))
    [key] = accounts.keys_of(db, admin, ann.id).items
    assert (key.id, key.name) == (new.id, "Nightly")
    assert new.key not in key.model_dump_json()
    accounts.revoke_key(db, admin, key.id)
    assert accounts.actor_of_key(db, new.key) is None


@pytest.mark.parametrize(
    ("look", "extra"),
    [(accounts.sessions_of, []), (accounts.keys_of, []), (accounts.end_session_of, [uuid4()])],
    ids=["sessions", "keys", "end"],
)
def test_nobody_else_looks_at_the_access_of_others(db: Session, ann: Person, look: Any, extra: list[Any]) -> None:
    with pytest.raises(Forbidden):
        look(db, accounts.actor_of(db, ann.id), ann.id, *extra)
