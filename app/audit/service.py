"""One line per thing that somebody did, written in the transaction that did it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.schemas import Action, AuditEntry
from app.audit.tables import AuditRow
from app.audit.verify import chain_head, in_words, is_enforced, verify
from app.core import clock
from app.core.actor import Actor
from app.core.paging import Page, fetch_page

__all__ = ["chain_head", "entries_page", "in_words", "is_enforced", "record", "verify"]


def record(db: Session, actor: Actor, action: Action, subject: object, **details: Any) -> None:
    """`subject` names the thing (its id); `details` must be JSON and must never hold a secret."""
    db.add(
        AuditRow(
            at=clock.now(),
            person_id=actor.id,
            person=actor.name,
            ip=actor.ip,
            action=action.value,
            subject=str(subject),
            details=details,
        )
    )


def entries_page(db: Session, *, limit: int = 50, cursor: str | None = None) -> Page[AuditEntry]:
    """Newest first. The caller has checked that an admin asks."""
    by, show = AuditRow.id, AuditEntry.model_validate
    return fetch_page(db, sa.select(AuditRow), show, by, limit=limit, cursor=cursor, newest_first=True)
