"""Cards: make, change, archive, bring back, delete, and what happened to them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.paging import MAX_LIMIT, Page, fetch_page
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import access_card, access_room, board_of, check_on_board, check_version, columns_of
from app.tasks.belongings import assign, attach_labels, check_lane
from app.tasks.details.files import forget_files
from app.tasks.moves import check_room, end_of, put, rank_between
from app.tasks.record import as_seen, bump, log_card
from app.tasks.schemas import Card, CardChange, CardCreate, CardEvent, EventKind
from app.tasks.tables import BoardRow, CardRow, ColumnRow, TransitionRow
from app.tasks.undo.remember import ARCHIVED, here, remember, remembers

BELONGINGS = ("lane_id", "assignee_ids", "label_ids")


class NotArchived(Conflict):
    """Archive this card first; only archived cards can be deleted."""


def create_card(db: Session, actor: Actor, board_id: UUID, new: CardCreate) -> Card:
    """At the end of its column."""
    board = access_room(db, actor, board_id)
    columns = columns_of(db, board.id)
    column = columns.get(new.column_id) if new.column_id else next(iter(columns.values()))
    if column is None:
        raise Invalid(f"column: this board has no column {new.column_id}.")
    check_lane(db, board.id, new.lane_id)
    warnings = check_room(db, column, new.lane_id)
    board.last_number += 1
    fields = new.model_dump(exclude={"column_id", "assignee_ids", "label_ids"})
    made = {"number": board.last_number, "owner_id": actor.id, "created_at": clock.now()}
    card = CardRow(board_id=board.id, **made, **fields)
    _check_dates(card)
    put(db, card, column, rank_between(db, column, end_of(db, column)))
    db.add(card)
    db.flush()
    assign(db, actor, board, card, new.assignee_ids)
    attach_labels(db, card, new.label_ids)
    audit.record(db, actor, Action.card_created, card.id, board=str(board.id), title=card.title)
    log_card(db, actor, card, EventKind.created, target=column)
    remember(db, actor, card, EventKind.created, before=ARCHIVED, after={}, version=0)
    return as_seen(db, actor, card, warnings)


def card(db: Session, actor: Actor, card_id: UUID) -> Card:
    return as_seen(db, actor, access_card(db, actor, card_id))


def change_card(db: Session, actor: Actor, card_id: UUID, change: CardChange) -> Card:
    """Raises StaleCard when the card is no longer at `change.version`."""
    row = access_card(db, actor, card_id, write=True)
    check_on_board(row)
    check_version(db, row, change.version)
    column, lane_before, before = _column(db, row), row.lane_id, _fields(row, change)
    changes, warnings = _apply(row, change), _change_lane(db, row, column, change)
    changes |= _change_belongings(db, actor, row, change)
    moved = row.lane_id != lane_before
    if not changes and not moved:
        return as_seen(db, actor, row)
    _check_dates(row)
    row.version += 1
    audit.record(db, actor, Action.card_changed, row.id, fields=sorted([*changes, *(["lane"] if moved else [])]))
    kind = EventKind.moved if moved else EventKind.changed
    log_card(db, actor, row, kind, origin=column, target=column, lane_before=lane_before, changes=changes)
    now = {"before": {"fields": before}, "after": {"fields": _fields(row, change)}}
    remember(db, actor, row, EventKind.changed, **now, version=change.version)
    return as_seen(db, actor, row, warnings)


def archive_card(db: Session, actor: Actor, card_id: UUID) -> Card:
    """Off the board, with all that is known about it. Doing it twice does it once."""
    row = access_card(db, actor, card_id, write=True)
    if row.archived_at is not None:
        return as_seen(db, actor, row)
    column, before, version = _column(db, row), here(db, row) if remembers(db, actor) else {}, row.version
    row.column_id, row.rank, row.archived_at = None, None, clock.now()
    row.version += 1
    audit.record(db, actor, Action.card_archived, row.id, title=row.title)
    log_card(db, actor, row, EventKind.archived, origin=column)
    remember(db, actor, row, EventKind.archived, before=before, after=ARCHIVED, version=version)
    return as_seen(db, actor, row)


def revive_card(db: Session, actor: Actor, card_id: UUID) -> Card:
    """Back to the end of the column it was in, or of the first one if that is gone."""
    row = access_card(db, actor, card_id, write=True)
    if row.archived_at is None:
        return as_seen(db, actor, row)
    columns = columns_of(db, row.board_id)
    home = db.scalar(
        sa.select(TransitionRow.from_column_id)
        .where(TransitionRow.card_id == row.id, TransitionRow.kind == EventKind.archived.value)
        .order_by(TransitionRow.id.desc())
        .limit(1)
    )
    column, version = (columns.get(home) if home else None) or next(iter(columns.values())), row.version
    warnings = check_room(db, column, row.lane_id)
    rank = rank_between(db, column, end_of(db, column))
    row.archived_at = None  # before anything is asked of the database again: on the board and archived is neither
    changes = put(db, row, column, rank)
    row.version += 1
    audit.record(db, actor, Action.card_revived, row.id, title=row.title)
    log_card(db, actor, row, EventKind.revived, target=column, changes=changes)
    remember(db, actor, row, EventKind.revived, before=ARCHIVED, after={}, version=version)
    return as_seen(db, actor, row, warnings)


def delete_card(db: Session, actor: Actor, card_id: UUID) -> None:
    """For good, but its history stays. Only by its owner, the board's owner or an administrator."""
    row = access_card(db, actor, card_id, write=True)
    board = db.get_one(BoardRow, row.board_id)
    if actor.id not in (row.owner_id, board.owner_id) and not actor.role.includes(Role.admin):
        raise Forbidden(f"Only its owner, the board's owner or an administrator may delete “{row.title}”.")
    if row.archived_at is None:
        raise NotArchived
    audit.record(db, actor, Action.card_deleted, row.id, board=str(board.id), title=row.title)
    log_card(db, actor, row, EventKind.deleted)
    forget_files(db, CardRow.id == row.id)
    db.delete(row)
    board.whole_from = bump(db, board.id)
    db.flush()


