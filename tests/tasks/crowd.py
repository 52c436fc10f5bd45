"""Many who work on one board at the same time, and what one of them would have made of it."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.core.actor import SYSTEM
from app.core.errors import Conflict
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardCreate, CardMove, ColumnEdit, LaneEdit
from app.tasks.tables import CardRow

CARDS, LIMIT = 40, 12
REFUSED = {"StaleCard", "ColumnFull", "NeighboursMoved"}
Layout = dict[UUID, list[UUID]]


@dataclass
class Crowd:
    """One board, and a connection for each who works on it, as if they sat in front of several processes."""

    engine: sa.Engine
    board_id: UUID
    columns: list[UUID] = field(default_factory=list)
    lanes: list[UUID | None] = field(default_factory=list)
    moves: list[tuple[UUID, CardMove]] = field(default_factory=list)

    def transaction(self) -> AbstractContextManager[Session]:
        return sessionmaker(self.engine, expire_on_commit=False).begin()

    def cards(self) -> Sequence[sa.Row[UUID, UUID | None, int]]:
        with self.transaction() as db:
            return db.execute(sa.select(CardRow.id, CardRow.column_id, CardRow.version)).all()

    def board(self) -> Board:
        with self.transaction() as db:
            return tasks.board(db, SYSTEM, self.board_id)

    def layout(self) -> Layout:
        return {c.id: [card.id for card in c.cards] for c in self.board().columns}

    def lanes_of_cards(self) -> dict[UUID, UUID | None]:
        return {card.id: card.lane_id for c in self.board().columns for card in c.cards}


def gather(engine: sa.Engine) -> Crowd:
    """Column B holds at most LIMIT cards."""
    columns = [ColumnEdit(name="A"), ColumnEdit(name="B", wip_limit=LIMIT), ColumnEdit(name="C", is_done=True)]
    with sessionmaker(engine).begin() as db:
        board = tasks.create_board(db, SYSTEM, BoardCreate(name="Crowd", columns=columns))
        lanes = BoardChange(lanes=[LaneEdit(name="Web"), LaneEdit(name="Shop")])
        tasks.change_board(db, SYSTEM, board.id, lanes)
        for number in range(CARDS):
            tasks.create_card(db, SYSTEM, board.id, CardCreate(title=f"card {number}"))
    crowd = Crowd(engine, board.id)
    now = crowd.board()
    crowd.columns = [column.id for column in now.columns]
    crowd.lanes = [None, *(lane.id for lane in now.lanes)]
    return crowd


def one_move(crowd: Crowd, dice: random.Random) -> str:
    """Looks, then moves in a second transaction, as people do. Tells how it ended."""
    cards = crowd.cards()
    card, target = dice.choice(cards), dice.choice(crowd.columns)
    others = [other.id for other in cards if other.column_id == target and other.id != card.id]
    place = {"after_id": dice.choice(others)} if others and dice.random() < 0.8 else {}
    lane = {"lane_id": dice.choice(crowd.lanes)} if dice.random() < 0.5 else {}
    try:
        with crowd.transaction() as db:
            move = CardMove(column_id=target, version=card.version, **place, **lane)
            tasks.move_card(db, SYSTEM, card.id, move)
            held = sa.select(sa.func.count()).where(CardRow.column_id == crowd.columns[1])
            assert (db.scalar(held) or 0) <= LIMIT
            crowd.moves.append((card.id, move))
    except Conflict as refused:
        return refused.code
    return "moved"


def everybody(crowd: Crowd, threads: int, moves: int) -> Counter[str]:
    """How the moves of all ended; any other error, such as a deadlock, is raised."""

    def work(seed: int) -> Counter[str]:
        dice = random.Random(seed)
        return Counter(one_move(crowd, dice) for _ in range(moves))

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)), Counter())


def replay(crowd: Crowd, start: Layout) -> tuple[Layout, dict[UUID, UUID | None]]:
    """The moves one after the other, in the order in which they held the lock of the board: order and lanes."""
    order = {column: list(cards) for column, cards in start.items()}
    lanes: dict[UUID, UUID | None] = dict.fromkeys((card for cards in start.values() for card in cards), None)
    for card, move in crowd.moves:
        for cards in order.values():
            if card in cards:
                cards.remove(card)
        cards = order[move.column_id]
        cards.insert(cards.index(move.after_id) + 1 if move.after_id else len(cards), card)
        if "lane_id" in move.model_fields_set:
            lanes[card] = move.lane_id
    return order, lanes


def faults(crowd: Crowd, start: Layout) -> list[str]:
    """What is not as it would be had the moves been made one after the other."""
    end, (order, lanes) = crowd.layout(), replay(crowd, start)
    with crowd.transaction() as db:
        twins = sa.select(CardRow.column_id, CardRow.rank).group_by(CardRow.column_id, CardRow.rank)
        doubles = db.execute(twins.having(sa.func.count() > 1)).all()
    found = {
        "a card was lost or doubled": Counter(chain(*end.values())) != Counter(chain(*start.values())),
        "two cards at one place": bool(doubles),
        "a limit is passed": len(end[crowd.columns[1]]) > LIMIT,
        "another order than one after the other": end != order,
        "other lanes than one after the other": crowd.lanes_of_cards() != lanes,
    }
    return [fault for fault, is_so in found.items() if is_so]
