"""Files go when it is certain that nobody needs them any more."""

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.core import storage

log = structlog.stdlib.get_logger(__name__)


def delete_after_commit(db: Session, keys: list[str]) -> None:
    """A file deleted before a rollback would be missing afterwards. One that stays by bad luck costs only space."""

    def delete(_session: Session) -> None:
        for key in keys:
            try:
                storage.delete(key)
            except OSError:
                log.exception("file could not be deleted", key=key)

    if keys:
        sa.event.listen(db, "after_commit", delete, once=True)
