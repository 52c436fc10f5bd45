"""Large files become boards in the worker, with progress that people can follow."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, storage, sweep
from app.core.errors import AppError
from app.jobs.context import Handler, JobContext, limited, turned_away
from app.tasks.exchange.imports import FOLDER, JOB, fail_import, finish_import
from app.tasks.exchange.read import parse
from app.tasks.exchange.schemas import ImportWishes
from app.tasks.exchange.tables import BoardImportRow


def refuse_import(ctx: JobContext, reason: str) -> str:
    with ctx.transaction() as db:
        if row := db.get(BoardImportRow, UUID(ctx.args["import_id"])):
            fail_import(db, row, reason)
    return "Send the file again."


@turned_away(refuse_import)
@limited(wall_seconds=900, memory_mb=3072)
def import_board(ctx: JobContext) -> dict[str, Any]:
    """All of the board in one transaction, or nothing of it. A file that cannot be read says why, once."""
    import_id = UUID(ctx.args["import_id"])
    with ctx.transaction() as db:
        row = db.get_one(BoardImportRow, import_id)
        if row.state != "running" or row.key is None:
            return {"board_id": str(row.board_id) if row.board_id else None}
        key, name, wishes = row.key, row.file_name, ImportWishes.model_validate(row.wishes)
    ctx.step("Reading the file", 0.05)
    try:
        found = parse(storage.read(key), name, wishes, clock.now())
        ctx.step(f"Storing {len(found.draft.cards):,} cards", 0.5)
        with ctx.transaction() as db:
            row = db.get_one(BoardImportRow, import_id)
            board_id = finish_import(db, ctx.actor, row, found, wishes)
            sweep.sweep_daily(FOLDER, lambda keys: _named(db, keys))
    except AppError as error:
        with ctx.transaction() as db:
            fail_import(db, db.get_one(BoardImportRow, import_id), error.message)
        raise
    return {"board_id": str(board_id), "cards": len(found.draft.cards)}


def _named(db: Session, keys: Collection[str]) -> set[str]:
    return {key for key in db.scalars(sa.select(BoardImportRow.key).where(BoardImportRow.key.in_(keys))) if key}


HANDLERS: dict[str, Handler] = {JOB: import_board}
