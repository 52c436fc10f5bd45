"""Browsers that are known: how long, how many, and what makes them strangers again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.devices import is_known
from app.accounts.schemas import PasswordChange, Person, PersonChange, PersonCreate
from app.accounts.tables import KnownDeviceRow
from app.core import clock
from app.core.actor import SYSTEM
from app.core.clock import FixedClock

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
PASSWORD, OTHER = SecretStr("three unrelated words"), SecretStr("four quite other words")


@pytest.fixture
def ann(db: Session) -> Person:
    return accounts.create_person(db, SYSTEM, PersonCreate(email="ann@example.com", name="Ann", password=PASSWORD))


def test_it_keeps_its_token_and_stays_known_half_a_year_after_the_last_sign_in(db: Session, ann: Person) -> None:
    time = FixedClock(START)
    with clock.use(time):
        token = accounts.remember_device(db, ann.id)
        time.at += timedelta(days=100)
        assert accounts.remember_device(db, ann.id, token) == token
        time.at += timedelta(days=180) - timedelta(seconds=1)
        assert is_known(db, token, ann.email)
        time.at += timedelta(seconds=1)
        assert not is_known(db, token, ann.email)
        assert accounts.remember_device(db, ann.id, token) != token
        assert accounts.delete_old_devices(db) == 1


def test_only_the_hash_is_kept_and_a_token_cannot_be_chosen(db: Session, ann: Person) -> None:
    token = accounts.remember_device(db, ann.id, "chosen by somebody else")
    assert token != "chosen by somebody else"
    assert token not in db.scalars(sa.select(KnownDeviceRow.token_hash)).one()
    assert not is_known(db, "chosen by somebody else", ann.email)
    assert not is_known(db, None, ann.email)
    assert not is_known(db, token, "bob@example.com")


def test_the_latest_ten_are_kept(db: Session, ann: Person) -> None:
    tokens = []
    for hour in range(12):
        with clock.use(FixedClock(START + timedelta(hours=hour))):
            tokens.append(accounts.remember_device(db, ann.id))
    with clock.use(FixedClock(START + timedelta(hours=13))):
        assert [is_known(db, token, ann.email) for token in tokens] == [False] * 2 + [True] * 10


ENDS: dict[str, Callable[[Session, Person], object]] = {
    "own new password": lambda db, ann: accounts.change_password(
        db, accounts.actor_of(db, ann.id), PasswordChange(current_password=PASSWORD, new_password=OTHER)
    ),
    "new password by an administrator": lambda db, ann: accounts.change_person(
        db, SYSTEM, ann.id, PersonChange(password=OTHER)
    ),
    "reset": lambda db, ann: accounts.reset_password(db, ann.id, OTHER),
    "deactivation": lambda db, ann: accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=False)),
    "signed out everywhere": lambda db, ann: accounts.end_other_sessions(db, accounts.actor_of(db, ann.id)),
    "signed out by an administrator": lambda db, ann: accounts.end_sessions_of(db, SYSTEM, ann.id),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_it_is_a_stranger_again(db: Session, ann: Person, end: Callable[[Session, Person], object]) -> None:
    token = accounts.remember_device(db, ann.id)
    assert is_known(db, token, ann.email)
    end(db, ann)
    assert not is_known(db, token, ann.email)
