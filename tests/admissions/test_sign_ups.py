"""Accounts that people make for themselves."""

from collections.abc import Callable

import pytest

from app.accounts import service as accounts
from app.accounts.schemas import Person, SignedIn
from app.admissions import service as admissions
from app.admissions.schemas import SignUp
from app.core import db
from app.core.actor import SYSTEM, Actor, Role
from app.core.settings import SettingsError, load
from tests.admissions.conftest import PASSWORD, signed_in
from tests.dump import dump

NEW = SignUp(name="Ann", email="Ann@example.com", password=PASSWORD, job_title="Analyst")

pytestmark = pytest.mark.usefixtures("database")


def sign_up(new: SignUp = NEW) -> SignedIn:
    with db.transaction() as session:
        outcome = admissions.sign_up(session, new, ip="192.0.2.7", user_agent="Firefox")
    assert isinstance(outcome, SignedIn)
    return outcome


def everybody() -> list[Person]:
    with db.transaction() as session:
        return accounts.people(session, SYSTEM)


def test_whoever_signs_up_is_in_at_once_and_only_reads(admin: Actor, signup: Callable[..., None]) -> None:
    signup("open")
    outcome = sign_up()
    assert signed_in(outcome.token)
    assert (outcome.person.email, outcome.person.role) == ("ann@example.com", Role.viewer)


def test_the_operator_chooses_the_role(admin: Actor, signup: Callable[..., None]) -> None:
    signup("open", SIGNUP_ROLE="member")
    assert sign_up().person.role is Role.member


def test_a_known_address_is_refused_and_nothing_is_written(admin: Actor, signup: Callable[..., None]) -> None:
    signup("open")
    sign_up()
    before = dump()
    with pytest.raises(accounts.EmailTaken) as refused:
        sign_up(NEW.model_copy(update={"name": "Eve"}))
    assert refused.value.status == 409
    assert sorted(dump().splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_otherwise_nobody_gets_in(admin: Actor, signup: Callable[..., None], mode: str) -> None:
    signup(mode)
    with pytest.raises(admissions.SignUpClosed):
        sign_up()
    assert [person.email for person in everybody()] == [admin.email]


def test_the_first_account_is_never_made_by_signing_up(signup: Callable[..., None]) -> None:
    signup("open")
    with pytest.raises(admissions.SignUpClosed):
        sign_up()
    assert everybody() == []


@pytest.mark.parametrize("wrong", [{"SIGNUP": "yes"}, {"SIGNUP_ROLE": "admin"}])
def test_what_the_setting_does_not_know_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        load(wrong)
