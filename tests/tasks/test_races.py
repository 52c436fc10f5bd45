"""Many people move cards of one board at the same time."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.db import make_engine
from app.core.errors import Conflict
from app.tasks import service as tasks
from app.tasks.schemas import BoardChange, CardMove
from tests.tasks.crowd import REFUSED, Crowd, everybody, faults, gather, one_move

THREADS, MOVES = 20, 20


@pytest.fixture
def crowd(database: str) -> Iterator[Crowd]:
    engine = make_engine(database, pool_size=THREADS)
    yield gather(engine)
    engine.dispose()


def test_twenty_people_at_once_lose_no_card_and_break_no_limit(crowd: Crowd) -> None:
    start = crowd.layout()
    ends = everybody(crowd, THREADS, MOVES)
    assert ends.total() == THREADS * MOVES
    assert set(ends) <= {"moved", *REFUSED}
    assert ends["moved"] > ends.total() / 4
    assert faults(crowd, start) == []


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


def test_whoever_looks_at_figures_for_long_keeps_nobody_from_moving_cards(crowd: Crowd) -> None:
    with crowd.transaction() as reading:
        tasks.board_metrics(reading, SYSTEM, crowd.board_id)
        assert one_move(crowd, random.Random(1)) == "moved"
    with crowd.transaction() as after:
        held = sa.text("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        assert after.scalar(held) == 0
