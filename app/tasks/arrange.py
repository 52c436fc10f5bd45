"""The columns, lanes and labels of a board, each given as the whole list it shall have."""

from collections.abc import Container, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.tasks.access import board_of, columns_of
from app.tasks.belongings import labels_of, lanes_of, named
from app.tasks.details.blockers import check_unblocked, touch_waiting
from app.tasks.moves import ColumnFull, recategorize
from app.tasks.rank import spread
from app.tasks.record import Line, log_cards, log_column
from app.tasks.schemas import BoardOptions, ColumnEdit, EventKind, LabelEdit, LaneEdit, WipMode
from app.tasks.tables import BoardRow, CardLabelRow, CardRow, ColumnRow, LabelRow, LaneRow

Labels = dict[UUID, LabelRow]


class ColumnNotEmpty(Conflict):
    """Only an empty column can be removed. Move or archive its cards first."""


def arrange_columns(db: Session, actor: Actor, board: BoardRow, edits: list[ColumnEdit]) -> None:
    existing = columns_of(db, board.id)
    _check("column", edits, existing)
    _remove(db, actor, [column for id_, column in existing.items() if id_ not in {edit.id for edit in edits}])
    # Two that change places hold the same rank for a moment.
    db.execute(sa.text("set constraints uq_board_columns_board_id_rank deferred"))
    places = {column_id: position for position, column_id in enumerate(existing)}
    for position, (edit, rank) in enumerate(zip(edits, spread(len(edits)), strict=True)):
        column = existing[edit.id] if edit.id else ColumnRow(board_id=board.id, is_done=edit.is_done)
        before = (column.name, column.is_done, column.wip_limit, places.get(column.id))
        column.name, column.is_done, column.wip_limit, column.rank = edit.name, edit.is_done, edit.wip_limit, rank
        column.wip_mode, column.wip_per_lane = edit.wip_mode, edit.wip_per_lane
        db.add(column)
        db.flush()
        if before != (edit.name, edit.is_done, edit.wip_limit, position):
            log_column(db, actor, column, position)
        if before[1] != edit.is_done:
            _complete_or_reopen(db, actor, column)
    db.execute(sa.text("set constraints uq_board_columns_board_id_rank immediate"))


def _check(what: str, edits: Sequence[Any], existing: Container[UUID]) -> None:
    names = [edit.name.casefold() for edit in edits]
    if twice := next((edit.name for edit in edits if names.count(edit.name.casefold()) > 1), None):
        raise Invalid(f"{what}s: there are two {what}s named “{twice}”. Give each its own name.")
    known = [edit.id for edit in edits if edit.id]
    if unknown := next((id_ for id_ in known if id_ not in existing or known.count(id_) > 1), None):
        raise Invalid(f"{what}s: {unknown} is no {what} of this board, or it is named twice.")


def _remove(db: Session, actor: Actor, columns: list[ColumnRow]) -> None:
    for column in columns:
        held = db.scalar(sa.select(sa.func.count()).select_from(CardRow).where(CardRow.column_id == column.id)) or 0
        if held:
            cards = "1 card" if held == 1 else f"{held} cards"
            raise ColumnNotEmpty(f"“{column.name}” still holds {cards}. Move or archive them first.")
        log_column(db, actor, column, 0, removed=True)
        db.delete(column)
    db.flush()


def _complete_or_reopen(db: Session, actor: Actor, column: ColumnRow) -> None:
    """A column that becomes a done column completes the cards in it, all together, and the other way round."""
    options = BoardOptions.model_validate(board_of(db, column.board_id).options)
    here = sa.select(CardRow).where(CardRow.column_id == column.id, CardRow.completed_at.is_(None) == column.is_done)
    cards, lines = db.scalars(here.order_by(CardRow.rank)).all(), []
    if column.is_done and options.forbid_done_while_blocked:
        check_unblocked(db, cards)
    touch_waiting(db, column.board_id, [card.id for card in cards])
    for card in cards:
        old = card.completed_at
        changes = recategorize(card, options, is_done=column.is_done)
        card.version += 1
        changes["completed_at"] = [old and old.isoformat(), card.completed_at and card.completed_at.isoformat()]
        lines.append(Line(card, EventKind.changed, column, column, changes=changes))
    log_cards(db, actor, column.board_id, lines)


