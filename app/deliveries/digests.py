"""Mails that gather what people have not read: one a person and occasion, through the account that sends letters."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import clock, storage
from app.core.actor import SYSTEM, Actor
from app.core.settings import settings
from app.deliveries import ledger
from app.deliveries.schemas import Address, Policy, State
from app.deliveries.send import send_all
from app.deliveries.smtp_accounts import outbox_address, system_account
from app.deliveries.tables import DeliveryRow, SmtpAccountRow
from app.deliveries.write_digest import DigestDraft, subject_of, write_digest
from app.jobs import service as jobs
from app.jobs.context import JobContext
from app.notices import service as notices
from app.notices.schemas import Digest

DIGEST_JOB = "deliveries.send_digests"
KIND = "Notices"
SLOT = timedelta(minutes=15)  # full hours of every time zone begin with one

log = structlog.stdlib.get_logger(__name__)


def start_digests(db: Session) -> bool:
    """By the timer. A run that failed is followed by another one in the next quarter of an hour."""
    now = clock.now()
    if not notices.due_digests(db, now):
        return False
    slot = datetime.min.replace(tzinfo=now.tzinfo)
    key = f"digests:{(now - (now - slot) % SLOT).isoformat()}"
    jobs.enqueue(db, SYSTEM, DIGEST_JOB, {}, title="Send notices by mail", unique_key=key)
    return True


def send_digests(ctx: JobContext) -> dict[str, Any]:
    """Each is made in one transaction with the row of the ledger that sends it: it is made once or not yet."""
    with ctx.transaction() as db:
        ledger.recover(db, ctx.run_id)
        people = notices.due_digests(db, clock.now())
    for number, person_id in enumerate(people, 1):
        with ctx.transaction() as db, suppress(accounts.Deactivated):
            _make(db, ctx.run_id, accounts.acting(db, person_id))
        if number % 20 == 0:
            ctx.step(f"Letter {number} of {len(people)}", 0.5 * number / len(people))
    with ctx.transaction() as db:
        mine = DeliveryRow.run_id == ctx.run_id, DeliveryRow.state == State.queued.value
        waiting = list(db.scalars(sa.select(DeliveryRow.id).where(*mine).order_by(DeliveryRow.recipient)))
    found = send_all(ctx, waiting)
    return _conclude(ctx, found)


def _make(db: Session, run_id: UUID, person: Actor) -> None:
    digest = notices.take_digest(db, person, clock.now())
    if digest is None:
        return
    try:
        recipient = TypeAdapter(Address).validate_python(person.email)
    except ValidationError:
        log.warning("no mail can be sent to this address", person_id=str(person.id))
        return
    account = system_account(db)
    sender = account.from_address if account else outbox_address()
    facts = {
        "policy": Policy.never_twice,
        "subject": subject_of(digest),
        "schedule_name": KIND,
        "owner_id": person.id,
        "run_id": run_id,
    }
    occasion = f"digest:{digest.person_id}:{digest.occasion}"
    delivery_id = ledger.open_one(db, occasion, recipient, account, sender, **facts)
    if delivery_id:
        _keep(db, db.get_one(DeliveryRow, delivery_id), account, person, digest)


def _keep(db: Session, row: DeliveryRow, account: SmtpAccountRow | None, person: Actor, digest: Digest) -> None:
    content = write_digest(
        DigestDraft(
            sender=row.sender,
            sender_name=account.from_name or account.name if account else "AutoReport",
            recipient=row.recipient,
            name=person.name,
            message_id=row.message_id,
            date=row.created_at,
            address=settings().base_url,
        ),
        digest,
    )
    key = f"deliveries/{row.id}.eml"
    storage.write(key, content)
    ledger.keep_message(db, row.id, key, content)


def _conclude(ctx: JobContext, found: Counter[State]) -> dict[str, Any]:
    """Each message that did not go says why under Deliveries, and is tried again as every other one."""
    rest = {state: count for state, count in found.items() if state is not State.sent}
    if rest:
        words = ", ".join(f"{count} {state.value}" for state, count in sorted(rest.items()))
        ctx.partial(f"Of {found.total()} mails: {found[State.sent]} sent, {words}. See Deliveries.")
    return {state.value: count for state, count in found.items()}
