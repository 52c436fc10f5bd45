"""Twenty people move the cards of one board, five hundred times each, all at once:

    TEST_DB_URL=postgresql://… python -m tests.soak.board_moves

Then the board must look as if the moves had been made one after the other, in the order in which they held the lock.
Leaves with 1 when a card was lost or doubled, two are at one place, a limit was passed, or anything but a refusal in
words was raised, such as a deadlock.
"""

import sys
import time

import sqlalchemy as sa

from app.core.db import make_engine
from tests.benchmarks.database import new_database
from tests.tasks.crowd import REFUSED, everybody, faults, gather

THREADS, MOVES = 20, 500


def main() -> int:
    with new_database() as url:
        engine = make_engine(url, pool_size=THREADS)
        crowd = gather(engine)
        start, began = crowd.layout(), time.perf_counter()
        ends = everybody(crowd, THREADS, MOVES)
        seconds = time.perf_counter() - began
        found = faults(crowd, start)
        found += [f"{count} times {end}" for end, count in ends.items() if end not in {"moved", *REFUSED}]
        with engine.connect() as connection:
            deadlocks = connection.scalar(
                sa.text("select deadlocks from pg_stat_database where datname = current_database()")
            )
        engine.dispose()
    print(
        f"{THREADS} threads × {MOVES} moves in {seconds:.0f} s: " + ", ".join(f"{n} {end}" for end, n in ends.items())
    )
    print(f"{deadlocks} deadlocks; " + ("; ".join(found) or "the same as one after the other, nothing lost or doubled"))
    return 1 if found or deadlocks else 0


if __name__ == "__main__":
    sys.exit(main())
