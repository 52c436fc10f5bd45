"""The second proof: codes of an authenticator, and recovery codes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts import totp
from app.accounts.schemas import CodeNeeded, PersonCreate, PolicyChange, SignedIn
from app.accounts.tables import PendingSignInRow, RecoveryCodeRow, TwoFactorRow
from app.audit import service as audit
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.errors import TooMany

PASSWORD = SecretStr("three unrelated words")
START = datetime(2026, 3, 1, 9, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)


def new_person(db: Session, role: Role = Role.author) -> Actor:
    new = PersonCreate(email=f"{role}@example.com", name="Ann", password=PASSWORD, role=role)
    return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def enrol(db: Session, who: Actor) -> tuple[pyotp.TOTP, list[str]]:
    app = pyotp.TOTP(accounts.start_two_factor(db, who).secret)
    return app, accounts.confirm_two_factor(db, who, app.at(clock.now())).codes


def begin(db: Session, who: Actor) -> str:
    outcome = accounts.sign_in(db, who.email, PASSWORD)
    assert isinstance(outcome, CodeNeeded)
    return outcome.token


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """The vectors of RFC 6238, of which six digits are asked for."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.step_of(secret, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("late", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(late: int, fits: bool) -> None:
    secret = totp.new_secret()
    code = pyotp.TOTP(secret).at(START)
    assert (totp.step_of(secret, code, START + late * STEP) is not None) is fits


def test_a_password_alone_is_not_enough_any_more(db: Session) -> None:
    with clock.use(FixedClock(START)) as now:
        ann = new_person(db)
        app, _ = enrol(db, ann)
        now.at += STEP
        token = begin(db, ann)
        assert accounts.actor_of_session(db, token) is None
        assert isinstance(accounts.give_code(db, token, app.at(now.at)), SignedIn)
        with pytest.raises(accounts.SignInExpired):
            accounts.give_code(db, token, app.at(now.at))


def test_a_code_works_once(db: Session) -> None:
    with clock.use(FixedClock(START)) as now:
        ann = new_person(db)
        app, _ = enrol(db, ann)
        assert accounts.give_code(db, begin(db, ann), app.at(START)) is None  # it has confirmed the set-up
        now.at += STEP
        assert accounts.give_code(db, begin(db, ann), app.at(now.at))
        assert accounts.give_code(db, begin(db, ann), app.at(now.at)) is None
        assert accounts.give_code(db, begin(db, ann), app.at(START)) is None


def test_of_two_that_send_one_code_at_once_only_one_comes_in(database: str) -> None:
    with transaction() as db:
        ann = new_person(db)
        app, codes = enrol(db, ann)
        db.execute(sa.update(TwoFactorRow).values(last_step=None))
        tokens = [begin(db, ann) for _ in range(4)]

    def give(token: str, code: str) -> bool:
        with transaction() as db:
            return accounts.give_code(db, token, code) is not None

    with ThreadPoolExecutor(2) as pool:
        for code, pair in ((app.now(), tokens[:2]), (codes[0], tokens[2:])):
            assert sorted(pool.map(give, pair, [code] * 2)) == [False, True]


@pytest.mark.parametrize("code", ["", "000000", "１２３４５６", "a" * 64, "\0", "\ud800"])
def test_nothing_else_is_a_code(db: Session, code: str) -> None:
    with clock.use(FixedClock(START)):
        ann = new_person(db)
        enrol(db, ann)
        assert accounts.give_code(db, begin(db, ann), code) is None


def test_a_recovery_code_works_once_however_it_is_typed(db: Session) -> None:
    ann = new_person(db)
    _, codes = enrol(db, ann)
    assert len(set(codes)) == 10
    assert accounts.give_code(db, begin(db, ann), f" {codes[0].upper().replace('-', ' ')} ")
    assert accounts.give_code(db, begin(db, ann), codes[0]) is None
    assert accounts.two_factor(db, ann).recovery_codes_left == 9
    actions = [entry.action for entry in audit.entries_page(db, limit=20).items]
    assert {"two_factor:enabled", "recovery_code:used", "two_factor:refused"} <= set(actions)
    assert codes[0] not in str([vars(row) for row in db.scalars(sa.select(RecoveryCodeRow))])


def test_new_recovery_codes_make_the_old_ones_void(db: Session) -> None:
    ann = new_person(db)
    _, old = enrol(db, ann)
    new = accounts.new_recovery_codes(db, ann).codes
    assert accounts.give_code(db, begin(db, ann), old[0]) is None
    assert accounts.give_code(db, begin(db, ann), new[0])


def test_a_sign_in_waits_ten_minutes_and_five_tries(db: Session) -> None:
    with clock.use(FixedClock(START)) as now:
        ann = new_person(db)
        _, codes = enrol(db, ann)
        late = begin(db, ann)
        now.at += timedelta(minutes=10)
        with pytest.raises(accounts.SignInExpired):
            accounts.give_code(db, late, codes[0])
        token = begin(db, ann)
        db.execute(sa.update(PendingSignInRow).values(tries=5))
        with pytest.raises(accounts.SignInExpired):
            accounts.give_code(db, token, codes[0])
        assert accounts.delete_expired_sign_ins(db) == 1


