"""Mail accounts: kept by admins, the password unreadable at rest."""

from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, secrets
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Invalid, NotFound
from app.core.mail import NotSent, Phase
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.core.smtp import Smtp
from app.core.smtp_access import SmtpAccess, Timeouts
from app.deliveries.schemas import AccountCheck, SmtpAccount, SmtpAccountChange, SmtpAccountCreate
from app.deliveries.tables import SmtpAccountRow

SYSTEM_ACCOUNT_LOCK = 74_219_013
QUICK = Timeouts(connect=8, command=8, after_dot=8)
STAGES = {
    Phase.name: "The host name cannot be found",
    Phase.connect: "No connection to this port",
    Phase.greeting: "The server answers but does not greet",
    Phase.tls: "No encrypted connection",
    Phase.certificate: "The certificate was refused",
    Phase.login: "The server refused user name or password",
}


class AccountNotFound(NotFound):
    """There is no such mail account."""


class AccountNameTaken(Conflict):
    """A mail account with this name exists already. Choose another name."""


class PasswordNeeded(Invalid):
    """Enter the password again: it is not handed to another server or user unasked."""


def create_smtp_account(db: Session, actor: Actor, new: SmtpAccountCreate) -> SmtpAccount:
    require_role(actor, Role.admin)
    _check_name_free(db, new.name)
    is_first = _lock_all(db) == 0
    if new.is_system:
        _retire_system(db)
    now = clock.now()
    row = SmtpAccountRow(
        **new.model_dump(exclude={"password", "is_system"}),
        is_system=new.is_system or is_first,
        password_encrypted=_encrypted(new.password.get_secret_value()),
        owner_id=actor.id,
        created_at=now,
        changed_at=now,
    )
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.smtp_account_created, row.id, name=row.name, host=row.host)
    return _seen(row)


def change_smtp_account(db: Session, actor: Actor, account_id: UUID, change: SmtpAccountChange) -> SmtpAccount:
    row = access_smtp_account(db, actor, account_id, write=True)
    given = change.model_dump(exclude_none=True, exclude={"password"})
    moved = any(given.get(name, getattr(row, name)) != getattr(row, name) for name in ("host", "username"))
    if moved and row.password_encrypted and change.password is None:
        raise PasswordNeeded(details=[{"field": "password", "message": PasswordNeeded.__doc__ or ""}])
    if change.name and change.name != row.name:
        _check_name_free(db, change.name)
    if change.is_system and not row.is_system:
        _lock_all(db)
        _retire_system(db)
    for name, value in given.items():
        setattr(row, name, value)
    if change.password is not None:
        row.password_encrypted = _encrypted(change.password.get_secret_value())
    row.changed_at = clock.now()
    db.flush()
    audit.record(db, actor, Action.smtp_account_changed, row.id, name=row.name, changed=sorted(change.model_fields_set))
    return _seen(row)


def delete_smtp_account(db: Session, actor: Actor, account_id: UUID) -> None:
    """Schedules that use it fail until they get another one; the oldest that is left takes over account mail."""
    row = access_smtp_account(db, actor, account_id, write=True)
    _lock_all(db)
    db.delete(row)
    db.flush()
    oldest = sa.select(SmtpAccountRow).order_by(SmtpAccountRow.created_at, SmtpAccountRow.id).limit(1)
    if row.is_system and (heir := db.scalar(oldest)):
        heir.is_system = True
        db.flush()
    audit.record(db, actor, Action.smtp_account_deleted, row.id, name=row.name)


def smtp_accounts(db: Session, actor: Actor) -> list[SmtpAccount]:
    """By name; authors choose from them."""
    require_role(actor, Role.author)
    return [_seen(row) for row in db.scalars(sa.select(SmtpAccountRow).order_by(SmtpAccountRow.name))]


def smtp_accounts_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[SmtpAccount]:
    require_role(actor, Role.author)
    return fetch_page(db, sa.select(SmtpAccountRow), _seen, SmtpAccountRow.name, limit=limit, cursor=cursor)


def check_smtp_account(db: Session, actor: Actor, account_id: UUID) -> AccountCheck:
    """Connects and signs in for real; nothing is sent."""
    row = access_smtp_account(db, actor, account_id, write=True)
    try:
        with Smtp(smtp_access(row), QUICK) as smtp:
            smtp.connect()
        found = AccountCheck(ok=True, stage=Phase.done, message=f"{row.host}:{row.port} accepted the connection.")
        if row.username:
            found = found.model_copy(update={"message": f"{row.host}:{row.port} accepted {row.username}."})
    except secrets.SecretUnreadable as error:
        found = AccountCheck(ok=False, stage=Phase.login, message=error.message)
    except NotSent as error:
        code = f" ({error.code})" if error.code else ""
        found = AccountCheck(
            ok=False, stage=error.phase, message=f"{STAGES.get(error.phase, 'It failed')}{code}: {error.text}"
        )
    audit.record(db, actor, Action.smtp_account_tested, row.id, name=row.name, ok=found.ok, stage=found.stage)
    return found


def smtp_access(row: SmtpAccountRow) -> SmtpAccess:
    """With the password in clear text, for a connection only. Raises SecretUnreadable."""
    return SmtpAccess(
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        password=secrets.decrypt(row.password_encrypted) if row.password_encrypted else "",
        ca_pem=row.ca_pem,
    )


def outbox_address() -> str:
    """From where messages come that go to the built-in outbox."""
    return f"autoreport@{urlsplit(settings().base_url).hostname or 'localhost'}"


def system_account(db: Session) -> SmtpAccountRow | None:
    """The one that sends invitations and letters about passwords."""
    return db.scalar(sa.select(SmtpAccountRow).where(SmtpAccountRow.is_system))


def access_smtp_account(db: Session, actor: Actor, account_id: UUID, *, write: bool = False) -> SmtpAccountRow:
    require_role(actor, Role.admin if write else Role.author)
    row = db.get(SmtpAccountRow, account_id)
    if row is None:
        raise AccountNotFound
    return row


def _lock_all(db: Session) -> int:
    """How many there are; nobody else changes which one is the system's until this transaction ends."""
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(SYSTEM_ACCOUNT_LOCK)))
    return db.scalar(sa.select(sa.func.count()).select_from(SmtpAccountRow)) or 0


def _retire_system(db: Session) -> None:
    db.execute(sa.update(SmtpAccountRow).where(SmtpAccountRow.is_system).values(is_system=False))


def _check_name_free(db: Session, name: str) -> None:
    if db.scalar(sa.select(SmtpAccountRow.id).where(SmtpAccountRow.name == name)) is not None:
        raise AccountNameTaken(details=[{"field": "name", "message": AccountNameTaken.__doc__ or ""}])


def _encrypted(password: str) -> str:
    return secrets.encrypt(password) if password else ""


def _seen(row: SmtpAccountRow) -> SmtpAccount:
    derived = {"has_password": bool(row.password_encrypted), "needs_password": needs_password(row)}
    return SmtpAccount(
        **{name: getattr(row, name) for name in SmtpAccount.model_fields if name not in derived}, **derived
    )


def needs_password(row: SmtpAccountRow) -> bool:
    """The key that the password was stored with is lost."""
    return bool(row.password_encrypted) and not secrets.is_readable(row.password_encrypted)
