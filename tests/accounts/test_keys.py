"""API keys: a person's rights, narrowed by scopes."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, NewKey, PersonChange, PersonCreate, Scope
from app.accounts.tables import ApiKeyRow
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.clock import FixedClock
from app.core.errors import Forbidden, Invalid, NotFound

PASSWORD = SecretStr("three unrelated words")


def actor(db: Session, role: Role, email: str = "ann@example.com") -> Actor:
    who = accounts.create_person(db, SYSTEM, PersonCreate(email=email, name="Ann", password=PASSWORD, role=role))
    return accounts.actor_of(db, who.id)


def key_of(db: Session, who: Actor, *scopes: Scope) -> NewKey:
    return accounts.create_key(db, who, KeyCreate(name="script", scopes=list(scopes)))


def test_the_key_is_shown_once_and_kept_as_a_hash(db: Session) -> None:
    ann = actor(db, Role.author)
    new = key_of(db, ann, Scope.write)
    assert new.key.startswith("ar_")
    assert new.key not in str(vars(db.scalars(sa.select(ApiKeyRow)).one()))
    assert "key" not in accounts.keys(db, ann)[0].model_dump()
    assert accounts.actor_of_key(db, new.key, changes=True) == ann


def test_a_key_to_read_may_not_change_anything(db: Session) -> None:
    new = key_of(db, actor(db, Role.author), Scope.read)
    assert accounts.actor_of_key(db, new.key)
    with pytest.raises(accounts.ScopeTooNarrow, match="only read"):
        accounts.actor_of_key(db, new.key, changes=True)


def test_an_administrators_key_administers_only_with_that_scope(db: Session) -> None:
    boss = actor(db, Role.admin)
    roles = []
    for scope in (Scope.write, Scope.admin):
        who = accounts.actor_of_key(db, key_of(db, boss, scope).key, changes=True)
        roles.append(who and who.role)
    assert roles == [Role.author, Role.admin]


def test_nobody_gives_a_key_more_than_they_have(db: Session) -> None:
    with pytest.raises(Forbidden):
        key_of(db, actor(db, Role.author), Scope.admin)


def test_a_revoked_key_is_nobody(db: Session) -> None:
    ann = actor(db, Role.member)
    new = key_of(db, ann, Scope.write)
    assert accounts.revoke_key(db, ann, new.id).revoked_at
    assert accounts.actor_of_key(db, new.key) is None


def test_only_the_owner_and_administrators_revoke(db: Session) -> None:
    new = key_of(db, actor(db, Role.member), Scope.write)
    with pytest.raises(NotFound):
        accounts.revoke_key(db, actor(db, Role.author, "bob@example.com"), new.id)
    accounts.revoke_key(db, actor(db, Role.admin, "boss@example.com"), new.id)


def test_an_expired_key_is_nobody(db: Session) -> None:
    ann, end = actor(db, Role.member), datetime(2030, 1, 1, tzinfo=UTC)
    new = accounts.create_key(db, ann, KeyCreate(name="script", expires_at=end))
    with clock.use(FixedClock(end - timedelta(seconds=1))):
        assert accounts.actor_of_key(db, new.key)
    with clock.use(FixedClock(end)):
        assert accounts.actor_of_key(db, new.key) is None


def test_a_key_that_ends_in_the_past_is_refused(db: Session) -> None:
    with pytest.raises(Invalid, match="future"):
        accounts.create_key(
            db, actor(db, Role.member), KeyCreate(name="script", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
        )


def test_its_last_use_is_known_with_the_address(db: Session) -> None:
    ann = actor(db, Role.member)
    new, time = key_of(db, ann, Scope.write), FixedClock(datetime(2030, 1, 1, tzinfo=UTC))
    assert (new.last_used_at, new.last_used_ip) == (None, None)
    with clock.use(time):
        accounts.actor_of_key(db, new.key, ip="192.0.2.7")
    db.expire_all()
    shown = accounts.keys(db, ann)[0]
    assert (shown.last_used_at, shown.last_used_ip) == (time.at, "192.0.2.7")


def test_nobody_has_more_than_fifty_that_work(db: Session) -> None:
    ann = actor(db, Role.member)
    made = [key_of(db, ann, Scope.read) for _ in range(50)]
    with pytest.raises(accounts.TooManyKeys):
        key_of(db, ann, Scope.read)
    accounts.revoke_key(db, ann, made[0].id)
    key_of(db, ann, Scope.read)


def test_a_new_password_leaves_keys_alone(db: Session) -> None:
    """They are no proof of a password; the page that lists them says who used each, and revokes it."""
    ann = actor(db, Role.member)
    new = key_of(db, ann, Scope.write)
    assert ann.id
    accounts.reset_password(db, ann.id, SecretStr("four quite other words"))
    assert accounts.actor_of_key(db, new.key) == ann


def test_the_key_of_a_deactivated_person_is_nobody(db: Session) -> None:
    ann = actor(db, Role.member)
    new = key_of(db, ann, Scope.write)
    assert ann.id
    accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=False))
    assert accounts.actor_of_key(db, new.key) is None