def arrange_lanes(db: Session, actor: Actor, board: BoardRow, edits: list[LaneEdit]) -> None:
    existing = lanes_of(db, board.id)
    _check("lane", edits, existing)
    kept = {edit.id for edit in edits}
    gone = {id_: lane for id_, lane in existing.items() if id_ not in kept}
    if gone:
        _empty_lanes(db, actor, board, gone)
    db.execute(sa.text("set constraints uq_board_lanes_board_id_rank deferred"))
    for edit, rank in zip(edits, spread(len(edits)), strict=True):
        lane = existing[edit.id] if edit.id else LaneRow(board_id=board.id)
        lane.name, lane.rank = edit.name, rank
        db.add(lane)
    db.flush()
    db.execute(sa.text("set constraints uq_board_lanes_board_id_rank immediate"))


def arrange_labels(db: Session, actor: Actor, board: BoardRow, edits: list[LabelEdit]) -> None:
    existing = labels_of(db, board.id)
    _check("label", edits, existing)
    kept = {edit.id for edit in edits}
    gone = {id_: label for id_, label in existing.items() if id_ not in kept}
    if gone:
        _strip_labels(db, actor, board, gone, existing)
    for edit in edits:  # two labels may change their names with each other
        if edit.id and existing[edit.id].name != edit.name:
            existing[edit.id].name = str(edit.id)
    db.flush()
    for edit in edits:
        label = existing[edit.id] if edit.id else LabelRow(board_id=board.id)
        label.name, label.color = edit.name, edit.color
        db.add(label)
    db.flush()


def _check_room(db: Session, board: BoardRow, columns: dict[UUID, ColumnRow], gone: dict[UUID, LaneRow]) -> None:
    """A limit that counts in each lane counts among the cards without one, too. Raises ColumnFull."""
    coming = sa.func.count().filter(CardRow.lane_id.in_(gone))
    query = sa.select(CardRow.column_id, sa.func.count(), coming).where(CardRow.board_id == board.id)
    query = query.where(CardRow.column_id.is_not(None), sa.or_(CardRow.lane_id.is_(None), CardRow.lane_id.in_(gone)))
    held = {column_id: (count, new) for column_id, count, new in db.execute(query.group_by(CardRow.column_id)).tuples()}
    for column in columns.values():
        count, new = held.get(column.id, (0, 0))
        blocks = column.wip_per_lane and column.wip_mode == WipMode.block
        if blocks and new and column.wip_limit is not None and count > column.wip_limit:
            raise ColumnFull(_too_many(column, count, list(gone.values())))


def _too_many(column: ColumnRow, count: int, gone: list[LaneRow]) -> str:
    lanes, limit = " and ".join(f"“{lane.name}”" for lane in gone), column.wip_limit
    return (
        f"lanes: without {lanes}, “{column.name}” would hold {count} cards in no lane, and it takes at most {limit} "
        "there. Move some of them first, or change its limit."
    )


def _empty_lanes(db: Session, actor: Actor, board: BoardRow, gone: dict[UUID, LaneRow]) -> None:
    """Their cards are in no lane from now on."""
    columns = columns_of(db, board.id)
    _check_room(db, board, columns, gone)
    held = sa.select(CardRow).where(CardRow.board_id == board.id, CardRow.lane_id.in_(gone))
    lines = []
    for card in db.scalars(held.order_by(CardRow.number)).all():
        lane_before, card.lane_id = card.lane_id, None
        card.version += 1
        column = columns.get(card.column_id) if card.column_id else None
        lines.append(Line(card, EventKind.moved if column else EventKind.changed, column, column, lane_before))
    log_cards(db, actor, board.id, lines)
    db.execute(sa.delete(LaneRow).where(LaneRow.id.in_(gone)))


def _strip_labels(db: Session, actor: Actor, board: BoardRow, gone: Labels, all_: Labels) -> None:
    """Cards lose them, and their history says so."""
    columns, names = columns_of(db, board.id), {id_: label.name for id_, label in all_.items()}
    holds = CardRow.id.in_(sa.select(CardLabelRow.card_id).where(CardLabelRow.label_id.in_(gone)))
    lines = []
    for card in db.scalars(sa.select(CardRow).where(holds).order_by(CardRow.number)).all():
        before, left = list(card.label_ids), [id_ for id_ in card.label_ids if id_ not in gone]
        set_committed_value(card, "label_ids", left)  # the rows go with their labels
        card.version += 1
        column = columns.get(card.column_id) if card.column_id else None
        changes = {"labels": [named(before, names), named(left, names)]}
        lines.append(Line(card, EventKind.changed, column, column, changes=changes))
    log_cards(db, actor, board.id, lines)
    db.execute(sa.delete(LabelRow).where(LabelRow.id.in_(gone)))
