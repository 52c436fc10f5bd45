"""Boards and their columns."""

import json
from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, NotFound
from app.core.paging import Page, fetch_page
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level
from app.tasks.access import access_board, columns_of, level_on_board, visible_boards
from app.tasks.arrange import arrange_columns, arrange_labels, arrange_lanes
from app.tasks.belongings import labels_of, lanes_of
from app.tasks.filters import service as filters
from app.tasks.record import bump, with_assignees
from app.tasks.schemas import (
    Board,
    BoardChange,
    BoardCreate,
    BoardLine,
    BoardOptions,
    Card,
    Column,
    ColumnEdit,
    Label,
    Lane,
)
from app.tasks.tables import BoardRow, CardRow, ColumnRow

DEFAULT_COLUMNS = [
    ColumnEdit(name="To do"),
    ColumnEdit(name="In progress"),
    ColumnEdit(name="Pending"),
    ColumnEdit(name="Completed", is_done=True),
]


LAYOUT = {"name", "columns", "lanes", "labels"}
LOOK_AGAIN = "Nothing of yours was saved. Look at it as it is now, then repeat your change."
BY_NAME = (sa.func.lower(BoardRow.name, type_=sa.Text()), BoardRow.id)


class StaleBoard(Conflict):
    """Somebody changed the name, columns, lanes, labels or one of the options of this board in the meantime."""


def boards(db: Session, actor: Actor, *, archived: bool | None = False) -> list[BoardLine]:
    """None: both those in use and those that are archived."""
    require_role(actor, Role.viewer)
    return [_line(*row) for row in db.execute(_listed(actor, archived).order_by(*BY_NAME))]


def boards_page(
    db: Session, actor: Actor, *, archived: bool | None = False, limit: int = 50, cursor: str | None = None
) -> Page[BoardLine]:
    require_role(actor, Role.viewer)
    return fetch_page(db, _listed(actor, archived), _line, *BY_NAME, limit=limit, cursor=cursor)


def board(db: Session, actor: Actor, board_id: UUID) -> Board:
    """Everything on it in six queries, however many cards there are."""
    row = _seen_row(db, actor, board_id)
    names = accounts.person_names(db, actor)
    cards: dict[UUID, list[Card]] = {}
    query = sa.select(CardRow).where(CardRow.board_id == board_id, CardRow.archived_at.is_(None))
    for card in db.scalars(query.order_by(CardRow.rank).execution_options(populate_existing=True)):
        assert card.column_id
        cards.setdefault(card.column_id, []).append(with_assignees(card, names))
    return _whole(db, row, cards)


def board_frame(db: Session, actor: Actor, board_id: UUID) -> Board:
    """The board without its cards: columns, lanes, labels, options. `cards` says how many there are."""
    return _whole(db, _seen_row(db, actor, board_id), {})


