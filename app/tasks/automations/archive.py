"""The automatic archive: only cards that were completed long enough ago, and never an unfinished one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.errors import AppError, Invalid
from app.core.paging import fetch_page
from app.tasks.access import access_board
from app.tasks.automations.access import first_free
from app.tasks.automations.rules import touched
from app.tasks.automations.schemas import DAYS, ArchiveTrial
from app.tasks.automations.tables import UpkeepRow
from app.tasks.cards import archive_card
from app.tasks.details.blockers import with_column
from app.tasks.schemas import BoardOptions
from app.tasks.tables import BoardRow, CardRow

EVERY = timedelta(days=1)
AT_ONCE, BOARDS_AT_ONCE = 100, 20
NAME = "Automatic archive"
KEY = "archive_after_days"

log = structlog.get_logger()


def archive_trial(
    db: Session, actor: Actor, board_id: UUID, days: int | None = None, *, limit: int = 50, cursor: str | None = None
) -> ArchiveTrial:
    """What would go now, oldest completion first; `days` as on the board, unless given."""
    board = access_board(db, actor, board_id)
    after = days if days is not None else BoardOptions.model_validate(board.options).archive_after_days
    if after is None or not 1 <= after <= DAYS:
        raise Invalid(f"days: the automatic archive is off on this board; say after how many days, 1 to {DAYS}.")
    ready = _ready(board_id, after)
    count = db.scalar(sa.select(sa.func.count()).select_from(CardRow).where(ready)) or 0
    by = (CardRow.completed_at, CardRow.id)
    page = fetch_page(db, with_column().where(ready), touched, *by, limit=limit, cursor=cursor)
    return ArchiveTrial(days=after, count=count, cards=page.items, next_cursor=page.next_cursor)


def archive_old_cards(db: Session) -> bool:
    """The next cards of one board whose turn it is, once a day; False when there is none. The caller commits."""
    now = clock.now()
    turn = sa.or_(UpkeepRow.next_at.is_(None), UpkeepRow.next_at <= now)
    boards = sa.select(BoardRow.id).outerjoin(UpkeepRow, UpkeepRow.board_id == BoardRow.id)
    boards = boards.where(BoardRow.options[KEY].as_integer().is_not(None), BoardRow.archived_at.is_(None), turn)
    oldest = boards.order_by(UpkeepRow.next_at.asc().nulls_first(), BoardRow.id)
    board = first_free(db, db.scalars(oldest.limit(BOARDS_AT_ONCE)).all())
    if board is None:
        return False
    days = BoardOptions.model_validate(board.options).archive_after_days
    if days is None or not _claim(db, board.id):
        return True
    if _archive_some(db, board.id, days) == AT_ONCE:
        db.execute(sa.update(UpkeepRow).where(UpkeepRow.board_id == board.id).values(next_at=now))
    return True


def _claim(db: Session, board_id: UUID) -> bool:
    now = clock.now()
    row: Any = insert(UpkeepRow).values(board_id=board_id, next_at=now + EVERY)
    late = row.on_conflict_do_update(
        index_elements=["board_id"], set_={"next_at": now + EVERY}, where=UpkeepRow.next_at <= now
    )
    return db.scalar(late.returning(UpkeepRow.board_id)) is not None


def _archive_some(db: Session, board_id: UUID, days: int) -> int:
    """How many it found. One that cannot go does not keep the others."""
    oldest = sa.select(CardRow.id).where(_ready(board_id, days)).order_by(CardRow.completed_at, CardRow.id)
    found = list(db.scalars(oldest.limit(AT_ONCE)))
    actor = Actor(id=None, name=NAME, role=Role.admin)
    gone = 0
    for card_id in found:
        try:
            with db.begin_nested():
                archive_card(db, actor, card_id)
                gone += 1
        except AppError:
            log.exception("card_not_archived", card_id=str(card_id))
    if found:
        log.info("cards_archived", board_id=str(board_id), cards=gone)
    return gone


def _ready(board_id: UUID, days: int) -> sa.ColumnElement[bool]:
    limit = clock.now() - timedelta(days=days)
    done = sa.and_(CardRow.completed_at.is_not(None), CardRow.completed_at <= limit)
    return sa.and_(CardRow.board_id == board_id, CardRow.archived_at.is_(None), done)
