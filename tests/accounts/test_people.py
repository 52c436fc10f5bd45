"""People: who may come in, and as what."""

import threading
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PasswordChange, Person, PersonChange, PersonCreate, ProfileChange
from app.accounts.tables import PersonRow
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.core.errors import Forbidden, NotFound
from app.core.settings import Settings

PASSWORD = "three unrelated words"


def person(db: Session, email: str = "ann@example.com", role: Role = Role.member) -> Person:
    new = PersonCreate(email=email, name="Ann", password=SecretStr(PASSWORD), role=role)
    return accounts.create_person(db, SYSTEM, new)


def test_an_address_is_one_person_whatever_its_case(db: Session) -> None:
    person(db, "Ann@Example.com")
    assert [p.email for p in accounts.people(db, SYSTEM)] == ["ann@example.com"]
    with pytest.raises(accounts.EmailTaken, match=r"ann@example\.com"):
        person(db, "aNN@example.COM")


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@example.com", "a b@example.com", "a@b\nc@d", "<a@b>"])
def test_what_is_not_an_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        PersonCreate(email=email, name="Ann", password=SecretStr(PASSWORD))


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="is_active"):
        ProfileChange.model_validate({"name": "Ann", "is_active": True})


def test_the_password_is_kept_as_a_slow_hash_only(db: Session) -> None:
    row = db.get_one(PersonRow, person(db).id)
    assert row.password_hash.startswith("$2b$")
    assert PASSWORD not in row.password_hash


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaa", "abababab", "ann@example.com", "x" * 1025])
def test_a_weak_password_is_refused(db: Session, weak: str) -> None:
    with pytest.raises(accounts.WeakPassword):
        accounts.create_person(db, SYSTEM, PersonCreate(email="ann@example.com", name="Ann", password=SecretStr(weak)))


def test_characters_after_the_seventy_second_count(db: Session) -> None:
    long = "words " * 20
    who = accounts.create_person(
        db, SYSTEM, PersonCreate(email="ann@example.com", name="Ann", password=SecretStr(long + "a"))
    )
    assert accounts.sign_in(db, who.email, SecretStr(long + "b")) is None
    assert accounts.sign_in(db, who.email, SecretStr(long + "a"))


def test_only_administrators_make_people(db: Session) -> None:
    author = accounts.actor_of(db, person(db, role=Role.author).id)
    with pytest.raises(Forbidden, match="admin"):
        accounts.create_person(db, author, PersonCreate(email="b@c.de", name="B", password=SecretStr(PASSWORD)))
    with pytest.raises(Forbidden):
        accounts.people(db, author)
    with pytest.raises(Forbidden):
        accounts.change_person(db, author, author.id or uuid4(), PersonChange(role=Role.admin))


def test_the_last_administrator_stays(db: Session) -> None:
    first = person(db, "first@example.com", Role.admin)
    for change in (PersonChange(is_active=False), PersonChange(role=Role.viewer)):
        with pytest.raises(accounts.LastAdmin):
            accounts.change_person(db, SYSTEM, first.id, change)
    person(db, "second@example.com", Role.admin)
    assert not accounts.change_person(db, SYSTEM, first.id, PersonChange(is_active=False)).is_active


def test_deactivation_ends_every_session(db: Session) -> None:
    who = person(db)
    signed_in = accounts.sign_in(db, who.email, SecretStr(PASSWORD))
    assert signed_in
    accounts.change_person(db, SYSTEM, who.id, PersonChange(is_active=False))
    assert accounts.actor_of_session(db, signed_in.token) is None
    assert accounts.sign_in(db, who.email, SecretStr(PASSWORD)) is None


def test_a_new_role_counts_in_a_session_that_is_open(db: Session) -> None:
    who = person(db, role=Role.author)
    signed_in = accounts.sign_in(db, who.email, SecretStr(PASSWORD))
    assert signed_in
    accounts.change_person(db, SYSTEM, who.id, PersonChange(role=Role.viewer))
    actor = accounts.actor_of_session(db, signed_in.token)
    assert actor
    assert actor.role is Role.viewer


def test_a_new_password_ends_the_other_sessions_only(db: Session) -> None:
    who = person(db)
    here, elsewhere = (accounts.sign_in(db, who.email, SecretStr(PASSWORD)) for _ in range(2))
    assert here
    assert elsewhere
    actor = accounts.actor_of(db, who.id)
    current = accounts.current_session(db, here.token)
    assert current
    change = PasswordChange(current_password=SecretStr(PASSWORD), new_password=SecretStr("four quite other words"))
    accounts.change_password(db, actor, change, keep_session=current.id)
    assert accounts.actor_of_session(db, here.token)
    assert accounts.actor_of_session(db, elsewhere.token) is None


def test_a_new_password_needs_the_old_one(db: Session) -> None:
    actor = accounts.actor_of(db, person(db).id)
    change = PasswordChange(current_password=SecretStr("wrong"), new_password=SecretStr("four quite other words"))
    with pytest.raises(accounts.WrongPassword) as error:
        accounts.change_password(db, actor, change)
    assert error.value.status == 400


def test_a_new_address_needs_the_password_but_a_new_name_does_not(db: Session) -> None:
    actor = accounts.actor_of(db, person(db).id)
    assert accounts.change_profile(db, actor, ProfileChange(name="Anna")).name == "Anna"
    with pytest.raises(accounts.WrongPassword):
        accounts.change_profile(db, actor, ProfileChange(email="anna@example.com"))
    changed = accounts.change_profile(
        db, actor, ProfileChange(email="anna@example.com", current_password=SecretStr(PASSWORD))
    )
    assert changed.email == "anna@example.com"


def test_an_unknown_person_is_not_found_and_nobody_is_the_system(db: Session) -> None:
    assert accounts.actor_of(db, None) is SYSTEM
    with pytest.raises(NotFound):
        accounts.actor_of(db, uuid4())


def test_of_two_first_administrators_at_once_one_is_made(database: str) -> None:
    outcomes: list[str] = []

    def found(email: str) -> None:
        try:
            with transaction() as db:
                new = PersonCreate(email=email, name="Founder", password=SecretStr(PASSWORD))
                outcomes.append(accounts.create_first_admin(db, new).role)
        except accounts.AlreadySetUp:
            outcomes.append("refused")

    threads = [threading.Thread(target=found, args=(f"founder{n}@example.com",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["admin", "refused", "refused", "refused"]


def test_the_first_administrator_can_come_from_the_environment(db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Settings(admin_email="Boss@Example.com", admin_password=SecretStr(PASSWORD), bcrypt_cost=10)
    monkeypatch.setattr("app.accounts.people.settings", lambda: given)
    made = accounts.create_admin_from_settings(db)
    assert made
    assert (made.email, made.role) == ("boss@example.com", Role.admin)
    assert accounts.create_admin_from_settings(db) is None
    assert db.scalar(sa.select(sa.func.count()).select_from(PersonRow)) == 1
