"""A whole board goes out of use, comes back, or is deleted for good."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import access_shelved
from app.tasks.boards import board_line
from app.tasks.details.files import forget_files
from app.tasks.record import bump
from app.tasks.schemas import BoardLine
from app.tasks.tables import BoardRow, CardRow


class BoardInUse(Conflict):
    """Archive this board first; only archived boards can be deleted."""


def archive_board(db: Session, actor: Actor, board_id: UUID) -> BoardLine:
    """Out of every list; it can be read, but nothing on it changes. Doing it twice does it once."""
    board = access_shelved(db, actor, board_id)
    if board.archived_at is None:
        board.archived_at = clock.now()
        audit.record(db, actor, Action.board_archived, board.id, name=board.name)
        bump(db, board.id)
        db.flush()
    return board_line(db, actor, board_id)


def revive_board(db: Session, actor: Actor, board_id: UUID) -> BoardLine:
    board = access_shelved(db, actor, board_id)
    if board.archived_at is not None:
        board.archived_at = None
        audit.record(db, actor, Action.board_revived, board.id, name=board.name)
        bump(db, board.id)
        db.flush()
    return board_line(db, actor, board_id)


def delete_board(db: Session, actor: Actor, board_id: UUID) -> None:
    """For good, with its cards, files and history. Reports that were made of it keep what they say."""
    board = access_shelved(db, actor, board_id)
    if board.archived_at is None:
        raise BoardInUse
    audit.record(db, actor, Action.board_deleted, board.id, name=board.name)
    forget_files(db, CardRow.board_id == board.id)
    sharing.forget(db, Kind.board, board.id)
    db.expire_all()
    # Cards before their columns and lanes; whatever else belongs to the board goes with its row.
    db.execute(sa.delete(CardRow).where(CardRow.board_id == board_id), execution_options={"synchronize_session": False})
    db.execute(sa.delete(BoardRow).where(BoardRow.id == board_id), execution_options={"synchronize_session": False})
