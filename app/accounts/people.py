"""Who may come in, and as what."""

from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts import limits
from app.accounts.news import Proof, tell
from app.accounts.passwords import check_strength, hash_password, matches
from app.accounts.schemas import Newcomer, PasswordChange, Person, PersonChange, PersonCreate, ProfileChange
from app.accounts.tables import KnownDeviceRow, PendingSignInRow, PersonRow, SessionRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import Conflict, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.core.settings import settings

FIRST_ADMIN_LOCK = 74_219_003


class EmailTaken(Conflict):
    """Somebody already has this e-mail address."""


class AlreadySetUp(Conflict):
    """This installation already has people. Sign in instead."""


class LastAdmin(Conflict):
    """This is the last active administrator. Make somebody else administrator first."""


class Deactivated(Conflict):
    """This person's account is deactivated."""


class WrongPassword(Invalid):
    """The current password is not right."""

    status = 400


def actor_of(db: Session, person_id: UUID | None) -> Actor:
    """On whose behalf a job runs; SYSTEM when nobody asked for it. Raises NotFound."""
    return SYSTEM if person_id is None else actor_from(_row(db, person_id))


def acting(db: Session, person_id: UUID | None) -> Actor:
    """On whose behalf something starts by itself. Raises Deactivated."""
    if person_id is None:
        return SYSTEM
    row = _row(db, person_id)
    if not row.is_active:
        raise Deactivated(f"The account of {row.name} is deactivated.")
    return actor_from(row)


def actor_from(row: PersonRow, ip: str | None = None) -> Actor:
    return Actor(id=row.id, name=row.name, email=row.email, role=Role(row.role), ip=ip)


def people(db: Session, actor: Actor) -> list[Person]:
    require_role(actor, Role.admin)
    return [Person.model_validate(row) for row in db.scalars(sa.select(PersonRow).order_by(PersonRow.name))]


def people_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Person]:
    require_role(actor, Role.admin)
    query, show = sa.select(PersonRow), Person.model_validate
    return fetch_page(db, query, show, PersonRow.email, limit=limit, cursor=cursor)


def person_names(db: Session, actor: Actor) -> dict[UUID, str]:
    """Everybody who is active, for lists to choose from."""
    require_role(actor, Role.viewer)
    rows = db.execute(sa.select(PersonRow.id, PersonRow.name).where(PersonRow.is_active).order_by(PersonRow.name))
    return {row.id: row.name for row in rows}


def people_called(name: str) -> sa.Select[UUID]:
    """The ids of those whose name, or one word of it, is this, whatever its case; also of those who have left."""
    wanted, theirs = sa.func.lower(name), sa.func.lower(PersonRow.name)
    one_word = sa.func.string_to_array(theirs, " ", type_=sa.ARRAY(sa.Text)).any(wanted)
    return sa.select(PersonRow.id).where(sa.or_(theirs == wanted, one_word))


def active_name(person_id: sa.ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> sa.ScalarSelect[str]:
    """For queries of others: what somebody is called, or NULL when they have left."""
    return sa.select(PersonRow.name).where(PersonRow.id == person_id, PersonRow.is_active).scalar_subquery()


def me(db: Session, actor: Actor) -> Person:
    return Person.model_validate(_self(db, actor))


def administrators() -> sa.Select[UUID]:
    """The ids of those who may act as such now."""
    return sa.select(PersonRow.id).where(PersonRow.role == Role.admin.value, PersonRow.is_active)


def anybody_exists(db: Session) -> bool:
    return db.scalar(sa.select(sa.exists().select_from(PersonRow))) is True


def create_person(db: Session, actor: Actor, new: PersonCreate) -> Person:
    require_role(actor, Role.admin)
    return _create(db, actor, new)


def admit_person(db: Session, actor: Actor, new: Newcomer) -> Person:
    """Without a password: another provider has said who it is. The caller has checked that they may come."""
    require_role(actor, Role.admin)
    return _create(db, actor, new)


def create_first_admin(db: Session, new: PersonCreate, *, ip: str | None = None) -> Person:
    """Only while nobody exists; of two at the same time, one gets AlreadySetUp."""
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(FIRST_ADMIN_LOCK)))
    if anybody_exists(db):
        raise AlreadySetUp
    founder = SYSTEM.model_copy(update={"ip": ip})
    return _create(db, founder, new.model_copy(update={"role": Role.admin}))


def create_admin_from_settings(db: Session) -> Person | None:
    """At start: ADMIN_EMAIL and ADMIN_PASSWORD make the first administrator when nobody exists yet."""
    email, password = settings().admin_email, settings().admin_password
    if not email or not password.get_secret_value() or anybody_exists(db):
        return None
    try:
        first = PersonCreate(email=email, name=email.partition("@")[0], password=password)
        return create_first_admin(db, first)
    except ValidationError as error:
        raise Invalid(f"{email} is not an e-mail address.") from error
    except AlreadySetUp:
        return None


