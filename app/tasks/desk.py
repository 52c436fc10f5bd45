"""All that a move has to know, read in one statement under the board's lock."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.tasks.access import Wide, access_card_with
from app.tasks.rank import Gap
from app.tasks.schemas import CardMove
from app.tasks.tables import CardRow, ColumnRow

Origin, Target = aliased(ColumnRow), aliased(ColumnRow)
# Once, because an alias costs more to make than the statement to send.
Other, One = aliased(CardRow), aliased(CardRow)


class NeighboursMoved(Conflict):
    """The cards next to this place were moved in the meantime. Look again, then repeat your move."""


@dataclass(frozen=True)
class Desk:
    """`above` is the card above this one now; `held` the cards of the column (and lane) it goes to, without it."""

    card: CardRow
    origin: ColumnRow | None
    target: ColumnRow | None
    above: UUID | None
    held: int | None
    ranks: tuple[str | None, ...]
    move: CardMove

    @property
    def lane_id(self) -> UUID | None:
        return self.move.lane_id if "lane_id" in self.move.model_fields_set else self.card.lane_id

    def gap(self) -> Gap:
        """The ranks on both sides of the place that was asked for, as if the card itself were not there."""
        last, after, below, before, over = self.ranks
        if not (self.move.after_id or self.move.before_id):
            return last, None
        if after is not None:
            return after, below
        if before is not None:
            return over, before
        raise NeighboursMoved


def read_desk(db: Session, actor: Actor, card_id: UUID, move: CardMove) -> Desk:
    """Takes the board's lock. Raises NotFound, Forbidden."""
    if card_id in (move.after_id, move.before_id):
        raise Invalid("after, before: a card cannot be placed next to itself.")
    found = tuple(access_card_with(db, actor, card_id, lambda query: _widen(query, card_id, move)))
    card, _, _, origin, target, above, held, *ranks = found
    return Desk(card, origin, target, above, held, tuple(ranks), move)


def _widen(query: Wide, card_id: UUID, move: CardMove) -> Wide:
    same_board = sa.and_(Target.id == move.column_id, Target.board_id == CardRow.board_id)
    query = query.outerjoin(Origin, Origin.id == CardRow.column_id).outerjoin(Target, same_board)
    return query.add_columns(Origin, Target, _above(), _held(card_id, move), *_ranks(card_id, move))


def _above() -> sa.ColumnElement[Any]:
    near = sa.select(Other.id).where(Other.column_id == CardRow.column_id, Other.rank < CardRow.rank)
    return near.order_by(Other.rank.desc()).limit(1).scalar_subquery()


def _held(card_id: UUID, move: CardMove) -> sa.ColumnElement[Any]:
    """Counted only where there is a limit."""
    lane: Any = sa.literal(move.lane_id, sa.Uuid()) if "lane_id" in move.model_fields_set else CardRow.lane_id
    here = sa.or_(~Target.wip_per_lane, Other.lane_id.is_not_distinct_from(lane))
    held = sa.select(sa.func.count()).select_from(Other).where(Other.column_id == move.column_id, Other.id != card_id)
    return sa.case((Target.wip_limit.is_not(None), held.where(here).correlate(CardRow, Target).scalar_subquery()))


def _ranks(card_id: UUID, move: CardMove) -> list[sa.ColumnElement[Any]]:
    """That of the last card, of the one to go below and the next, of the one to go above and the one before."""
    others = sa.and_(Other.column_id == move.column_id, Other.id != card_id)
    lowest, highest = sa.select(sa.func.min(Other.rank)), sa.select(sa.func.max(Other.rank))
    last: Any = sa.null() if move.after_id or move.before_id else highest.where(others).scalar_subquery()
    ranks: list[Any] = [last]
    for anchor, next_one, beyond in (
        (move.after_id, lowest, "__gt__"),
        (move.before_id, highest, "__lt__"),
    ):
        if anchor is None:
            ranks += [sa.null(), sa.null()]
            continue
        at = sa.select(One.rank).where(One.column_id == move.column_id, One.id == anchor).scalar_subquery()
        ranks += [at, next_one.where(others, getattr(Other.rank, beyond)(at)).scalar_subquery()]
    return ranks
