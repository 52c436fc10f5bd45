"""Where a card goes. All of it happens under the board's lock (see access.py)."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.tasks.access import board_of, check_on_board, check_version
from app.tasks.belongings import lanes_of
from app.tasks.desk import read_desk
from app.tasks.details.blockers import check_unblocked, touch_waiting
from app.tasks.rank import MAX_LENGTH, Gap, between, spread
from app.tasks.record import show
from app.tasks.schemas import BoardOptions, Card, CardMove, Category, WipMode
from app.tasks.tables import BoardRow, CardRow, ColumnRow
from app.tasks.undo.remember import place_of
from app.tasks.write_move import Moved, write_move


class ColumnFull(Conflict):
    """This column holds as many cards as it may."""


def move_card(db: Session, actor: Actor, card_id: UUID, move: CardMove) -> Card:
    """Below `after_id`, else above `before_id`, else to the end. A move to where the card is changes nothing."""
    desk = read_desk(db, actor, card_id, move)
    card, target = desk.card, desk.target
    check_on_board(card)
    check_version(db, card, move.version)
    if target is None:
        raise Invalid(f"column: this board has no column {move.column_id}.")
    gap, before = desk.gap(), place_of(card, desk.above)
    stays, stays_in_lane = desk.origin is target, desk.lane_id == card.lane_id
    if stays and stays_in_lane and _lies_in(gap, card):
        return show(card, desk.people)
    if desk.lane_id is not None and desk.to_lane is None:
        raise Invalid(f"lane: this board has no lane {desk.lane_id}.")
    takes_room = not stays or (target.wip_per_lane and not stays_in_lane)
    warnings = check_held(db, target, desk.lane_id, desk.held or 0) if takes_room else []
    rank, turned = rank_between(db, target, gap, card), (card.completed_at is not None) != target.is_done
    changes = _turn(db, card, desk.board, is_done=target.is_done) if turned else {}
    logged = not (stays and stays_in_lane)
    write_move(db, actor, desk, Moved(target, rank, before, changes, turned, logged))
    return show(card, desk.people, warnings)


def put(db: Session, card: CardRow, column: ColumnRow, rank: str) -> dict[str, Any]:
    """Entering a done column completes the card, leaving it opens the card again. Tells what else that changed."""
    card.column_id, card.rank = column.id, rank
    return complete_or_reopen(db, card, is_done=column.is_done)


def complete_or_reopen(db: Session, card: CardRow, *, is_done: bool) -> dict[str, Any]:
    """What is done becomes an accomplishment and what is taken up again is in progress; a highlight stays one."""
    if (card.completed_at is not None) == is_done:
        return {}
    if card.id:  # a new one holds nothing up
        touch_waiting(db, card.board_id, [card.id])
    return _turn(db, card, board_of(db, card.board_id), is_done=is_done)


def _turn(db: Session, card: CardRow, board: BoardRow, *, is_done: bool) -> dict[str, Any]:
    options = BoardOptions.model_validate(board.options)
    if card.id and is_done and options.forbid_done_while_blocked:
        check_unblocked(db, [card])
    return recategorize(card, options, is_done=is_done)


def recategorize(card: CardRow, options: BoardOptions, *, is_done: bool) -> dict[str, Any]:
    card.completed_at = clock.now() if is_done else None
    old, new = Category.in_progress.value, Category.accomplishment.value
    if not is_done:
        old, new = new, old
    if not options.category_on_completion or card.category != old:
        return {}
    card.category = new
    return {"category": [old, new]}


def check_room(db: Session, column: ColumnRow, lane_id: UUID | None, card: CardRow | None = None) -> list[str]:
    """Raises ColumnFull, or tells that the column now holds too many. A card that is in there takes no more room."""
    if column.wip_limit is None:
        return []
    here = [CardRow.column_id == column.id]
    if column.wip_per_lane:
        here.append(CardRow.lane_id.is_not_distinct_from(lane_id))
    held = sa.select(sa.func.count(), sa.func.bool_or(CardRow.id == (card.id if card else None)))
    count, is_in = db.execute(held.where(*here)).tuples().one()
    return [] if is_in else check_held(db, column, lane_id, count)


def check_held(db: Session, column: ColumnRow, lane_id: UUID | None, held: int) -> list[str]:
    """The same where it is known how many cards the column, or the lane in it, holds."""
    if column.wip_limit is None or held < column.wip_limit:
        return []
    lane = f" in “{_lane_name(db, column.board_id, lane_id)}”" if column.wip_per_lane and lane_id else ""
    cards = "card" if column.wip_limit == 1 else "cards"
    if column.wip_mode == WipMode.warn:
        return [f"“{column.name}”{lane} now holds {held + 1} cards; its limit is {column.wip_limit}."]
    raise ColumnFull(f"“{column.name}”{lane} takes at most {column.wip_limit} {cards}. Move one out of it first.")


def _lane_name(db: Session, board_id: UUID, lane_id: UUID) -> str:
    return lanes_of(db, board_id)[lane_id].name


def end_of(db: Session, column: ColumnRow) -> Gap:
    return db.scalar(sa.select(sa.func.max(CardRow.rank)).where(CardRow.column_id == column.id)), None


def rank_between(db: Session, column: ColumnRow, gap: Gap, card: CardRow | None = None) -> str:
    """Spreads the whole column anew when ranks have grown long."""
    rank = between(*gap)
    return rank if len(rank) <= MAX_LENGTH else _spread_around(db, column, gap[0], card)


def _lies_in(gap: Gap, card: CardRow) -> bool:
    (low, high), rank = gap, card.rank or ""
    return (low or "") < rank and (high is None or rank < high)


def _spread_around(db: Session, column: ColumnRow, low: str | None, card: CardRow | None) -> str:
    """Gives every other card of the column a short rank and returns the one left free after `low`."""
    query = sa.select(CardRow.id, CardRow.rank).where(CardRow.column_id == column.id).order_by(CardRow.rank)
    rows = [row for row in db.execute(query) if card is None or row.id != card.id]
    place = sum(1 for row in rows if low is not None and row.rank <= low)
    ranks = spread(len(rows) + 1)
    free = ranks.pop(place)
    new = {row.id: rank for row, rank in zip(rows, ranks, strict=True)}
    if card is not None and card.column_id == column.id:
        new[card.id] = free  # in the same statement, so that its old rank is in nobody's way
    write_ranks(db, new)
    return free


def write_ranks(db: Session, new: dict[UUID, str]) -> None:
    """In one statement, so that no rank is in another's way."""
    pairs = sa.select(
        sa.func.unnest(sa.cast(list(new), sa.ARRAY(sa.Uuid))).label("id"),
        sa.func.unnest(sa.cast(list(new.values()), sa.ARRAY(sa.Text))).label("rank"),
    ).subquery()
    change = sa.update(CardRow).where(CardRow.id == pairs.c.id).values(rank=pairs.c.rank)
    db.execute(change, execution_options={"synchronize_session": False})
