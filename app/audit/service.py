"""One line per thing that somebody did, written in the transaction that did it."""

from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.audit.export import EXPORT_FORMATS, chosen, export
from app.audit.schemas import Action, AuditEntry, AuditFilter
from app.audit.tables import AuditRow
from app.audit.verify import chain_head, in_words, is_enforced, verify
from app.core import clock
from app.core.actor import Actor
from app.core.logging_setup import one_line
from app.core.paging import Page, fetch_page

__all__ = [
    "EXPORT_FORMATS",
    "chain_head",
    "entries_page",
    "export",
    "in_words",
    "is_enforced",
    "note_head",
    "record",
    "verify",
]

log = structlog.stdlib.get_logger(__name__)


def record(db: Session, actor: Actor, action: Action, subject: object, **details: Any) -> None:
    """`subject` names the thing (its id); `details` must be JSON and must never hold a secret."""
    db.add(
        AuditRow(
            at=clock.now(),
            person_id=actor.id,
            person=one_line(actor.name),
            ip=actor.ip,
            action=action.value,
            subject=one_line(str(subject)),
            details=details,
        )
    )


def entries_page(
    db: Session, wanted: AuditFilter | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[AuditEntry]:
    """Newest first. The caller has checked that an admin asks."""
    by, show = AuditRow.id, AuditEntry.model_validate
    return fetch_page(db, chosen(wanted), show, by, limit=limit, cursor=cursor, newest_first=True)


def note_head(db: Session) -> None:
    """Run by the timer: a log that is kept elsewhere then holds what the trail can be checked against."""
    length, head = chain_head(db)
    log.info("audit trail", length=length, head=head)
