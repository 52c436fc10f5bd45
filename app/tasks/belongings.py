"""What a card has of its board: its lane, its labels, and the people it is given to."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import service as accounts
from app.core.actor import Actor
from app.core.errors import Invalid
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.tables import BoardRow, CardAssigneeRow, CardLabelRow, CardRow, LabelRow, LaneRow

LEFT = "Somebody who has left"


def lanes_of(db: Session, board_id: UUID) -> dict[UUID, LaneRow]:
    """In their order."""
    query = sa.select(LaneRow).where(LaneRow.board_id == board_id).order_by(LaneRow.rank)
    return {row.id: row for row in db.scalars(query.execution_options(populate_existing=True))}


def labels_of(db: Session, board_id: UUID) -> dict[UUID, LabelRow]:
    """By name."""
    query = sa.select(LabelRow).where(LabelRow.board_id == board_id).order_by(sa.func.lower(LabelRow.name))
    return {row.id: row for row in db.scalars(query.execution_options(populate_existing=True))}


def check_lane(db: Session, board_id: UUID, lane_id: UUID | None) -> None:
    if lane_id is not None and lane_id not in lanes_of(db, board_id):
        raise Invalid(f"lane: this board has no lane {lane_id}.")


def assign(db: Session, actor: Actor, board: BoardRow, card: CardRow, wanted: Collection[UUID]) -> list[Any] | None:
    """Gives the card to exactly these people; who had it before may keep it even if they no longer see the board.

    Tells [before, after] in ids and names, or None when nothing changed.
    """
    before = list(card.assignee_ids)
    if set(before) == set(wanted):
        return None
    names = accounts.person_names(db, actor)
    check_people(db, board, set(wanted) - set(before), names)
    _write(db, card, CardAssigneeRow.person_id, before, wanted)
    set_committed_value(card, "assignee_ids", sorted(set(wanted)))
    return [named(before, names), named(card.assignee_ids, names)]


def attach_labels(db: Session, card: CardRow, wanted: Collection[UUID]) -> list[Any] | None:
    """Tells [before, after] in ids and names, or None when nothing changed."""
    before = list(card.label_ids)
    if set(before) == set(wanted):
        return None
    labels = {id_: label.name for id_, label in labels_of(db, card.board_id).items()}
    if unknown := next((id_ for id_ in wanted if id_ not in labels), None):
        raise Invalid(f"label_ids: this board has no label {unknown}.")
    _write(db, card, CardLabelRow.label_id, before, wanted)
    set_committed_value(card, "label_ids", sorted(set(wanted)))
    return [named(before, labels), named(card.label_ids, labels)]


def named(ids: Iterable[UUID], names: dict[UUID, str]) -> list[dict[str, str]]:
    """By name, as the log keeps them."""
    return sorted(({"id": str(id_), "name": names.get(id_, LEFT)} for id_ in ids), key=lambda one: one["name"])


def check_people(db: Session, board: BoardRow, new: set[UUID], names: dict[UUID, str]) -> None:
    allowed = sharing.audience(db, Kind.board, board) if new else {}
    for person_id in new - set(allowed):
        if name := names.get(person_id):
            raise Invalid(f"assignee_ids: {name} does not see this board. Share the board with them first.")
        raise Invalid(f"assignee_ids: there is no active person {person_id}.")


def _write(
    db: Session, card: CardRow, of: InstrumentedAttribute[UUID], before: Sequence[UUID], wanted: Collection[UUID]
) -> None:
    table = of.class_
    if gone := set(before) - set(wanted):
        db.execute(sa.delete(table).where(table.card_id == card.id, of.in_(gone)))
    if new := set(wanted) - set(before):
        db.execute(sa.insert(table), [{"card_id": card.id, of.key: id_} for id_ in new])
