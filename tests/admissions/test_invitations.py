"""From an invitation by mail to an account, exactly once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange, SignedIn
from app.admissions import service as admissions
from app.admissions.schemas import Acceptance, InvitationCreate, NewInvitation, State
from app.core import clock, db
from app.core.actor import Actor, Role
from app.core.errors import AppError, Forbidden, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import TeamCreate
from tests.admissions.conftest import PASSWORD, actor, make_person, signed_in, token_in, tokens
from tests.dump import dump
from tests.smtp_server import Mailbox

ANN = "ann@example.com"
GIVEN = Acceptance(name="Ann", password=PASSWORD, job_title="Analyst")

pytestmark = pytest.mark.usefixtures("database")


def invite(admin: Actor, email: str = ANN, **facts: Any) -> NewInvitation:
    with db.transaction() as session:
        return admissions.invite(session, admin, InvitationCreate(email=email, **facts))


def accept(token: str, given: Acceptance = GIVEN) -> Any:
    with db.transaction() as session:
        return admissions.accept_invitation(session, token, given, ip="192.0.2.7", user_agent="Firefox")


def states(admin: Actor) -> list[State]:
    with db.transaction() as session:
        return [one.state for one in admissions.invitations_page(session, admin).items]


def test_an_invitation_by_mail_becomes_an_account_with_role_and_team(admin: Actor, mailbox: Mailbox) -> None:
    with db.transaction() as session:
        team = sharing.create_team(session, admin, TeamCreate(name="Sales"))
        gone = sharing.create_team(session, admin, TeamCreate(name="Gone"))
    made = invite(admin, " Ann@Example.com ", role=Role.author, team_ids=[team.id, gone.id])
    assert (made.email, made.by_mail, made.link, made.state) == (ANN, True, None, State.open)
    with db.transaction() as session:
        sharing.delete_team(session, admin, gone.id)
    outcome = accept(token_in(mailbox))
    assert isinstance(outcome, SignedIn)
    assert (outcome.person.role, outcome.person.job_title) == (Role.author, "Analyst")
    assert signed_in(outcome.token)
    with db.transaction() as session:
        assert [one.person_id for one in sharing.team(session, admin, team.id).members] == [outcome.person.id]
    assert states(admin) == [State.accepted]


def test_the_letter_says_who_invites_and_where_to(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    token = token_in(mailbox)
    mail = message_from_bytes(mailbox.contents[0], policy=policy.default)
    text = mail.get_body(("plain",)).get_content()
    assert (mail["To"], mail["Subject"]) == (ANN, "Boss invites you to AutoReport")
    assert f"http://127.0.0.1:8501/auth/invitation/{token}" in text
    assert "until 28 Mar 2026, 12:00 UTC" in text


def test_a_link_works_once(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    token = token_in(mailbox)
    accept(token)
    with db.transaction() as session:
        assert admissions.open_invitation(session, token) is None
    with pytest.raises(admissions.InvitationUnusable):
        accept(token)


def test_of_eight_at_once_one_gets_the_place(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    token = token_in(mailbox)

    def attempt() -> str:
        try:
            return type(accept(token)).__name__
        except AppError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        got = [done.result() for done in [pool.submit(copy_context().run, attempt) for _ in range(8)]]
    assert sorted(got) == ["InvitationUnusable"] * 7 + ["SignedIn"]


def test_looking_at_a_link_does_not_use_it_up(admin: Actor, mailbox: Mailbox) -> None:
    """Programs that check mail for dangers open each link."""
    invite(admin)
    token = token_in(mailbox)
    for _ in range(3):
        with db.transaction() as session:
            assert admissions.open_invitation(session, token) is not None
    accept(token)


def test_a_password_that_is_refused_leaves_the_invitation_open(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    token = token_in(mailbox)
    with pytest.raises(accounts.WeakPassword):
        accept(token, GIVEN.model_copy(update={"password": Acceptance(name="A", password="short").password}))
    assert states(admin) == [State.open]
    accept(token)


@pytest.mark.parametrize(("seconds", "fits"), [(-1, True), (0, False)])
def test_an_invitation_lasts_a_day(
    admin: Actor, mailbox: Mailbox, noon: clock.FixedClock, seconds: int, fits: bool
) -> None:
    invite(admin)
    token = token_in(mailbox)
    noon.at += timedelta(days=1, seconds=seconds)
    with db.transaction() as session:
        assert (admissions.open_invitation(session, token) is not None) == fits
    assert states(admin) == [State.open if fits else State.expired]
    if not fits:
        with pytest.raises(admissions.InvitationUnusable):
            accept(token)


def test_sending_it_again_voids_the_older_link(admin: Actor, mailbox: Mailbox, noon: clock.FixedClock) -> None:
    made = invite(admin)
    first = token_in(mailbox)
    noon.at += timedelta(days=2)
    with db.transaction() as session:
        admissions.send_again(session, admin, made.id)
    second = token_in(mailbox)
    assert (len(tokens(mailbox)), first != second) == (2, True)
    with pytest.raises(admissions.InvitationUnusable):
        accept(first)
    accept(second)


def test_a_revoked_invitation_is_worth_nothing(admin: Actor, mailbox: Mailbox) -> None:
    made = invite(admin)
    token = token_in(mailbox)
    with db.transaction() as session:
        assert admissions.revoke_invitation(session, admin, made.id).state is State.revoked
    with pytest.raises(admissions.InvitationUnusable):
        accept(token)
    with db.transaction() as session, pytest.raises(admissions.InvitationOver):
        admissions.send_again(session, admin, made.id)
    invite(admin)  # the address is free again
    assert sorted(states(admin)) == [State.open, State.revoked]


def test_nobody_is_invited_twice_or_while_they_have_an_account(admin: Actor) -> None:
    invite(admin)
    with pytest.raises(admissions.AlreadyInvited):
        invite(admin)
    with pytest.raises(accounts.EmailTaken):
        invite(admin, admin.email)
    assert states(admin) == [State.open]


def test_without_a_mail_account_the_administrator_gets_the_link_once(admin: Actor) -> None:
    made = invite(admin)
    assert made.link is not None
    token = made.link.rpartition("/")[2]
    assert token not in dump()
    accept(token)


def test_the_token_is_nowhere_in_the_database(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    before = dump()
    token = token_in(mailbox)
    assert token not in before + dump()
    assert ANN in before


def test_an_account_made_meanwhile_is_not_taken_over(admin: Actor, mailbox: Mailbox) -> None:
    invite(admin)
    token = token_in(mailbox)
    make_person(ANN)
    with pytest.raises(accounts.EmailTaken):
        accept(token)


def test_only_administrators_invite(admin: Actor) -> None:
    made, author = invite(admin), actor(make_person("author@example.com", Role.author))
    for attempt in (
        lambda s: admissions.invite(s, author, InvitationCreate(email="eve@example.com", role=Role.admin)),
        lambda s: admissions.send_again(s, author, made.id),
        lambda s: admissions.revoke_invitation(s, author, made.id),
        lambda s: admissions.invitations_page(s, author),
        lambda s: admissions.make_reset_link(s, author, admin.id),
    ):
        with db.transaction() as session, pytest.raises(Forbidden):
            attempt(session)


def test_a_team_that_does_not_exist_is_refused(admin: Actor) -> None:
    with pytest.raises(NotFound):
        invite(admin, team_ids=[admin.id])


def test_closed_means_no_invitations_not_even_old_ones(admin: Actor, signup: Callable[..., None]) -> None:
    made = invite(admin)
    signup("closed")
    with pytest.raises(admissions.InvitationsOff):
        invite(admin, "ben@example.com")
    with pytest.raises(admissions.InvitationUnusable):
        accept((made.link or "").rpartition("/")[2])


@pytest.mark.parametrize("lost", [PersonChange(is_active=False), PersonChange(role=Role.author)])
def test_an_invitation_ends_with_the_rights_of_who_sent_it(admin: Actor, mailbox: Mailbox, lost: PersonChange) -> None:
    """Else an administrator who is let go could have invited themselves before."""
    heir = actor(make_person("heir@example.com", Role.admin))
    made = invite(admin)
    token = token_in(mailbox)
    with db.transaction() as session:
        accounts.change_person(session, heir, admin.id or made.id, lost)
        assert admissions.open_invitation(session, token) is None
    assert states(heir) == [State.expired]
    with pytest.raises(admissions.InvitationUnusable):
        accept(token)
    with db.transaction() as session:
        admissions.send_again(session, heir, made.id)
    assert states(heir) == [State.open]
    assert accept(token_in(mailbox))
