"""How long a large Trello export takes to become a board, and the board to become a file: part by part.

TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_import [MB]
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.db import configure, transaction
from app.tasks.exchange.read import parse
from app.tasks.exchange.schemas import ImportWishes
from app.tasks.exchange.store import store
from app.tasks.exchange.write_csv import csv_parts
from app.tasks.exchange.write_trello import trello_parts
from tests.benchmarks.database import new_database
from tests.tasks.exchange.trello_files import busy_board


def timed(what: str, work):
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    print(f"{what:<28} {time.perf_counter() - wall:6.1f} s wall {time.process_time() - cpu:6.1f} s CPU", flush=True)
    return found


def large_file(megabytes: int) -> bytes:
    """Cards and actions in the shares of a real board, until it is large enough."""
    cards = megabytes * 180
    file = busy_board(cards=cards, actions=cards * 6)
    for card in file.board["cards"]:
        card["desc"] = "Some words about it. " * 60
    return json.dumps(file.board).encode()


def stored(content: bytes) -> UUID:
    found = timed("read and checked", lambda: parse(content, "x.json", ImportWishes(), datetime.now(UTC)))
    events = sum(len(card.events) for card in found.draft.cards)
    print(f"{len(found.draft.cards):,} cards, {events:,} lines of history")

    def write() -> UUID:
        with transaction() as db:
            return store(db, SYSTEM, found.draft, name="Large", origin="Kept", share_with=[])

    return timed("stored", write)


def main(megabytes: int) -> None:
    with new_database() as url:
        configure(url)
        content = timed("made up", lambda: large_file(megabytes))
        print(f"{len(content) / 1e6:.1f} MB of JSON")
        board_id = stored(content)
        for name, parts in (("written as Trello JSON", trello_parts), ("written as CSV", csv_parts)):
            with transaction() as db:
                size = timed(name, lambda db=db, parts=parts: sum(map(len, parts(db, board_id))))
            print(f"{size / 1e6:.1f} MB")
        print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at most in this process")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