def change_person(db: Session, actor: Actor, person_id: UUID, change: PersonChange) -> Person:
    """Takes effect at that person's next click; deactivation and a new password end their sessions at once."""
    require_role(actor, Role.admin)
    row = _row(db, person_id, write=True)
    loses_admin = change.is_active is False or (change.role or Role.admin) is not Role.admin
    if row.role == Role.admin and row.is_active and loses_admin:
        _keep_one_admin(db, besides=row.id)
    before = {"role": row.role, "is_active": row.is_active}
    row.role = (change.role or Role(row.role)).value
    row.is_active = row.is_active if change.is_active is None else change.is_active
    if change.password:
        _set_password(row, change.password)
        limits.forgive_sign_in(db, row.email)
    if change.password or not row.is_active:
        end_everything(db, row.id)
    after = {"role": row.role, "is_active": row.is_active}
    audit.record(db, actor, Action.person_changed, row.id, before=before, after=after, password=bool(change.password))
    db.flush()
    if change.password:
        tell(db, Person.model_validate(row), Proof.password, address=row.email)
    return Person.model_validate(row)


def change_profile(db: Session, actor: Actor, change: ProfileChange) -> Person:
    row = _self(db, actor, write=True)
    before = row.email
    if change.email and change.email != row.email:
        _check_password(db, row, change.current_password, "A new e-mail address needs your current password.")
        row.email, row.email_verified_at = change.email, None
    row.name = change.name or row.name
    row.job_title = row.job_title if change.job_title is None else change.job_title
    audit.record(
        db, actor, Action.person_changed, row.id, fields=sorted(change.model_fields_set - {"current_password"})
    )
    _flush_unique(db, row.email)
    person = Person.model_validate(row)
    if person.email != before:
        tell(db, person, Proof.email, address=before)
    return person


def change_password(db: Session, actor: Actor, change: PasswordChange, *, keep_session: UUID | None = None) -> None:
    """Ends every other session of this person: whoever knew the old password is out."""
    row = _self(db, actor, write=True)
    _check_password(db, row, change.current_password)
    _set_password(row, change.new_password)
    end_everything(db, row.id, keep_session=keep_session)
    audit.record(db, actor, Action.person_changed, row.id, password=True)
    tell(db, Person.model_validate(row), Proof.password, address=row.email)


def _create(db: Session, actor: Actor, new: Newcomer) -> Person:
    row = PersonRow(
        email=new.email,
        email_verified_at=clock.now(),
        name=new.name,
        job_title=new.job_title,
        role=new.role.value,
        created_at=clock.now(),
        password_hash="",
    )
    if isinstance(new, PersonCreate):
        _set_password(row, new.password)
    db.add(row)
    _flush_unique(db, new.email)
    audit.record(db, actor, Action.person_created, row.id, email=row.email, role=row.role)
    return Person.model_validate(row)


def _flush_unique(db: Session, email: str) -> None:
    try:
        db.flush()
    except IntegrityError as error:
        raise EmailTaken(f"Somebody already has the e-mail address {email}.") from error


def _set_password(row: PersonRow, password: SecretStr) -> None:
    check_strength(password.get_secret_value(), email=row.email, name=row.name)
    row.password_hash = hash_password(password.get_secret_value())


def _check_password(db: Session, row: PersonRow, password: SecretStr | None, missing: str | None = None) -> None:
    """The caller has paid for the try by `spend_confirmation`, in a transaction that is over."""
    if not password or not matches(password.get_secret_value(), row.password_hash):
        raise WrongPassword(None if password else missing)
    limits.refund_confirmation(db, row.id)


def end_everything(db: Session, person_id: UUID, *, keep_session: UUID | None = None) -> None:
    """Sessions, half-finished sign-ins, and what browsers were remembered for."""
    others = sa.delete(SessionRow).where(SessionRow.person_id == person_id)
    db.execute(others if keep_session is None else others.where(SessionRow.id != keep_session))
    for table in (PendingSignInRow, KnownDeviceRow):
        db.execute(sa.delete(table).where(table.person_id == person_id))


def _keep_one_admin(db: Session, *, besides: UUID) -> None:
    """Locks all of them, so that two administrators cannot demote each other at the same time."""
    if set(db.scalars(administrators().order_by(PersonRow.id).with_for_update())) <= {besides}:
        raise LastAdmin


def _self(db: Session, actor: Actor, *, write: bool = False) -> PersonRow:
    if actor.id is None:
        raise NotFound("The system itself has no profile.")
    return _row(db, actor.id, write=write)


def _row(db: Session, person_id: UUID, *, write: bool = False) -> PersonRow:
    query = sa.select(PersonRow).where(PersonRow.id == person_id)
    row = db.scalar(query.with_for_update() if write else query)
    if row is None:
        raise NotFound("There is no such person.")
    return row
