"""What happened on a board, over all of its cards."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.paging import Page, fetch_page
from app.tasks.access import access_board
from app.tasks.schemas import EventKind
from app.tasks.table.schemas import BoardEvent
from app.tasks.tables import TransitionRow


def activity(
    db: Session,
    actor: Actor,
    board_id: UUID,
    *,
    person_id: UUID | None = None,
    kind: EventKind | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[BoardEvent]:
    """Newest first; also of cards that are archived or deleted."""
    access_board(db, actor, board_id)
    query = sa.select(TransitionRow).where(TransitionRow.board_id == board_id)
    if person_id is not None:
        query = query.where(TransitionRow.person_id == person_id)
    if kind is not None:
        query = query.where(TransitionRow.kind == kind.value)
    by, show = (TransitionRow.at, TransitionRow.id), BoardEvent.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=True)


def active_people(db: Session, actor: Actor, board_id: UUID) -> dict[UUID, str]:
    """Who ever did something on the board, by the name they had last."""
    access_board(db, actor, board_id)
    query = sa.select(TransitionRow.person_id, TransitionRow.person).distinct(TransitionRow.person_id)
    query = query.where(TransitionRow.board_id == board_id, TransitionRow.person_id.is_not(None))
    found = db.execute(query.order_by(TransitionRow.person_id, TransitionRow.id.desc())).tuples()
    return dict(sorted(((id_, name) for id_, name in found if id_), key=lambda one: one[1].casefold()))
