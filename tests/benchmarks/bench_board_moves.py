"""How many cards a second twenty people move on one board, beside twenty who only run a bare UPDATE of one row each.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_board_moves

Each move is that of a person: it is checked, limited, logged, told to whoever listens, and can be taken back.
Without TEST_DB_URL an embedded server is started. Prints moves/s, updates/s, their ratio and the statements of a move.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from uuid import UUID

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core import db as database
from app.core.actor import SYSTEM, Actor, Role
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
            new = PersonCreate(
                email="ann@example.com", name="Ann", password=SecretStr("three unrelated words"), role=Role.member
            )
            ann = accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)
            board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Bench")).id)
            cards = [tasks.create_card(db, ann, board.id, CardCreate(title=f"{n}")).id for n in range(CARDS)]
        columns = [column.id for column in board.columns]

        def move(_: int, dice: random.Random) -> bool:
            return move_one(transaction, ann, dice.choice(cards), dice.choice(columns))

        def update(seed: int, _: random.Random) -> bool:
            with transaction() as db:
                change = sa.update(CardRow).where(CardRow.id == cards[seed]).values(version=CardRow.version + 1)
                db.execute(change, execution_options={"synchronize_session": False})
            return True

        sent = statements_of(engine, lambda: move_one(transaction, ann, cards[0], columns[1])) - 1  # one asks first
        moves, updates = run(move), run(update)
        engine.dispose()
    print(f"{THREADS} threads, {CARDS} cards, {SECONDS:.0f} s each")
    print(f"moves on one board  {moves:8.0f} /s")
    print(f"bare updates        {updates:8.0f} /s")
    print(f"a move costs {updates / moves:.1f} bare updates and sends {sent} statements")


def statements_of(engine: sa.Engine, act: Callable[[], object]) -> int:
    seen: list[object] = []

    def count(*args: object) -> None:
        seen.append(args)

    sa.event.listen(engine, "before_cursor_execute", count)
    act()
    sa.event.remove(engine, "before_cursor_execute", count)
    return len(seen)


def move_one(
    transaction: Callable[[], AbstractContextManager[Session]], person: Actor, card_id: UUID, column_id: UUID
) -> bool:
    """A refused move counts as none."""
    with transaction() as db:
        version = db.scalar(sa.select(CardRow.version).where(CardRow.id == card_id)) or 0
    try:
        with transaction() as db:
            tasks.move_card(db, person, card_id, CardMove(column_id=column_id, version=version))
    except Conflict:
        return False
    return True


if __name__ == "__main__":
    main()
