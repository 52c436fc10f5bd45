"""Who tried what they may not: on the trail, but no more of it than somebody can read."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.accounts import limits
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor
from app.core.db import transaction
from app.core.errors import TooMany

BURST, PER_HOUR = 60, 60
LONGEST = 300

log = structlog.stdlib.get_logger(__name__)


def note_refusal(actor: Actor, what: str, why: str) -> None:
    """In a transaction of its own, because that of the request was rolled back. A refusal stays one without it."""
    try:
        with transaction() as db:
            limits.spend(db, f"refusal:{actor.id}", burst=BURST, per_hour=PER_HOUR)
            audit.record(db, actor, Action.access_refused, what[:LONGEST], why=why[:LONGEST])
    except TooMany:
        log.warning("refused", person_id=str(actor.id), what=what[:LONGEST])
    except SQLAlchemyError as error:
        log.warning("refusal not recorded", person_id=str(actor.id), what=what[:LONGEST], reason=type(error).__name__)
