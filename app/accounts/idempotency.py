"""A request sent twice under one Idempotency-Key takes effect once.

The claim is a row written in the request's own transaction, so it exists exactly when the effect does: nothing a
crash does between the two can make a second attempt run again.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.tables import IdempotentResponseRow
from app.core import clock
from app.core.actor import Actor
from app.core.errors import AppError, Conflict, Invalid

KEPT = timedelta(days=2)


@dataclass
class Claim:
    """What the door knows of the request; `person_id` is filled in once the claim is in a transaction."""

    key: str
    fingerprint: str
    person_id: UUID | None = None


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class KeyUsedOtherwise(Invalid):
    """This Idempotency-Key was used for a different request. Take a new key for each request."""


class StillRunning(Conflict):
    """The same request is still being carried out. Try again in a moment to get its answer."""


class AnswerUnknown(Conflict):
    """This request took effect, but its answer is not known. Look at the result, or try again in a moment."""


class AnsweredBefore(AppError):
    """Carries the stored answer up to the door."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def claim(db: Session, actor: Actor, wanted: Claim) -> None:
    """Raises AnsweredBefore with the stored answer when this request took effect already."""
    row = IdempotentResponseRow
    new = insert(row).values(person_id=actor.id, key=wanted.key, fingerprint=wanted.fingerprint, created_at=clock.now())
    try:
        # Waits for a twin that is running now: only one of them can hold the key.
        made = db.execute(new.on_conflict_do_nothing().returning(row.key)).first()
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise StillRunning from error
        raise
    if not made:
        raise _earlier(db, actor, wanted)
    wanted.person_id = actor.id


def keep_answer(db: Session, wanted: Claim, answer: Answer) -> None:
    """Does nothing when the request was rolled back: then the claim is gone too and a retry runs anew.

    Not waited for on the disk: after a crash a retry is told `AnswerUnknown` instead of the answer, and nothing more.
    """
    db.execute(sa.text("set local synchronous_commit = off"))
    row = IdempotentResponseRow
    db.execute(
        sa.update(row)
        .where(row.person_id == wanted.person_id, row.key == wanted.key)
        .values(status=answer.status, headers=answer.headers, body=answer.body)
    )


def delete_old_answers(db: Session) -> int:
    """Run by the timer; the answer is how many went."""
    row = IdempotentResponseRow
    return len(db.scalars(sa.delete(row).where(row.created_at < clock.now() - KEPT).returning(row.key)).all())


def _earlier(db: Session, actor: Actor, wanted: Claim) -> AppError:
    row = db.get_one(IdempotentResponseRow, (actor.id, wanted.key))
    if row.fingerprint != wanted.fingerprint:
        return KeyUsedOtherwise()
    if row.status is None:
        return AnswerUnknown()
    return AnsweredBefore(Answer(row.status, dict(row.headers or {}), row.body or b""))
