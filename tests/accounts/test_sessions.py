"""Sessions: the server-side row decides, the cookie is only its key."""

from datetime import UTC, datetime, timedelta
from statistics import median
from time import thread_time

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import Person, PersonCreate
from app.accounts.tables import PersonRow, SessionRow
from app.audit import service as audit
from app.core import clock
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.errors import NotFound
from app.core.settings import settings

PASSWORD = "three unrelated words"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def ann(db: Session) -> Person:
    new = PersonCreate(email="ann@example.com", name="Ann", password=SecretStr(PASSWORD))
    return accounts.create_person(db, SYSTEM, new)


def token_of(db: Session, who: Person) -> str:
    signed_in = accounts.sign_in(db, who.email, SecretStr(PASSWORD), ip="10.0.0.7", user_agent="Test")
    assert signed_in
    return signed_in.token


def test_the_token_is_kept_as_a_hash_only(db: Session, ann: Person) -> None:
    token = token_of(db, ann)
    row = db.scalars(sa.select(SessionRow)).one()
    assert len(token) >= 43
    assert token not in str(vars(row))
    actor = accounts.actor_of_session(db, token)
    assert actor
    assert (actor.id, actor.ip) == (ann.id, "10.0.0.7")


@pytest.mark.parametrize("position", [0, 1, 20, 41, 42])
def test_a_token_with_one_other_character_is_nobody(db: Session, ann: Person, position: int) -> None:
    token = token_of(db, ann)
    forged = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
    assert accounts.actor_of_session(db, forged) is None
    assert accounts.actor_of_session(db, "") is None
    assert accounts.actor_of_session(db, None) is None


def test_a_session_ends_when_it_is_idle_too_long(db: Session, ann: Person) -> None:
    with clock.use(FixedClock(START)):
        token = token_of(db, ann)
    idle = timedelta(seconds=settings().session_timeout)
    with clock.use(FixedClock(START + idle - timedelta(seconds=1))):
        assert accounts.live_tokens(db, [accounts.hash_of(token)])
    with clock.use(FixedClock(START + idle)):
        assert accounts.actor_of_session(db, token) is None


def test_activity_keeps_a_session_but_not_past_its_absolute_end(db: Session, ann: Person) -> None:
    time = FixedClock(START)
    with clock.use(time):
        token = token_of(db, ann)
        end = START + timedelta(seconds=settings().session_max_age)
        while time.at < end - timedelta(minutes=50):
            time.at += timedelta(minutes=50)
            assert accounts.actor_of_session(db, token), time.at
        time.at = end
        assert accounts.actor_of_session(db, token) is None


def test_activity_is_written_at_most_once_a_minute(db: Session, ann: Person) -> None:
    time = FixedClock(START)
    with clock.use(time):
        token = token_of(db, ann)
        for seconds, expected in (
            (30, START),
            (60, START + timedelta(seconds=60)),
            (90, START + timedelta(seconds=60)),
        ):
            time.at = START + timedelta(seconds=seconds)
            accounts.actor_of_session(db, token)
            db.expire_all()
            assert db.scalars(sa.select(SessionRow.last_seen_at)).one() == expected


def test_extending_moves_the_end(db: Session, ann: Person) -> None:
    time = FixedClock(START)
    with clock.use(time):
        token = token_of(db, ann)
        time.at += timedelta(seconds=50)
        extended = accounts.extend(db, token)
    assert extended
    assert extended.ends_at == time.at + timedelta(seconds=settings().session_timeout)
    assert accounts.extend(db, "not a token") is None


def test_after_signing_out_the_token_is_nobody(db: Session, ann: Person) -> None:
    token = token_of(db, ann)
    accounts.sign_out(db, token)
    accounts.sign_out(db, token)
    assert accounts.actor_of_session(db, token) is None


def test_people_see_and_end_their_own_sessions_only(db: Session, ann: Person) -> None:
    bob = accounts.create_person(
        db, SYSTEM, PersonCreate(email="bob@example.com", name="Bob", password=SecretStr(PASSWORD))
    )
    token, other = token_of(db, ann), token_of(db, bob)
    current = accounts.current_session(db, other)
    assert current
    as_ann = accounts.actor_of(db, ann.id)
    assert [s.user_agent for s in accounts.sessions(db, as_ann)] == ["Test"]
    with pytest.raises(NotFound):
        accounts.revoke_session(db, as_ann, current.id)
    accounts.revoke_session(db, as_ann, accounts.sessions(db, as_ann)[0].id)
    assert accounts.actor_of_session(db, token) is None
    assert accounts.actor_of_session(db, other)


def test_the_cleaner_removes_expired_sessions_only(db: Session, ann: Person) -> None:
    with clock.use(FixedClock(START)):
        token_of(db, ann)
    alive = token_of(db, ann)
    assert accounts.delete_expired_sessions(db) == 1
    assert accounts.actor_of_session(db, alive)


def test_refusals_and_sign_ins_are_on_the_trail(db: Session, ann: Person) -> None:
    assert accounts.sign_in(db, ann.email, SecretStr("wrong"), ip="10.0.0.9") is None
    assert accounts.sign_in(db, "my-password-typed-here", SecretStr("x")) is None
    token_of(db, ann)
    db.flush()
    trail = audit.entries_page(db).items
    assert [entry.action for entry in trail[:3]] == ["session:started", "session:refused", "session:refused"]
    assert (trail[2].person, trail[2].ip) == ("Ann", "10.0.0.9")
    assert "my-password-typed-here" not in trail[1].model_dump_json()


def test_an_unknown_address_takes_as_long_as_a_wrong_password(db: Session, ann: Person) -> None:
    def seconds(email: str) -> float:
        start = thread_time()
        accounts.sign_in(db, email, SecretStr("wrong"))
        return thread_time() - start

    seconds("warm@up.example")
    known = median(seconds(ann.email) for _ in range(5))
    unknown = median(seconds("nobody@example.com") for _ in range(5))
    assert unknown > known / 2, f"known {known:.3f} s, unknown {unknown:.3f} s"


def test_a_hash_of_lower_cost_is_renewed_at_sign_in(db: Session, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    dearer = settings().model_copy(update={"bcrypt_cost": settings().bcrypt_cost + 1})
    monkeypatch.setattr("app.accounts.passwords.settings", lambda: dearer)
    token_of(db, ann)
    assert int(db.get_one(PersonRow, ann.id).password_hash.split("$")[2]) == dearer.bcrypt_cost
    token_of(db, ann)
