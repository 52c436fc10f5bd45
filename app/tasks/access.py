"""The only ways to a board or a card. Asking with `write` also takes the board's lock.

Every change of a board or of its cards happens under one advisory lock a board, taken before the row is read:
so nothing on a board changes between looking and writing, and no two changes can wait for each other. What may be
seen of a card and done with it is what may be seen of its board and done with that.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import Conflict, Forbidden, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.tables import BoardRow, CardRow, ColumnRow, TransitionRow

Wide = sa.Select[*tuple[Any, ...]]
WideRow = sa.Row[*tuple[Any, ...]]
# In the history: what hangs on a card, other than its own fields.
DETAILS = ["checklist", "ticked", "comment", "note", "file", "blocked_by"]
LOCK_SPACE = 74_219_005  # keeps these locks apart from others that are made from a hash
# As `_lock_key` makes it, of the board of a card.
LOCK_BOARD = sa.text(
    "select pg_advisory_xact_lock(hashtextextended(cast(board_id as text), :space)) from cards where id = :card_id"
).bindparams(sa.bindparam("card_id", type_=sa.Uuid()), sa.bindparam("space", type_=sa.BigInteger()))


class StaleCard(Conflict):
    """Somebody else changed this card in the meantime. Look at it again, then repeat your change."""


class CardIsArchived(Conflict):
    """This card is archived. Bring it back first."""


class BoardIsArchived(Conflict):
    """This board is archived. Bring it back first."""


def access_board(db: Session, actor: Actor, board_id: UUID, *, write: bool = False) -> BoardRow:
    """`write` means the board itself: its name and columns. Raises NotFound, Forbidden."""
    if write:
        board = access_room(db, actor, board_id)
        if board.owner_id != actor.id and not actor.role.includes(Role.author):
            raise Forbidden(f"Only its owner or an author may change the board “{board.name}”.")
        return board
    require_role(actor, Role.viewer)
    return _board(db, actor, board_id, edit=False)


def access_room(db: Session, actor: Actor, board_id: UUID) -> BoardRow:
    """For a card on its way in. Takes the board's lock. Raises NotFound, Forbidden."""
    require_role(actor, Role.member)
    board = _locked(db, actor, board_id)
    check_in_use(board)
    return board


def access_shelved(db: Session, actor: Actor, board_id: UUID) -> BoardRow:
    """For a board on its way to the archive, back, or out of this world. Raises NotFound, Forbidden."""
    require_role(actor, Role.member)
    board = _locked(db, actor, board_id)
    if board.owner_id != actor.id and not actor.role.includes(Role.admin):
        raise Forbidden(f"Only its owner or an administrator may do that with the board “{board.name}”.")
    return board


def _locked(db: Session, actor: Actor, board_id: UUID) -> BoardRow:
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_key(board_id))))
    return _board(db, actor, board_id, edit=True)


def access_card(db: Session, actor: Actor, card_id: UUID, *, write: bool = False) -> CardRow:
    """Raises NotFound, Forbidden."""
    require_role(actor, Role.member if write else Role.viewer)
    if write:
        _lock_board_of(db, card_id)
    card: CardRow = _read_card(db, card_id, card_query(actor), write=write)[0]
    return card


def access_card_with(db: Session, actor: Actor, card_id: UUID, query: Wide, values: dict[str, Any]) -> WideRow:
    """For changing: what `query`, a wider `card_query`, finds with these values. Raises NotFound, Forbidden."""
    require_role(actor, Role.member)
    _lock_board_of(db, card_id)
    return _read_card(db, card_id, query, values, write=True)


def card_query(actor: Actor) -> Wide:
    """The card whose id is asked for as `card_id`, its board, and what `actor` may do with it."""
    query: Wide = sa.select(CardRow, BoardRow, level_on_board(actor)).join(BoardRow, BoardRow.id == CardRow.board_id)
    return query.where(CardRow.id == sa.bindparam("card_id")).execution_options(populate_existing=True)


def _lock_board_of(db: Session, card_id: UUID) -> None:
    db.execute(LOCK_BOARD, {"card_id": card_id, "space": LOCK_SPACE})


def _read_card(
    db: Session, card_id: UUID, query: Wide, values: dict[str, Any] | None = None, *, write: bool
) -> WideRow:
    found = db.execute(query, {"card_id": card_id, **(values or {})}).one_or_none()
    if found is None or found[2] is None:
        raise NotFound("There is no such card, or you may not see it.")
    sharing.require_level(found[2], Kind.board, edit=write)
    if write:
        check_in_use(found[1])
    return found


def board_of(db: Session, board_id: UUID) -> BoardRow:
    """As it was read when the lock was taken."""
    return db.get_one(BoardRow, board_id)


def check_in_use(board: BoardRow) -> None:
    if board.archived_at is not None:
        raise BoardIsArchived(f"The board “{board.name}” is archived. Bring it back first.")


def visible_boards(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.board, BoardRow.id, BoardRow.owner_id)


def level_on_board(actor: Actor) -> sa.ColumnElement[str | None]:
    return sharing.level_column(actor, Kind.board, BoardRow.id, BoardRow.owner_id)


def _board(db: Session, actor: Actor, board_id: UUID, *, edit: bool) -> BoardRow:
    query = sa.select(BoardRow, level_on_board(actor)).where(BoardRow.id == board_id)
    found = db.execute(query.execution_options(populate_existing=True)).tuples().one_or_none()
    board, level = found or (None, None)
    sharing.require_level(level, Kind.board, edit=edit)
    assert board
    return board


def wait_for_writers(db: Session, board_id: UUID) -> None:
    """What is committed later than this carries a later time. Nobody who writes waits for whoever reads on."""
    key = _lock_key(board_id)
    db.execute(sa.select(sa.func.pg_advisory_lock_shared(key), sa.func.pg_advisory_unlock_shared(key)))


def try_lock(db: Session, board_id: UUID) -> bool:
    """For work that can wait: False while somebody else changes this board."""
    return bool(db.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_lock_key(board_id)))))


def _lock_key(board_id: Any) -> sa.Function[int]:
    return sa.func.hashtextextended(sa.cast(board_id, sa.Text), LOCK_SPACE)


def columns_of(db: Session, board_id: UUID) -> dict[UUID, ColumnRow]:
    """In their order."""
    query = sa.select(ColumnRow).where(ColumnRow.board_id == board_id).order_by(ColumnRow.rank)
    return {row.id: row for row in db.scalars(query.execution_options(populate_existing=True))}


def check_version(db: Session, card: CardRow, version: int) -> None:
    """Raises StaleCard with the name of who was faster."""
    if card.version == version:
        return
    hanging_on_it = TransitionRow.changes.has_any(sa.cast(DETAILS, sa.ARRAY(sa.Text)))  # ticks and words outdate nobody
    last = sa.select(TransitionRow.person).where(TransitionRow.card_id == card.id, ~hanging_on_it)
    who = db.scalar(last.order_by(TransitionRow.id.desc()).limit(1)) or "Somebody"
    raise StaleCard(f"{who} changed “{card.title}” in the meantime. Look at it again, then repeat your change.")


def check_on_board(card: CardRow) -> None:
    if card.archived_at is not None:
        raise CardIsArchived(f"“{card.title}” is archived. Bring it back first.")
