"""Stored passwords, encrypted anew with the newest key."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import secrets
from app.core.actor import Actor, Role, require_role
from app.deliveries.tables import SmtpAccountRow


def rotate_secrets(db: Session, actor: Actor) -> int:
    """How many were encrypted anew. All or none: raises SecretUnreadable when a key for one of them is missing."""
    require_role(actor, Role.admin)
    query = sa.select(SmtpAccountRow).where(SmtpAccountRow.password_encrypted != "").with_for_update()
    stale = [row for row in db.scalars(query) if not secrets.is_current(row.password_encrypted)]
    for row in stale:
        row.password_encrypted = secrets.encrypt(secrets.decrypt(row.password_encrypted))
    return len(stale)
