"""All that a move has to know, read in one statement under the board's lock."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from app.accounts import service as accounts
from app.core.actor import Actor, Role
from app.core.errors import Conflict, Invalid
from app.tasks.access import Wide, access_card_with, card_query
from app.tasks.belongings import LEFT
from app.tasks.rank import Gap
from app.tasks.schemas import CardMove
from app.tasks.tables import BoardRow, CardAssigneeRow, CardLabelRow, CardRow, ColumnRow, LabelRow, LaneRow

Origin, Target = aliased(ColumnRow), aliased(ColumnRow)
Other, One = aliased(CardRow), aliased(CardRow)


class NeighboursMoved(Conflict):
    """The cards next to this place were moved in the meantime. Look again, then repeat your move."""


@dataclass(frozen=True)
class Desk:
    """`above` is the card above this one now; `held` the cards of the column (and lane) it goes to, without it.

    Lanes, labels and people are named as the log keeps them.
    """

    card: CardRow
    board: BoardRow
    origin: ColumnRow | None
    target: ColumnRow | None
    from_lane: str | None
    to_lane: str | None
    labels: list[str]
    people: list[dict[str, str]]
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


class Asked(NamedTuple):
    """What makes one move's question differ from another's, but for the values in it."""

    person_id: UUID | None
    role: Role
    lane: bool
    after: bool
    before: bool


def read_desk(db: Session, actor: Actor, card_id: UUID, move: CardMove) -> Desk:
    """Takes the board's lock. Raises NotFound, Forbidden."""
    if card_id in (move.after_id, move.before_id):
        raise Invalid("after, before: a card cannot be placed next to itself.")
    asked = Asked(actor.id, actor.role, "lane_id" in move.model_fields_set, bool(move.after_id), bool(move.before_id))
    found = access_card_with(db, actor, card_id, _query(asked), move.model_dump(exclude={"version"}))
    card, board, _, origin, target, from_lane, to_lane, labels, people, above, held, *ranks = tuple(found)
    people.sort(key=lambda one: one["name"])
    return Desk(card, board, origin, target, from_lane, to_lane, labels, people, above, held, tuple(ranks), move)


@lru_cache(maxsize=64)
def _query(asked: Asked) -> Wide:
    """Kept, because such a statement costs more to put together than to send."""
    query = card_query(Actor(id=asked.person_id, name="", role=asked.role))
    same_board = sa.and_(Target.id == sa.bindparam("column_id"), Target.board_id == CardRow.board_id)
    query = query.outerjoin(Origin, Origin.id == CardRow.column_id).outerjoin(Target, same_board)
    lane: Any = sa.bindparam("lane_id", type_=sa.Uuid()) if asked.lane else CardRow.lane_id
    query = query.add_columns(Origin, Target, _lane(CardRow.lane_id), _lane(lane), _labels(), _people())
    return query.add_columns(_above(), _held(lane), *_ranks(asked))


def _lane(lane_id: Any) -> sa.ColumnElement[Any]:
    of_board = sa.select(LaneRow.name).where(LaneRow.id == lane_id, LaneRow.board_id == CardRow.board_id)
    return of_board.correlate(CardRow).scalar_subquery()


def _labels() -> sa.ColumnElement[Any]:
    held = sa.select(LabelRow.name).join(CardLabelRow, CardLabelRow.label_id == LabelRow.id)
    held = held.where(CardLabelRow.card_id == CardRow.id).order_by(sa.func.lower(LabelRow.name))
    return sa.func.array(held.correlate(CardRow).scalar_subquery(), type_=sa.ARRAY(sa.Text))


def _people() -> sa.ColumnElement[Any]:
    name = sa.func.coalesce(accounts.active_name(CardAssigneeRow.person_id), LEFT)
    one = sa.func.jsonb_build_object("id", CardAssigneeRow.person_id, "name", name)
    given = sa.select(sa.func.coalesce(sa.func.jsonb_agg(one), sa.text("'[]'::jsonb"), type_=JSONB))
    return given.where(CardAssigneeRow.card_id == CardRow.id).correlate(CardRow).scalar_subquery()


def _above() -> sa.ColumnElement[Any]:
    near = sa.select(Other.id).where(Other.column_id == CardRow.column_id, Other.rank < CardRow.rank)
    return near.order_by(Other.rank.desc()).limit(1).scalar_subquery()


def _others() -> sa.ColumnElement[bool]:
    return sa.and_(Other.column_id == sa.bindparam("column_id"), Other.id != sa.bindparam("card_id"))


def _held(lane: Any) -> sa.ColumnElement[Any]:
    """Counted only where there is a limit."""
    here = sa.or_(~Target.wip_per_lane, Other.lane_id.is_not_distinct_from(lane))
    held = sa.select(sa.func.count()).select_from(Other).where(_others(), here)
    return sa.case((Target.wip_limit.is_not(None), held.correlate(CardRow, Target).scalar_subquery()))


def _ranks(asked: Asked) -> list[sa.ColumnElement[Any]]:
    """That of the last card, of the one to go below and the next, of the one to go above and the one before."""
    lowest, highest = sa.select(sa.func.min(Other.rank)), sa.select(sa.func.max(Other.rank))
    last: Any = sa.null() if asked.after or asked.before else highest.where(_others()).scalar_subquery()
    ranks: list[Any] = [last]
    for given, anchor, next_one, beyond in (
        (asked.after, "after_id", lowest, "__gt__"),
        (asked.before, "before_id", highest, "__lt__"),
    ):
        if not given:
            ranks += [sa.null(), sa.null()]
            continue
        of_column = sa.select(One.rank).where(One.column_id == sa.bindparam("column_id"))
        at = of_column.where(One.id == sa.bindparam(anchor)).scalar_subquery()
        ranks += [at, next_one.where(_others(), getattr(Other.rank, beyond)(at)).scalar_subquery()]
    return ranks
