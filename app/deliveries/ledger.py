"""The ledger's rows and the only ways to move them from state to state.

    queued → sending → sent | deferred | failed | unknown;  deferred → sending;  a person's retry → queued

Each move is an update that must hit the row as it was: whoever comes second finds nothing and does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.mail import FateUnknown, NotSent, Phase, Reply
from app.deliveries.schemas import Channel, Letter, Policy, ReportOrder, State
from app.deliveries.tables import DeliveryRow, SmtpAccountRow
from app.jobs import service as jobs
from app.schedules.schemas import Fire

BACK_OFF_SECONDS = [60, 300, 900, 3600, 14_400]
SEND_JOB = "deliveries.send"
LETTER_JOB = "deliveries.send_letter"
LETTER_KIND, LETTER_OCCASION = "Account mail", "letter:"
STOPPED_AFTER_DOT = "The sender was stopped after the end of the message; nobody knows whether it was accepted."
NEVER_SENT = "The run ended before this message was sent."


class DeliveryLost(Exception):
    """Another attempt has this row now: this one must not go on."""


@dataclass(frozen=True)
class Claimed:
    """One attempt at one row."""

    id: UUID
    attempt: int
    sender: str
    recipient: str
    eml_key: str | None
    channel: Channel
    policy: Policy
    account_id: UUID | None
    sealed: str | None = None  # of a letter: its text lies in the arguments of the job that sends it, and only there


def open_rows(
    db: Session, fire: Fire, order: ReportOrder, account: SmtpAccountRow | None, sender: str, facts: dict[str, Any]
) -> None:
    """A row per recipient. Those that have their message stay as they are; the others get another chance."""
    now = clock.now()
    for recipient in order.recipients:
        delivery_id = uuid4()
        row = {
            "id": delivery_id,
            "occasion": occasion(fire),
            "recipient": recipient,
            "channel": Channel.smtp if order.smtp_account_id else Channel.outbox,
            "policy": order.unknown_policy,
            "message_id": f"<{delivery_id.hex}@{sender.rpartition('@')[2]}>",
            "sender": sender,
            "schedule_id": fire.schedule_id,
            "fire_at": fire.fire_at,
            "account_id": account.id if account else None,
            "account_name": account.name if account else "",
            "created_at": now,
            "changed_at": now,
            **facts,
        }
        db.execute(insert(DeliveryRow).values(row).on_conflict_do_nothing(index_elements=["occasion", "recipient"]))
    without_message = sa.and_(DeliveryRow.occasion == occasion(fire), DeliveryRow.eml_key.is_(None))
    _move(db, without_message, state=State.queued, error=None, run_id=facts["run_id"])


def occasion(fire: Fire) -> str:
    return f"fire:{fire.id}"


def rows_of(db: Session, fire: Fire) -> Sequence[DeliveryRow]:
    query = sa.select(DeliveryRow).where(DeliveryRow.occasion == occasion(fire)).order_by(DeliveryRow.recipient)
    return db.scalars(query.execution_options(populate_existing=True)).all()


def keep_message(db: Session, delivery_id: UUID, key: str, content: bytes, **facts: Any) -> None:
    """What is kept here is what every attempt sends."""
    _move(
        db,
        sa.and_(DeliveryRow.id == delivery_id, DeliveryRow.eml_key.is_(None)),
        eml_key=key,
        eml_sha256=sha256(content).hexdigest(),
        eml_size=len(content),
        **facts,
    )


def open_letter(db: Session, letter: Letter, account: SmtpAccountRow, unique_key: str) -> UUID | None:
    """None when a letter was made under this key before."""
    facts = {"policy": Policy.at_least_once, "subject": letter.subject, "schedule_name": LETTER_KIND}
    return open_one(db, LETTER_OCCASION + unique_key, letter.to, account, account.from_address, **facts)


def open_one(
    db: Session, occasion: str, recipient: str, account: SmtpAccountRow | None, sender: str, **facts: Any
) -> UUID | None:
    """Without an account for the built-in outbox. None when there is one for this occasion already."""
    now, delivery_id = clock.now(), uuid4()
    row = {
        "id": delivery_id,
        "occasion": occasion,
        "recipient": recipient,
        "channel": Channel.smtp if account else Channel.outbox,
        "message_id": f"<{delivery_id.hex}@{sender.rpartition('@')[2]}>",
        "sender": sender,
        "fire_at": now,
        "account_id": account.id if account else None,
        "account_name": account.name if account else "",
        "created_at": now,
        "changed_at": now,
        **facts,
    }
    made = insert(DeliveryRow).values(row).on_conflict_do_nothing(index_elements=["occasion", "recipient"])
    return db.scalar(made.returning(DeliveryRow.id))


def is_letter(row: DeliveryRow) -> bool:
    """About somebody's account: for administrators only."""
    return row.occasion.startswith(LETTER_OCCASION)


def hand_to(db: Session, delivery_id: UUID, run_id: UUID) -> None:
    """This run has the row now."""
    _move(db, DeliveryRow.id == delivery_id, run_id=run_id)


def give_up_without_message(db: Session, fire: Fire, error: str) -> None:
    """The report could not be made: each recipient's row says why nothing came."""
    waiting = sa.and_(
        DeliveryRow.occasion == occasion(fire), DeliveryRow.state == State.queued, DeliveryRow.eml_key.is_(None)
    )
    _move(db, waiting, state=State.failed, error=error)


