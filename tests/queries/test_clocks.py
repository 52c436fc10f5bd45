"""What time it is for a question: moments in UTC, the day in the zone of the installation."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.settings import settings
from app.queries import service as queries
from app.queries.execute import execute_sql
from app.queries.moments import Moment, present
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.read_sql import tables_in
from app.queries.schemas import Source
from app.queries.translate import translate_sql
from tests.datasets.conftest import load, make_dataset
from tests.queries.stored import store

LATE = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
TOMORROW = Moment(LATE, date(2026, 2, 1))


@pytest.fixture
def late_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The last evening of January, and in Tokyo the first morning of February."""
    with clock.use(clock.FixedClock(LATE)), monkeypatch.context() as patch:
        patch.setenv("TZ_DEFAULT", "Asia/Tokyo")
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def one() -> Source:
    return store("one", [("born", "timestamp")], [(datetime(2026, 1, 30, tzinfo=UTC),)])


@pytest.mark.usefixtures("late_in_utc")
def test_the_day_is_that_of_the_installation() -> None:
    assert present() == TOMORROW


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("current_date", "2026-02-01"),
        ("today() - 1", "2026-01-31"),
        ("age(born)", "2 days, 0:00:00"),
        ("age(TIMESTAMP '2026-01-31', born)", "1 day, 0:00:00"),
        ("CAST(current_timestamp AS TIMESTAMP)", "2026-01-31T23:30:00"),
        ("CAST(ago(INTERVAL 1 HOUR) AS TIMESTAMP)", "2026-01-31T22:30:00"),
        ("localtimestamp", "2026-01-31T23:30:00"),
        ("localtime", "23:30:00"),
        ("CAST(current_time AS TIME)", "23:30:00"),
    ],
)
def test_clocks_in_sql_are_the_clock_of_the_product(one: Source, asked: str, answer: str) -> None:
    sql = f"SELECT {asked} AS told FROM one"
    tables_in(sql, set())
    assert execute_sql(sql, {}, 1, {"one": one}, TOMORROW).rows == [[answer]]


def test_a_column_that_is_called_like_a_clock_is_a_column(one: Source) -> None:
    sql = "SELECT current_date FROM (SELECT 5 AS current_date FROM one)"
    assert execute_sql(sql, {}, 1, {"one": one}, TOMORROW).rows == [[5]]


@pytest.mark.usefixtures("database", "late_in_utc")
def test_named_days_and_periods_are_those_of_that_day() -> None:
    make_dataset("sales", [{"name": "day", "type": "date"}])
    load("sales", b"day\n2025-12-31\n2026-01-01\n2026-01-31\n2026-02-01\n")
    january = {"column": "day", "op": "in_period", "value": "last_full_month"}
    parts = {"dataset": "sales", "filters": [january], "measures": [{"function": "count"}]}
    today = {"name": "day", "type": "date", "value": "today"}
    sql = "SELECT current_date AS told, count(*) AS n FROM sales WHERE day < current_date AND day < $day"
    with transaction() as db:
        assert queries.run(db, SYSTEM, QuerySpec.model_validate(parts)).rows == [[2]]
        question = SqlQuery.model_validate({"sql": sql, "parameters": [today]})
        assert queries.run(db, SYSTEM, question).rows == [["2026-02-01", 3]]


def test_another_database_is_told_the_day() -> None:
    asked = "SELECT current_date, count(*) AS n FROM t WHERE d < today() AND at < current_timestamp GROUP BY ALL"
    found = translate_sql(asked, {}, "postgres", date(2026, 2, 1))
    assert found.values == {"_today": date(2026, 2, 1)}
    assert found.sql.startswith('SELECT :_today AS "current_date", COUNT(*) AS n FROM t WHERE d < :_today AND at <')
    assert translate_sql("SELECT d FROM t", {}, "postgres", date(2026, 2, 1)).values == {}
