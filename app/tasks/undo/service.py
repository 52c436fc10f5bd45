"""Takes back, and does again, what one person did last on a board."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor
from app.core.errors import AppError, Conflict
from app.tasks.access import access_board, access_room
from app.tasks.tables import BoardRow, CardRow, TransitionRow
from app.tasks.undo.links import Links
from app.tasks.undo.remember import unrecorded
from app.tasks.undo.restore import Restorer
from app.tasks.undo.schemas import Steps, Undone
from app.tasks.undo.tables import BoardEditRow

WORDS = {
    "moved": "the move of",
    "changed": "the change of",
    "archived": "the archiving of",
    "revived": "the bringing back of",
    "created": "the making of",
}


class NothingToUndo(Conflict):
    """There is nothing of yours on this board to take back."""


class NothingToRedo(Conflict):
    """There is nothing to do again."""


class ChangedSince(Conflict):
    """Somebody else changed this card in the meantime, so this step cannot be taken back."""


def undo(db: Session, actor: Actor, board_id: UUID, skip: int | None = None) -> Undone:
    """All cards of the step or none. Raises NothingToUndo; ChangedSince and others with the `step` to skip."""
    return _turn(db, actor, board_id, skip, back=True)


def redo(db: Session, actor: Actor, board_id: UUID, skip: int | None = None) -> Undone:
    """Raises NothingToRedo, ChangedSince."""
    return _turn(db, actor, board_id, skip, back=False)


def next_steps(db: Session, actor: Actor, board_id: UUID) -> Steps:
    access_board(db, actor, board_id)
    back, forth = (_next(db, actor, board_id, back=way) for way in (True, False))
    return Steps(undo=_told(db, back) if back else None, redo=_told(db, forth) if forth else None)


def _turn(db: Session, actor: Actor, board_id: UUID, skip: int | None, *, back: bool) -> Undone:
    board = access_room(db, actor, board_id)
    if skip is not None:
        db.execute(sa.delete(BoardEditRow).where(_mine(actor, board_id), BoardEditRow.step == skip))
    edits = _next(db, actor, board_id, back=back)
    if not edits:
        raise NothingToUndo if back else NothingToRedo
    told = _told(db, edits)
    step = edits[0].step
    try:
        with db.begin_nested(), unrecorded(db):
            _turn_all(db, actor, board, edits, back=back)
    except AppError as error:
        _name_step(error, step)
        raise
    card_ids = list(dict.fromkeys(edit.card_id for edit in edits))
    audit.record(
        db, actor, Action.board_undone if back else Action.board_redone, board_id, step=step, cards=len(card_ids)
    )
    return Undone(
        step=step,
        message=f"{'Undone' if back else 'Done again'}: {told}.",
        card_ids=card_ids,
        undo=_is_there(db, actor, board_id, BoardEditRow.undone_at.is_(None)),
        redo=_is_there(db, actor, board_id, BoardEditRow.undone_at.is_not(None)),
    )


def _name_step(error: AppError, step: int) -> None:
    """Whatever refuses the step names it, so that it can be skipped: a column that is gone does not come back."""
    if not any("step" in detail for detail in error.details):
        error.details = [{"step": step}, *error.details]


def _is_there(db: Session, actor: Actor, board_id: UUID, wanted: sa.ColumnElement[bool]) -> bool:
    return bool(db.scalar(sa.select(sa.exists().where(_mine(actor, board_id), wanted))))


def _mine(actor: Actor, board_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(BoardEditRow.board_id == board_id, BoardEditRow.person_id == actor.id)


def _next(db: Session, actor: Actor, board_id: UUID, *, back: bool) -> Sequence[BoardEditRow]:
    """The last step first done, or the first step last undone, in the order in which to go through it."""
    mine, done = _mine(actor, board_id), BoardEditRow.undone_at.is_(None)
    if back:
        step, order = sa.select(sa.func.max(BoardEditRow.step)).where(mine, done), BoardEditRow.id.desc()
    else:
        step, order = sa.select(sa.func.min(BoardEditRow.step)).where(mine, ~done), BoardEditRow.id.asc()
    query = sa.select(BoardEditRow).where(mine, BoardEditRow.step == step.scalar_subquery()).order_by(order)
    return db.scalars(query.execution_options(populate_existing=True)).all()


def _turn_all(db: Session, actor: Actor, board: BoardRow, edits: Sequence[BoardEditRow], *, back: bool) -> None:
    states = [edit.before if back else edit.after for edit in edits]
    restorer = Restorer(db, actor, board, {edit.card_id for edit in edits}, states)
    links = Links(back)
    with db.no_autoflush:
        for edit, state in zip(edits, states, strict=True):
            card = restorer.cards[edit.card_id]
            if not links.fits(edit, card):
                raise _changed(db, card, edit)
            place = restorer.places.here(card) if edit.kind != "changed" else None
            restorer.restore(card, state)
            links.follow(edit, card, place)
    restorer.finish()
    links.write(db, actor)


def _changed(db: Session, card: CardRow, edit: BoardEditRow) -> ChangedSince:
    last = sa.select(TransitionRow.person).where(TransitionRow.card_id == card.id).order_by(TransitionRow.id.desc())
    who = db.scalar(last.limit(1)) or "Somebody"
    return ChangedSince(f"{who} changed “{card.title}” in the meantime, so {WORDS[edit.kind]} it cannot be taken back.")


def _told(db: Session, edits: Sequence[BoardEditRow]) -> str:
    cards = {edit.card_id for edit in edits}
    kinds = {edit.kind for edit in edits}
    word = WORDS[edits[0].kind] if len(kinds) == 1 else "the changes of"
    if len(cards) > 1:
        return f"{word} {len(cards)} cards"
    return f"{word} “{db.scalar(sa.select(CardRow.title).where(CardRow.id == edits[0].card_id))}”"