def give_up_sending(db: Session, delivery_id: UUID, error: str) -> None:
    """It is not tried again by itself; a person still can."""
    waiting = sa.and_(DeliveryRow.id == delivery_id, DeliveryRow.state.in_([State.queued, State.deferred]))
    _move(db, waiting, state=State.failed, error=error, next_attempt_at=None)


def recover(db: Session, run_id: UUID) -> None:
    """For rows that an attempt of this run left behind when it died: the phase tells what may be done.

    Call it only from the attempt that owns the run now.
    """
    left = sa.and_(DeliveryRow.run_id == run_id, DeliveryRow.state == State.sending)
    after_dot = DeliveryRow.phase == Phase.dot
    _move(db, sa.and_(left, sa.not_(sa.func.coalesce(after_dot, sa.false()))), state=State.queued, phase=None)
    _move(
        db,
        sa.and_(left, after_dot, DeliveryRow.policy == Policy.never_twice),
        state=State.unknown,
        error=STOPPED_AFTER_DOT,
    )
    _move(db, sa.and_(left, after_dot), state=State.queued)


def claim(db: Session, delivery_id: UUID, run_id: UUID, *, sealed: str | None = None) -> Claimed | None:
    """None when there is nothing to do: sent, given up, or in somebody else's hands."""
    row = db.scalar(
        sa.update(DeliveryRow)
        .where(
            DeliveryRow.id == delivery_id,
            DeliveryRow.state.in_([State.queued, State.deferred]),
            DeliveryRow.eml_key.is_not(None) if sealed is None else sa.true(),
        )
        .values(
            state=State.sending,
            phase=Phase.connect,
            attempt=DeliveryRow.attempt + 1,
            run_id=run_id,
            changed_at=clock.now(),
            smtp_code=None,
            reply=None,
            error=None,
            next_attempt_at=None,
        )
        .returning(DeliveryRow)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    return Claimed(
        row.id,
        row.attempt,
        row.sender,
        row.recipient,
        row.eml_key,
        Channel(row.channel),
        Policy(row.policy),
        row.account_id,
        sealed,
    )


def note_dot(db: Session, claimed: Claimed) -> None:
    """Committed before the final dot is sent: whoever finds this row after a crash knows that it may have arrived."""
    if not _move(db, _held(claimed), phase=Phase.dot):
        raise DeliveryLost


def settle_sent(db: Session, claimed: Claimed, reply: Reply) -> None:
    done = {"smtp_code": reply.code, "reply": reply.text, "sent_at": clock.now()}
    if not _move(db, _held(claimed), state=State.sent, phase=Phase.done, **done):
        raise DeliveryLost


def settle_not_sent(db: Session, actor: Actor, claimed: Claimed, error: NotSent) -> State:
    facts = {"phase": error.phase, "smtp_code": error.code, "reply": error.text if error.code else None}
    if error.lasting:
        return _settle(db, claimed, State.failed, error=error.text, **facts)
    return _try_later(db, actor, claimed, State.failed, error.text, **facts)


def settle_unknown(db: Session, actor: Actor, claimed: Claimed, error: FateUnknown) -> State:
    if claimed.policy is Policy.never_twice:
        return _settle(db, claimed, State.unknown, error=error.text, phase=Phase.dot)
    return _try_later(db, actor, claimed, State.unknown, error.text, phase=Phase.dot)


def settle_failed(db: Session, claimed: Claimed, error: str) -> State:
    return _settle(db, claimed, State.failed, error=error)


def enqueue_send(
    db: Session, actor: Actor, row_id: UUID, recipient: str, *, sealed: str | None = None, **options: Any
) -> UUID:
    title, args = f"Send to {recipient}", {"delivery_id": str(row_id)}
    if sealed is None:
        return jobs.enqueue(db, actor, SEND_JOB, args, title=title, **options).id
    return jobs.enqueue(db, actor, LETTER_JOB, {**args, "letter": sealed}, title=title, **options).id


def _try_later(db: Session, actor: Actor, claimed: Claimed, at_last: State, error: str, **facts: Any) -> State:
    """A run of its own makes the next attempt, later and later; after the last one the row says so."""
    if claimed.attempt > len(BACK_OFF_SECONDS):
        return _settle(db, claimed, at_last, error=f"Given up after {claimed.attempt} attempts. {error}", **facts)
    at = clock.now() + timedelta(seconds=BACK_OFF_SECONDS[claimed.attempt - 1])
    key = f"delivery:{claimed.id}:{claimed.attempt + 1}"
    run_id = enqueue_send(db, actor, claimed.id, claimed.recipient, sealed=claimed.sealed, unique_key=key, run_at=at)
    return _settle(db, claimed, State.deferred, error=error, next_attempt_at=at, run_id=run_id, **facts)


def _settle(db: Session, claimed: Claimed, state: State, **values: Any) -> State:
    if not _move(db, _held(claimed), state=state, **values):
        raise DeliveryLost
    return state


def _held(claimed: Claimed) -> sa.ColumnElement[bool]:
    return sa.and_(
        DeliveryRow.id == claimed.id, DeliveryRow.state == State.sending, DeliveryRow.attempt == claimed.attempt
    )


def _move(db: Session, where: sa.ColumnElement[bool], **values: Any) -> int:
    moved = db.execute(
        sa.update(DeliveryRow)
        .where(where)
        .values(**values, changed_at=clock.now())
        .execution_options(synchronize_session=False)
        .returning(DeliveryRow.id)
    )
    return len(moved.all())