def card_history(db: Session, actor: Actor, card_id: UUID) -> list[CardEvent]:
    """Newest first; also of a card that was deleted."""
    return card_history_page(db, actor, card_id, limit=MAX_LIMIT).items


def card_history_page(
    db: Session, actor: Actor, card_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[CardEvent]:
    require_role(actor, Role.viewer)
    missing = NotFound("There is no such card, or you may not see it.")
    query = sa.select(TransitionRow).where(TransitionRow.card_id == card_id)
    board_id = db.scalar(query.with_only_columns(TransitionRow.board_id).limit(1))
    if board_id is None:
        raise missing
    sharing.check_level(db, actor, Kind.board, db.get_one(BoardRow, board_id), missing=missing)
    by, show = TransitionRow.id, CardEvent.model_validate
    return fetch_page(db, query, show, by, limit=limit, cursor=cursor, newest_first=True)


def _apply(row: CardRow, change: CardChange) -> dict[str, Any]:
    """Sets what differs and tells it as {field: [old, new]} in JSON."""
    wanted = change.model_dump(mode="json", exclude_unset=True, exclude={"version", *BELONGINGS})
    changes = {}
    for field, new in wanted.items():
        old = getattr(row, field)
        shown = old if old is None or isinstance(old, str | float) else str(old)
        if shown != new:
            changes[field] = [shown, new]
            setattr(row, field, getattr(change, field))
    return changes


def _fields(row: CardRow, change: CardChange) -> dict[str, Any]:
    """What the card holds of what the change speaks of, as it can be asked for again."""
    return to_jsonable_python({field: getattr(row, field) for field in change.model_fields_set - {"version"}})  # type: ignore[no-any-return]


def _change_lane(db: Session, row: CardRow, column: ColumnRow, change: CardChange) -> list[str]:
    if "lane_id" not in change.model_fields_set or change.lane_id == row.lane_id:
        return []
    check_lane(db, row.board_id, change.lane_id)
    warnings = check_room(db, column, change.lane_id, row)
    row.lane_id = change.lane_id
    return warnings


def _change_belongings(db: Session, actor: Actor, row: CardRow, change: CardChange) -> dict[str, Any]:
    told = {}
    if "assignee_ids" in change.model_fields_set:
        told["assignees"] = assign(db, actor, board_of(db, row.board_id), row, change.assignee_ids)
    if "label_ids" in change.model_fields_set:
        told["labels"] = attach_labels(db, row, change.label_ids)
    return {field: change for field, change in told.items() if change}


def _check_dates(card: CardRow) -> None:
    if card.start_on and card.due_on and card.start_on > card.due_on:
        raise Invalid(f"due_on: {card.due_on} is before the start date {card.start_on}. Move one of them or clear it.")


def _column(db: Session, card: CardRow) -> ColumnRow:
    return db.get_one(ColumnRow, card.column_id)
