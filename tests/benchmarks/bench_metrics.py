"""How long the figures of a board take: 10,000 cards with 100,000 lines of history, beside one bare count of the lines.

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_metrics [CARDS]

Without TEST_DB_URL an embedded server is started. Prints seconds, best and worst of five, for several windows.
"""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core import db as database
from app.core.actor import SYSTEM
from app.tasks import service as tasks
from app.tasks.metrics.schemas import MetricsQuery
from app.tasks.schemas import Board, BoardCreate
from tests.benchmarks.database import new_database

LINES_A_CARD, RUNS = 10, 5
# Each card goes its way over a year: nine lines through the columns, back and forth, then half of them are done.
HISTORY = """
insert into card_transitions (board_id, card_id, kind, at, person, to_column_id, to_column, title, priority, category,
    number, assignees, labels, estimate, due_on, completed_at)
select :board, md5(card::text)::uuid, case step when 0 then 'created' else 'moved' end,
    now() - interval '380 days' + card * interval '52 minutes' + step * (1 + card % 7) * interval '11 hours', 'Ann',
    (:columns)[place], 'x', 'Card ' || card, (array['low', 'medium', 'high'])[1 + card % 3], 'in_progress', card,
    jsonb_build_array(jsonb_build_object('id', md5((card % 12)::text)::uuid, 'name', 'Person ' || card % 12)),
    case when card % 4 = 0 then '["red"]'::jsonb else '[]'::jsonb end, card % 8, current_date + card % 30,
    case when place = 4 then now() - interval '380 days' + card * interval '52 minutes'
        + step * (1 + card % 7) * interval '11 hours' end
from generate_series(1, :cards) card, generate_series(0, :lines - 1) step,
    lateral (select case when step = 0 then 1 when step = :lines - 1 and card % 2 = 0 then 4 else 2 + (card + step) % 2
        end as place) p
"""


def main(cards: int) -> None:
    with new_database() as url:
        engine = database.make_engine(url)
        transaction = sessionmaker(engine, expire_on_commit=False).begin
        with transaction() as db:
            board = tasks.board(db, SYSTEM, tasks.create_board(db, SYSTEM, BoardCreate(name="Bench")).id)
            fill(db, board, cards)
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("vacuum analyze"))
        with transaction() as db:
            today = clock.now().date()
            for days in (28, 84, 365):
                query = MetricsQuery(since=today - timedelta(days=days))
                time_of(f"{days} days", partial(tasks.board_metrics, db, SYSTEM, board.id, query))
            red = MetricsQuery(label="red")
            time_of("84 days, one label", lambda: tasks.board_metrics(db, SYSTEM, board.id, red))
            time_of("84 days, all boards", lambda: tasks.task_analytics(db, SYSTEM))
            count = sa.text("select count(distinct at) from card_transitions where board_id = :board")
            time_of("one bare count of the lines", lambda: db.execute(count, {"board": board.id}).all())
        engine.dispose()


def fill(db: Session, board: Board, cards: int) -> None:
    asked = {"board": board.id, "columns": [c.id for c in board.columns], "cards": cards, "lines": LINES_A_CARD}
    statement = sa.text(HISTORY.replace("::", "\\:\\:")).bindparams(sa.bindparam("columns", type_=sa.ARRAY(sa.Uuid)))
    db.execute(statement, asked)


def time_of(what: str, ask: Callable[[], object]) -> None:
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    print(f"{what:<30} {min(taken):6.2f} s  to {max(taken):6.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
