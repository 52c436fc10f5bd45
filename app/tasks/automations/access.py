"""The only way to a rule, a recurring card or a template: through its board."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor
from app.core.errors import NotFound
from app.tasks.access import BoardIsArchived, access_board, access_room, try_lock
from app.tasks.automations.tables import RecurrenceRow, RuleRow, TemplateRow
from app.tasks.tables import BoardRow

Row = TypeVar("Row", RuleRow, RecurrenceRow, TemplateRow)
Door = Callable[[Session, Actor, UUID], BoardRow]

NAMES = {RuleRow: "rule", RecurrenceRow: "recurring card", TemplateRow: "template"}
READ: Door = access_board
ADD_CARDS: Door = access_room  # takes the board's lock
ARRANGE: Door = partial(access_board, write=True)  # takes the board's lock


def access_row(db: Session, actor: Actor, table: type[Row], row_id: UUID, door: Door) -> Row:
    """As it is once the door is passed. Raises NotFound, Forbidden."""
    missing = NotFound(f"There is no such {NAMES[table]}, or you may not see it.")
    board_id = db.scalar(sa.select(table.board_id).where(table.id == row_id))
    if board_id is None:
        raise missing
    try:
        door(db, actor, board_id)
    except NotFound as error:
        raise missing from error
    row = db.get(table, row_id, populate_existing=True)
    if row is None:
        raise missing
    return row


def first_free(db: Session, board_ids: Iterable[UUID]) -> BoardRow | None:
    """For the timer: takes the lock of the first board that nobody is changing right now, and that is still in use."""
    for board_id in board_ids:
        if try_lock(db, board_id):
            try:
                return access_room(db, SYSTEM, board_id)
            except (NotFound, BoardIsArchived):
                continue
    return None