def _seen_row(db: Session, actor: Actor, board_id: UUID) -> Any:
    require_role(actor, Role.viewer)
    row = db.execute(_seen_by(actor).where(BoardRow.id == board_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such board, or you may not see it.")
    return row


def _whole(db: Session, row: Any, cards: dict[UUID, list[Card]]) -> Board:
    board_id = row[0].id
    return Board(
        **_line(*row).model_dump(),
        options=BoardOptions.model_validate(row[0].options),
        columns=[_column(column, cards.get(column.id, [])) for column in columns_of(db, board_id).values()],
        lanes=[Lane.model_validate(lane) for lane in lanes_of(db, board_id).values()],
        labels=[Label.model_validate(label) for label in labels_of(db, board_id).values()],
    )


def _column(column: ColumnRow, cards: list[Card]) -> Column:
    held = Counter(card.lane_id if column.wip_per_lane else None for card in cards)
    over = column.wip_limit is not None and max(held.values(), default=0) > column.wip_limit
    return Column.model_validate(column).model_copy(update={"cards": cards, "over_limit": over})


def cards_in_columns(db: Session, actor: Actor, board_id: UUID) -> dict[UUID, int]:
    """How many cards each column holds; one that is empty is left out."""
    access_board(db, actor, board_id)
    query = sa.select(CardRow.column_id, sa.func.count()).where(CardRow.board_id == board_id)
    query = query.where(CardRow.column_id.is_not(None)).group_by(CardRow.column_id)
    return {column_id: count for column_id, count in db.execute(query).tuples() if column_id}


def board_revision(db: Session, actor: Actor, board_id: UUID) -> tuple[int, Level]:
    """The cheapest way to learn whether anything has changed: on the board, or in what may be done with it."""
    require_role(actor, Role.viewer)
    query = sa.select(BoardRow.revision, level_on_board(actor)).where(BoardRow.id == board_id)
    revision, level = db.execute(query).tuples().one_or_none() or (0, None)
    return revision, sharing.require_level(level, Kind.board)


def search_cards(
    db: Session,
    actor: Actor,
    board_id: UUID,
    text: str = "",
    *,
    filter: str = "",
    archived: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Card]:
    """Cards whose title or description contains every word of `text`, and that `filter` finds; newest first."""
    wanted = filters.parse(filter)
    access_board(db, actor, board_id)
    query = sa.select(CardRow).where(CardRow.board_id == board_id, CardRow.archived_at.is_not(None) == archived)
    query = query.where(filters.condition(wanted, actor, board_id))
    for word in text.replace("\x00", " ").split():
        query = query.where((CardRow.title + " " + CardRow.description).icontains(word, autoescape=True))
    show = partial(with_assignees, names=accounts.person_names(db, actor))
    by = (CardRow.archived_at if archived else CardRow.created_at, CardRow.id)
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=True)


def create_board(db: Session, actor: Actor, new: BoardCreate) -> BoardLine:
    require_role(actor, Role.member)
    board = BoardRow(name=new.name, owner_id=actor.id, created_at=clock.now(), revision=1)
    db.add(board)
    db.flush()
    audit.record(db, actor, Action.board_created, board.id, name=board.name)
    sharing.share_new(db, actor, Kind.board, board.id, share_with=new.share_with)
    arrange_columns(db, actor, board, new.columns or DEFAULT_COLUMNS)
    return board_line(db, actor, board.id)


def change_board(db: Session, actor: Actor, board_id: UUID, change: BoardChange) -> BoardLine:
    """Raises StaleBoard, ColumnNotEmpty when a column with cards is left out, ColumnFull when a lane may not go.

    Cards leave a lane or lose a label that goes.
    """
    board = access_board(db, actor, board_id, write=True)
    if change.version not in (None, board.version):
        raise StaleBoard(f"“{board.name}” has got another name, column, lane or label in the meantime. {LOOK_AGAIN}")
    if change.model_fields_set & LAYOUT:
        board.version += 1
    board.name = change.name or board.name
    if change.options is not None:
        board.options = _options(board, change.options, change.options_seen)
    if change.columns is not None:
        arrange_columns(db, actor, board, change.columns)
    if change.lanes is not None:
        arrange_lanes(db, actor, board, change.lanes)
    if change.labels is not None:
        arrange_labels(db, actor, board, change.labels)
    bump(db, board.id)
    changed = change.model_dump(mode="json", exclude_unset=True, exclude={"options_seen"})
    audit.record(db, actor, Action.board_changed, board.id, **changed)
    db.flush()
    return board_line(db, actor, board.id)


def _options(board: BoardRow, wanted: BoardOptions, seen: BoardOptions | None) -> dict[str, Any]:
    """Those that are not given stay, whoever has changed them since."""
    now = BoardOptions.model_validate(board.options)
    given = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    for name, value in given.items():
        here = getattr(now, name)
        if seen is not None and here not in (value, getattr(seen, name)):
            raise StaleBoard(f"options.{name}: somebody else has set it to {json.dumps(here)} meanwhile. {LOOK_AGAIN}")
    return now.model_copy(update=given).model_dump(mode="json")


def assignees(db: Session, actor: Actor, board_id: UUID) -> dict[UUID, str]:
    """Whom a card can be given to: everybody who sees the board."""
    return sharing.audience(db, Kind.board, access_board(db, actor, board_id))


def _listed(actor: Actor, archived: bool | None) -> sa.Select[BoardRow, int, int, str | None]:
    query = _seen_by(actor)
    return query if archived is None else query.where(BoardRow.archived_at.is_not(None) == archived)


def _seen_by(actor: Actor) -> sa.Select[BoardRow, int, int, str | None]:
    on_board = sa.select(sa.func.count()).where(CardRow.board_id == BoardRow.id, CardRow.archived_at.is_(None))
    archived = sa.select(sa.func.count()).where(CardRow.board_id == BoardRow.id, CardRow.archived_at.is_not(None))
    query = sa.select(
        BoardRow,
        on_board.correlate(BoardRow).scalar_subquery().label("cards"),
        archived.correlate(BoardRow).scalar_subquery().label("archived"),
        level_on_board(actor).label("level"),
    )
    return query.where(visible_boards(actor)).execution_options(populate_existing=True)


def _line(board: BoardRow, cards: int, archived: int, level: str | None) -> BoardLine:
    return BoardLine(
        id=board.id,
        name=board.name,
        revision=board.revision,
        owner_id=board.owner_id,
        created_at=board.created_at,
        archived_at=board.archived_at,
        cards=cards,
        archived=archived,
        version=board.version,
        level=Level(level or Level.view),
    )


def board_line(db: Session, actor: Actor, board_id: UUID) -> BoardLine:
    return _line(*db.execute(_seen_by(actor).where(BoardRow.id == board_id)).one())
