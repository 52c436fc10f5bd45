"""A board as a file: a stream that needs no memory, read in one look at the database."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import db as database
from app.core.actor import Actor
from app.tasks.access import access_board
from app.tasks.exchange.schemas import Form
from app.tasks.exchange.write_csv import csv_parts
from app.tasks.exchange.write_trello import trello_parts

ENDINGS: dict[Form, tuple[str, str]] = {"trello": ("json", "application/json"), "csv": ("csv", "text/csv")}
SAME_MOMENT = sa.text("set transaction isolation level repeatable read read only")


class BoardFile(NamedTuple):
    file_name: str
    media_type: str
    parts: Iterator[bytes]


def export_board(db: Session, actor: Actor, board_id: UUID, form: Form) -> BoardFile:
    """For whoever sees the board. The parts are read in a transaction of their own, while they are on their way."""
    board = access_board(db, actor, board_id)
    audit.record(db, actor, Action.board_exported, board.id, format=form)
    ending, media_type = ENDINGS[form]
    plain = re.sub(r"[^\w -]+", " ", board.name).strip()[:80] or "board"
    return BoardFile(f"{plain}.{ending}", media_type, _stream(board.id, form, actor.id))


def _stream(board_id: UUID, form: Form, person_id: UUID | None) -> Iterator[bytes]:
    with database.transaction() as db:
        db.execute(SAME_MOMENT)
        db.execute(sa.text("set local statement_timeout = 0"))
        yield from trello_parts(db, board_id, person_id) if form == "trello" else csv_parts(db, board_id)
