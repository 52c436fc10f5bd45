"""Takes back, and does again, what one person did last on a board."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict
from app.tasks.access import access_board, access_room
from app.tasks.tables import CardRow, TransitionRow
from app.tasks.undo.remember import here, unrecorded
from app.tasks.undo.restore import restore
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
    """All cards of the step or none. Raises NothingToUndo; ChangedSince with the `step` that can be skipped."""
    return _turn(db, actor, board_id, skip, back=True)


def redo(db: Session, actor: Actor, board_id: UUID, skip: int | None = None) -> Undone:
    """Raises NothingToRedo, ChangedSince."""
    return _turn(db, actor, board_id, skip, back=False)


def next_steps(db: Session, actor: Actor, board_id: UUID) -> Steps:
    access_board(db, actor, board_id)
    back, forth = (_next(db, actor, board_id, back=way) for way in (True, False))
    return Steps(undo=_told(db, back) if back else None, redo=_told(db, forth) if forth else None)


def _turn(db: Session, actor: Actor, board_id: UUID, skip: int | None, *, back: bool) -> Undone:
    access_room(db, actor, board_id)
    if skip is not None:
        db.execute(sa.delete(BoardEditRow).where(_mine(actor, board_id), BoardEditRow.step == skip))
    edits = _next(db, actor, board_id, back=back)
    if not edits:
        raise NothingToUndo if back else NothingToRedo
    told = _told(db, edits)
    with db.begin_nested(), unrecorded(db):
        for edit in edits:
            _turn_one(db, actor, edit, back=back)
    db.flush()
    audit.record(db, actor, Action.board_undone if back else Action.board_redone, board_id, step=edits[0].step)
    return Undone(
        step=edits[0].step,
        message=f"{'Undone' if back else 'Done again'}: {told}.",
        card_ids=list(dict.fromkeys(edit.card_id for edit in edits)),
        undo=bool(_next(db, actor, board_id, back=True)),
        redo=bool(_next(db, actor, board_id, back=False)),
    )


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


def _turn_one(db: Session, actor: Actor, edit: BoardEditRow, *, back: bool) -> None:
    query = sa.select(CardRow).where(CardRow.id == edit.card_id).execution_options(populate_existing=True)
    card = db.scalars(query).one()
    db.refresh(edit)  # the edit before this one in the same step has given it another version
    if card.version != (edit.version_after if back else edit.version_before):
        raise _changed(db, card, edit)
    if edit.kind != "changed":
        place = here(db, card)
        edit.before, edit.after = (edit.before, place) if back else (place, edit.after)
    restore(db, actor, card, edit.before if back else edit.after)
    edit.undone_at = clock.now() if back else None
    db.flush()
    _relink(db, actor, edit, card.version, back=back)


def _relink(db: Session, actor: Actor, edit: BoardEditRow, version: int, *, back: bool) -> None:
    """The card has a new version for the state that the steps around this one know under another."""
    left, arrived = ("version_after", "version_before") if back else ("version_before", "version_after")
    known = getattr(edit, arrived)
    setattr(edit, arrived, version)
    db.flush()
    others = sa.update(BoardEditRow).where(
        _mine(actor, edit.board_id),
        BoardEditRow.card_id == edit.card_id,
        BoardEditRow.id != edit.id,
        getattr(BoardEditRow, left) == known,
    )
    db.execute(others.values({left: version}), execution_options={"synchronize_session": False})


def _changed(db: Session, card: CardRow, edit: BoardEditRow) -> ChangedSince:
    last = sa.select(TransitionRow.person).where(TransitionRow.card_id == card.id).order_by(TransitionRow.id.desc())
    who = db.scalar(last.limit(1)) or "Somebody"
    message = f"{who} changed “{card.title}” in the meantime, so {WORDS[edit.kind]} it cannot be taken back."
    return ChangedSince(message, details=[{"step": edit.step}])


def _told(db: Session, edits: Sequence[BoardEditRow]) -> str:
    cards = {edit.card_id for edit in edits}
    kinds = {edit.kind for edit in edits}
    word = WORDS[edits[0].kind] if len(kinds) == 1 else "the changes of"
    if len(cards) > 1:
        return f"{word} {len(cards)} cards"
    return f"{word} “{db.scalar(sa.select(CardRow.title).where(CardRow.id == edits[0].card_id))}”"