def test_guesses_are_limited_over_all_sign_ins_of_a_person(db: Session) -> None:
    with clock.use(FixedClock(START)) as now:
        ann = new_person(db)
        _, codes = enrol(db, ann)
        for _ in range(5):
            assert accounts.give_code(db, begin(db, ann), "000000") is None
        with pytest.raises(TooMany):
            accounts.give_code(db, begin(db, ann), codes[0])
        now.at += timedelta(minutes=15)
        assert accounts.give_code(db, begin(db, ann), codes[0])


def test_another_authenticator_replaces_the_first_only_once_it_is_proved(db: Session) -> None:
    with clock.use(FixedClock(START)) as now:
        ann = new_person(db)
        old, _ = enrol(db, ann)
        new = pyotp.TOTP(accounts.start_two_factor(db, ann).secret)
        with pytest.raises(accounts.WrongCode):
            accounts.confirm_two_factor(db, ann, old.at(START))
        now.at += STEP
        assert accounts.give_code(db, begin(db, ann), old.at(now.at))
        accounts.confirm_two_factor(db, ann, new.at(now.at))
        now.at += STEP
        assert accounts.give_code(db, begin(db, ann), old.at(now.at)) is None
        assert accounts.give_code(db, begin(db, ann), new.at(now.at))


def test_with_a_lost_encryption_key_recovery_codes_still_work(db: Session) -> None:
    ann = new_person(db)
    app, codes = enrol(db, ann)
    db.execute(sa.update(TwoFactorRow).values(secret="gone:unreadable"))
    assert accounts.give_code(db, begin(db, ann), app.now()) is None
    assert accounts.give_code(db, begin(db, ann), codes[0])
    status = accounts.two_factor(db, ann)
    assert (status.is_on, status.is_readable) == (True, False)
    enrol(db, ann)
    assert accounts.two_factor(db, ann).is_readable


def test_the_secret_is_not_readable_in_the_database(db: Session) -> None:
    ann = new_person(db)
    secret = accounts.start_two_factor(db, ann).secret
    assert secret not in str(vars(db.scalars(sa.select(TwoFactorRow)).one()))


@pytest.mark.parametrize(("least", "asked"), [(Role.author, True), (Role.admin, False), (None, False)])
def test_a_role_that_must_use_it_sets_it_up_before_there_is_a_session(
    db: Session, least: Role | None, asked: bool
) -> None:
    ann = new_person(db)
    accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=least))
    outcome = accounts.sign_in(db, ann.email, PASSWORD)
    assert isinstance(outcome, CodeNeeded) is asked
    if isinstance(outcome, CodeNeeded):
        assert outcome.must_enrol
        offer = accounts.enrolment(db, outcome.token)
        assert accounts.enrolment(db, outcome.token) == offer  # loading the page again does not change it
        assert accounts.finish_enrolment(db, outcome.token, "000000") is None
        enrolled = accounts.finish_enrolment(db, outcome.token, pyotp.TOTP(offer.secret).now())
        assert enrolled
        assert accounts.actor_of_session(db, enrolled.signed_in.token)
        with pytest.raises(accounts.TwoFactorRequired):
            accounts.turn_off_two_factor(db, ann)


def test_two_who_know_the_password_are_not_shown_the_same_secret(db: Session) -> None:
    """Else the owner would set up a second proof that the thief has, too."""
    ann = new_person(db)
    accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    thief, owner = begin(db, ann), begin(db, ann)
    seen = {accounts.enrolment(db, token).secret for token in (thief, owner)}
    assert len(seen) == 2
    mine = pyotp.TOTP(accounts.enrolment(db, owner).secret).now()
    assert accounts.finish_enrolment(db, thief, mine) is None
    assert accounts.finish_enrolment(db, owner, mine)
    with pytest.raises(accounts.SignInExpired):
        accounts.finish_enrolment(db, thief, mine)


def test_a_sign_in_from_before_cannot_replace_a_second_proof(db: Session) -> None:
    ann = new_person(db)
    accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    early = begin(db, ann)
    enrol(db, ann)
    with pytest.raises(accounts.SignInExpired):
        accounts.enrolment(db, early)


def test_an_administrator_can_reset_it_for_somebody_who_lost_the_phone(db: Session) -> None:
    ann, boss = new_person(db), new_person(db, Role.admin)
    enrol(db, ann)
    assert ann.id
    accounts.reset_two_factor(db, boss, ann.id)
    assert isinstance(accounts.sign_in(db, ann.email, PASSWORD), SignedIn)
    assert accounts.two_factor(db, ann).recovery_codes_left == 0
