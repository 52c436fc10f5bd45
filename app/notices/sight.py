"""Whether what a notice is about may still be seen. Looked at whenever notices are read, not when sharing changes."""

import sqlalchemy as sa

from app.core.actor import Actor
from app.notices.tables import NoticeRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind

ABOUT = [Kind.board]


def still_seen(actor: Actor) -> sa.ColumnElement[bool]:
    """For WHERE."""
    ways = [_about(kind, sharing.sees(actor, kind, NoticeRow.about_id)) for kind in ABOUT]
    return sa.or_(NoticeRow.about_kind.is_(None), *ways)


def is_gone() -> sa.ColumnElement[bool]:
    """For WHERE: what it was about was deleted."""
    return sa.or_(*[_about(kind, ~sharing.exists(kind, NoticeRow.about_id)) for kind in ABOUT])


def _about(kind: Kind, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(NoticeRow.about_kind == kind.value, condition)
