"""Many people move cards of one board at the same time."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.core.actor import SYSTEM
from app.core.db import make_engine
from app.core.errors import Conflict
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardCreate, CardMove, ColumnEdit
from app.tasks.tables import CardRow

THREADS, MOVES, CARDS, LIMIT = 20, 100, 40, 12
Layout = dict[UUID, list[UUID]]


@dataclass
class Crowd:
    """One board, and a connection for each who works on it, as if they sat in front of several processes."""

    engine: sa.Engine
    board_id: UUID
    columns: list[UUID] = field(default_factory=list)
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


@pytest.fixture
def crowd(database: str) -> Iterator[Crowd]:
    engine = make_engine(database, pool_size=THREADS)
    columns = [ColumnEdit(name="A"), ColumnEdit(name="B", wip_limit=LIMIT), ColumnEdit(name="C", is_done=True)]
    with sessionmaker(engine).begin() as db:
        board = tasks.create_board(db, SYSTEM, BoardCreate(name="Crowd", columns=columns))
        for number in range(CARDS):
            tasks.create_card(db, SYSTEM, board.id, CardCreate(title=f"card {number}"))
    crowd = Crowd(engine, board.id)
    crowd.columns = [column.id for column in crowd.board().columns]
    yield crowd
    engine.dispose()


def one_move(crowd: Crowd, dice: random.Random) -> str:
    """Looks, then moves in a second transaction, as people do. Tells how it ended."""
    cards = crowd.cards()
    card, target = dice.choice(cards), dice.choice(crowd.columns)
    others = [other.id for other in cards if other.column_id == target and other.id != card.id]
    place = {"after_id": dice.choice(others)} if others and dice.random() < 0.8 else {}
    try:
        with crowd.transaction() as db:
            move = CardMove(column_id=target, version=card.version, **place)
            tasks.move_card(db, SYSTEM, card.id, move)
            held = sa.select(sa.func.count()).where(CardRow.column_id == crowd.columns[1])
            assert (db.scalar(held) or 0) <= LIMIT
            crowd.moves.append((card.id, move))
    except Conflict as refused:
        return refused.code
    return "moved"


def replay(crowd: Crowd, start: Layout) -> Layout:
    """The moves one after the other, in the order in which they held the lock of the board."""
    order = {column: list(cards) for column, cards in start.items()}
    for card, move in crowd.moves:
        for cards in order.values():
            if card in cards:
                cards.remove(card)
        cards = order[move.column_id]
        cards.insert(cards.index(move.after_id) + 1 if move.after_id else len(cards), card)
    return order


def test_twenty_people_at_once_lose_no_card_and_break_no_limit(crowd: Crowd) -> None:
    start = crowd.layout()

    def work(seed: int) -> list[str]:
        dice = random.Random(seed)
        return [one_move(crowd, dice) for _ in range(MOVES)]

    with ThreadPoolExecutor(THREADS) as pool:
        ends = [end for thread in pool.map(work, range(THREADS)) for end in thread]
    assert len(ends) == THREADS * MOVES
    assert set(ends) <= {"moved", "StaleCard", "ColumnFull", "NeighboursMoved"}, "anything else, such as a deadlock"
    assert ends.count("moved") > THREADS * MOVES / 4
    end = crowd.layout()
    assert sorted(card for cards in end.values() for card in cards) == sorted(
        card for cards in start.values() for card in cards
    )
    assert end == replay(crowd, start)


def test_two_first_movers_of_one_card_cannot_both_win(crowd: Crowd) -> None:
    board = crowd.board()
    card, target = board.columns[0].cards[0], board.columns[2].id

    def attempt(_: int) -> str:
        try:
            with crowd.transaction() as db:
                tasks.move_card(db, SYSTEM, card.id, CardMove(column_id=target, version=card.version))
        except Conflict as refused:
            return refused.code
        return "moved"

    with ThreadPoolExecutor(8) as pool:
        ends = sorted(pool.map(attempt, range(8)))
    assert ends == ["StaleCard"] * 7 + ["moved"]


def test_a_renamed_board_and_moving_cards_do_not_wait_for_each_other_forever(crowd: Crowd) -> None:
    def rename(number: int) -> None:
        with crowd.transaction() as db:
            tasks.change_board(db, SYSTEM, crowd.board_id, BoardChange(name=f"Crowd {number}"))

    with ThreadPoolExecutor(8) as pool:
        moves = [pool.submit(one_move, crowd, random.Random(n)) for n in range(30)]
        names = [pool.submit(rename, n) for n in range(30)]
        assert all(done.exception() is None for done in moves)
        assert all(done.exception() is None for done in names)
