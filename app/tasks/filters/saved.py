"""Filters that people keep: alone or for the whole board, and the one they start with."""

from functools import partial
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, NotFound
from app.core.paging import MAX_LIMIT, Page, fetch_page
from app.tasks.access import access_board, access_room
from app.tasks.filters.describe import describe
from app.tasks.filters.faults import FilterError
from app.tasks.filters.parse import parse
from app.tasks.filters.schemas import FilterChange, FilterCreate, SavedFilter
from app.tasks.filters.tables import DefaultFilterRow, FilterRow

MAX_FILTERS = 100  # of one person on one board
MISSING = "There is no such filter, or you may not see it."


class FilterNameTaken(Conflict):
    """There is a filter of this name already. Choose another name, or change that one."""


class TooManyFilters(Conflict):
    """You keep as many filters on this board as one person may. Delete one first."""


def saved_filters(db: Session, actor: Actor, board_id: UUID) -> list[SavedFilter]:
    return saved_filters_page(db, actor, board_id, limit=MAX_LIMIT).items


def saved_filters_page(
    db: Session, actor: Actor, board_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[SavedFilter]:
    """Those of the board and one's own, by name."""
    access_board(db, actor, board_id)
    query = sa.select(FilterRow, _is_default(actor)).where(FilterRow.board_id == board_id, _seen(actor))
    by = (sa.func.lower(FilterRow.name, type_=sa.Text()), FilterRow.id)
    return fetch_page(db, query, partial(_shown, actor), *by, limit=limit, cursor=cursor)


def save_filter(db: Session, actor: Actor, board_id: UUID, new: FilterCreate) -> SavedFilter:
    """Everybody who sees a board may keep filters; to share one takes the right to work on the board."""
    require_role(actor, Role.viewer)
    board = access_room(db, actor, board_id) if new.shared else access_board(db, actor, board_id)
    parse(new.text)
    mine = sa.select(sa.func.count()).where(FilterRow.board_id == board.id, FilterRow.owner_id == actor.id)
    if (db.scalar(mine) or 0) >= MAX_FILTERS:
        raise TooManyFilters
    row = FilterRow(board_id=board.id, owner_id=actor.id, created_at=clock.now(), **new.model_dump())
    _check_name(db, row)
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.board_filter_saved, row.id, board=str(board.id), name=row.name, shared=row.shared)
    return _read(db, actor, row.id)


def change_filter(db: Session, actor: Actor, board_id: UUID, filter_id: UUID, change: FilterChange) -> SavedFilter:
    row = _access(db, actor, board_id, filter_id)
    if change.shared and not row.shared:
        access_room(db, actor, board_id)
    if change.shared is False and row.shared:
        row.owner_id = actor.id  # it is of whoever takes it away from the others
    for field, value in change.model_dump(exclude_none=True).items():
        setattr(row, field, value)
    parse(row.text)
    with db.no_autoflush:
        _check_name(db, row)
    db.flush()
    changed = change.model_dump(mode="json", exclude_none=True)
    audit.record(db, actor, Action.board_filter_saved, row.id, board=str(board_id), **changed)
    return _read(db, actor, row.id)


def delete_filter(db: Session, actor: Actor, board_id: UUID, filter_id: UUID) -> None:
    row = _access(db, actor, board_id, filter_id)
    audit.record(db, actor, Action.board_filter_deleted, row.id, board=str(board_id), name=row.name)
    db.delete(row)
    db.flush()


def choose_default_filter(db: Session, actor: Actor, board_id: UUID, filter_id: UUID | None) -> None:
    """For whoever asks alone."""
    access_board(db, actor, board_id)
    if actor.id is None:
        return
    mine = sa.and_(DefaultFilterRow.board_id == board_id, DefaultFilterRow.person_id == actor.id)
    if filter_id is None:
        db.execute(sa.delete(DefaultFilterRow).where(mine))
        return
    _visible(db, actor, board_id, filter_id)
    row = insert(DefaultFilterRow).values(board_id=board_id, person_id=actor.id, filter_id=filter_id)
    db.execute(row.on_conflict_do_update(index_elements=["board_id", "person_id"], set_={"filter_id": filter_id}))


def _access(db: Session, actor: Actor, board_id: UUID, filter_id: UUID) -> FilterRow:
    """One's own, or a shared one for whoever may work on the board. Raises NotFound, Forbidden."""
    row = _visible(db, actor, board_id, filter_id)
    if row.shared:
        access_room(db, actor, board_id)
    return row


def _visible(db: Session, actor: Actor, board_id: UUID, filter_id: UUID) -> FilterRow:
    access_board(db, actor, board_id)
    query = sa.select(FilterRow).where(FilterRow.id == filter_id, FilterRow.board_id == board_id, _seen(actor))
    row = db.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound(MISSING)
    return row


def _seen(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(FilterRow.shared, FilterRow.owner_id == actor.id)


def _check_name(db: Session, row: FilterRow) -> None:
    same = [FilterRow.board_id == row.board_id, sa.func.lower(FilterRow.name) == sa.func.lower(row.name)]
    of_board = FilterRow.shared.is_(True)
    same.append(of_board if row.shared else sa.and_(~of_board, FilterRow.owner_id == row.owner_id))
    if row.id:
        same.append(FilterRow.id != row.id)
    if db.scalar(sa.select(sa.exists().where(*same))):
        raise FilterNameTaken(f"name: there is a filter named “{row.name}” already. Choose another name.")


def _is_default(actor: Actor) -> sa.ColumnElement[bool]:
    mine = sa.and_(DefaultFilterRow.filter_id == FilterRow.id, DefaultFilterRow.person_id == actor.id)
    return sa.exists().where(mine).correlate(FilterRow)


def _read(db: Session, actor: Actor, filter_id: UUID) -> SavedFilter:
    row, is_default = db.execute(sa.select(FilterRow, _is_default(actor)).where(FilterRow.id == filter_id)).one()
    return _shown(actor, row, is_default)


def _shown(actor: Actor, row: FilterRow, is_default: bool) -> SavedFilter:
    return SavedFilter(
        id=row.id,
        board_id=row.board_id,
        name=row.name,
        text=row.text,
        words=_words(row.text),
        shared=row.shared,
        is_mine=row.owner_id is not None and row.owner_id == actor.id,
        is_default=is_default,
    )


def _words(text: str) -> str:
    """A filter that was saved when the language was another one is still shown."""
    try:
        return describe(parse(text))
    except FilterError as error:
        return error.message
