"""A new password by a link, for whoever reads the mail of that account."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import CodeNeeded, Person, SignedIn
from app.admissions import letters
from app.admissions.schemas import ResetLink
from app.admissions.tables import ResetLinkRow
from app.admissions.tokens import LinkUnusable, link_to, new_token
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, secrets
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import Conflict, Invalid, NotFound
from app.deliveries import service as deliveries
from app.deliveries.schemas import Letter
from app.jobs import service as jobs

LASTS = timedelta(minutes=30)
PATH = "/auth/reset"
RESET_JOB = "admissions.send_reset"


class ResetUnusable(LinkUnusable):
    """This link was used already, was replaced by a newer one, or has expired. Ask for a new one."""


class NobodyToReset(Conflict):
    """This person's account is deactivated. Activate it first."""


def request_reset(db: Session, email: str, *, ip: str | None = None) -> None:
    """The same work for every address: who it belongs to is looked up later, by the job."""
    sealed = secrets.encrypt(json.dumps({"email": email[:320], "ip": ip}))
    jobs.enqueue(db, SYSTEM, RESET_JOB, {"request": sealed}, title="Password reset by mail", priority=5)


def send_requested_reset(db: Session, sealed: str) -> bool:
    """Whether there was somebody to write to."""
    request = json.loads(secrets.decrypt(sealed))
    person = accounts.person_with_email(db, request["email"])
    if person is None or not person.is_active or not deliveries.can_send_letters(db):
        return False
    _make_link(db, SYSTEM.model_copy(update={"ip": request["ip"]}), person, by_mail=True)
    return True


def make_reset_link(db: Session, actor: Actor, person_id: UUID) -> ResetLink:
    """For an administrator: mailed to the person, or, when no mail can be sent, given once to be passed on."""
    require_role(actor, Role.admin)
    person = accounts.active_person(db, person_id)
    if person is None:
        raise (
            NobodyToReset if person_id in accounts.entries_of(db, {person_id}) else NotFound("There is no such person.")
        )
    return _make_link(db, actor, person, by_mail=deliveries.can_send_letters(db))


def person_to_reset(db: Session, token: str) -> Person | None:
    """Whose password this link may change; looking does not use it up."""
    row = db.scalar(sa.select(ResetLinkRow).where(*_usable(token)))
    return _holder(db, row) if row else None


def choose_password(
    db: Session, token: str, password: SecretStr, *, ip: str | None = None, user_agent: str = ""
) -> SignedIn | CodeNeeded:
    """Exactly once; a password that is refused leaves the link open. A second factor is asked for as ever."""
    row = db.scalar(sa.delete(ResetLinkRow).where(*_usable(token)).returning(ResetLinkRow))
    person = _holder(db, row) if row else None
    if row is None or person is None:
        raise ResetUnusable
    accounts.reset_password(db, person.id, password, ip=ip, by_mail=row.by_mail)
    return accounts.begin_sign_in(db, person.id, ip=ip, user_agent=user_agent)


def delete_old_links(db: Session) -> int:
    """Run by the timer; the answer is how many went."""
    gone = sa.delete(ResetLinkRow).where(ResetLinkRow.expires_at <= clock.now()).returning(ResetLinkRow.person_id)
    return len(db.scalars(gone).all())


def _make_link(db: Session, actor: Actor, person: Person, *, by_mail: bool) -> ResetLink:
    token, now = new_token(), clock.now()
    facts = {
        "token_hash": accounts.hash_of(token),
        "mark": accounts.proof_mark(db, person.id),
        "by_mail": by_mail,
        "created_at": now,
        "expires_at": now + LASTS,
    }
    row = insert(ResetLinkRow).values(person_id=person.id, **facts)
    db.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=facts))
    audit.record(db, actor, Action.reset_link_created, person.id, by_mail=by_mail)
    link = link_to(PATH, token)
    if by_mail:
        deliveries.send_letter(db, _letter(person, link), unique_key=f"reset:{uuid4()}")
    return ResetLink(sent_to=person.email if by_mail else None, expires_at=now + LASTS, link=None if by_mail else link)


def _letter(person: Person, link: str) -> Letter:
    try:
        return letters.reset(person, link, clock.now() + LASTS)
    except ValidationError as error:
        raise Invalid(f"No mail can be sent to {person.email}. Correct the address of this person first.") from error


def _holder(db: Session, row: ResetLinkRow) -> Person | None:
    person = accounts.active_person(db, row.person_id)
    return person if person and accounts.proof_mark(db, row.person_id) == row.mark else None


def _usable(token: str) -> list[sa.ColumnElement[bool]]:
    return [ResetLinkRow.token_hash == accounts.hash_of(token), ResetLinkRow.expires_at > clock.now()]
