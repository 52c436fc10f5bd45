"""How many cards a second twenty people move on one board, beside twenty who only run a bare UPDATE of one row each.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_board

Without TEST_DB_URL an embedded server is started. Prints moves/s, updates/s and their ratio.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.core import db as database
from app.core.actor import SYSTEM
from app.core.errors import Conflict
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardCreate, CardMove
from app.tasks.tables import CardRow
from tests.benchmarks.database import new_database

THREADS, CARDS, SECONDS = 20, 200, 8.0


def run(work: Callable[[int, random.Random], bool]) -> float:
    """Pieces of work a second, by all threads together."""
    end = time.perf_counter() + SECONDS

    def one(seed: int) -> int:
        dice, done = random.Random(seed), 0
        while time.perf_counter() < end:
            done += work(seed, dice)
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, range(THREADS))) / SECONDS


def main() -> None:
    with new_database() as url:
        engine = database.make_engine(url, pool_size=THREADS)
        transaction = sessionmaker(engine, expire_on_commit=False).begin
        with transaction() as db:
            board = tasks.board(db, SYSTEM, tasks.create_board(db, SYSTEM, BoardCreate(name="Bench")).id)
            cards = [tasks.create_card(db, SYSTEM, board.id, CardCreate(title=f"{n}")).id for n in range(CARDS)]
        columns = [column.id for column in board.columns]

        def move(_: int, dice: random.Random) -> bool:
            return move_one(transaction, dice.choice(cards), dice.choice(columns))

        def update(seed: int, _: random.Random) -> bool:
            with transaction() as db:
                change = sa.update(CardRow).where(CardRow.id == cards[seed]).values(version=CardRow.version + 1)
                db.execute(change, execution_options={"synchronize_session": False})
            return True

        moves, updates = run(move), run(update)
        engine.dispose()
    print(f"{THREADS} threads, {CARDS} cards, {SECONDS:.0f} s each")
    print(f"moves on one board  {moves:8.0f} /s")
    print(f"bare updates        {updates:8.0f} /s")
    print(f"a move costs {updates / moves:.1f} bare updates")


def move_one(transaction: Callable[[], AbstractContextManager[Session]], card_id: UUID, column_id: UUID) -> bool:
    """A refused move counts as none."""
    with transaction() as db:
        version = db.scalar(sa.select(CardRow.version).where(CardRow.id == card_id)) or 0
    try:
        with transaction() as db:
            tasks.move_card(db, SYSTEM, card_id, CardMove(column_id=column_id, version=version))
    except Conflict:
        return False
    return True


if __name__ == "__main__":
    main()
