"""Questions go to the database itself: read only, for those who may change the source, and nobody sees the password."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import AppError
from app.queries import service as queries
from app.queries.engines import ConnectionNotFound
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import QueryResult
from app.sources import service as sources
from tests.sources.conftest import dataset, person, source
from tests.sources.environment import environment
from tests.sources.postgres_server import PASSWORD, Server, second_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with second_server() as running, environment(OUTGOING_ALLOW="127.0.0.1,::1"):
        running.run(
            "create table sales (id int, shop text, amount numeric(12,2), sold timestamptz, fine boolean)",
            "insert into sales select n, 'shop ' || n % 3, n * 1.10, '2026-01-01 00:00+00'::timestamptz"
            " + n * interval '1 day', n % 2 = 0 from generate_series(1, 300) as n",
        )
        yield running


def connected(server: Server, owner: Actor = SYSTEM) -> None:
    dataset(owner)
    given = {"url": server.url(), "password": PASSWORD, "query": "select 1 as city", "ca_pem": server.ca_pem}
    source("sql", given | {"seconds": 5}, owner, name="their shop")


def asked(question: QuerySpec | SqlQuery, actor: Actor = SYSTEM) -> QueryResult:
    with transaction() as db:
        return queries.run(db, actor, question)


def test_a_question_in_parts_is_answered_there(database: str, server: Server) -> None:
    connected(server)
    facts: dict[str, Any] = {
        "connection": "their shop",
        "dataset": "sales",
        "group_by": [{"column": "shop"}],
        "measures": [{"function": "sum", "column": "amount", "as": "total"}],
        "filters": [{"column": "sold", "op": "ge", "value": "2026-03-01"}],
        "order_by": [{"column": "shop"}],
    }
    found = asked(QuerySpec.model_validate(facts))
    expected = [sum(n * 110 for n in range(59, 301) if n % 3 == shop) / 100 for shop in range(3)]
    assert [row[0] for row in found.rows] == ["shop 0", "shop 1", "shop 2"]
    assert [float(row[1]) for row in found.rows] == pytest.approx(expected)
    assert found.connection == "their shop"


def test_sql_is_translated_limited_and_its_values_are_exact(database: str, server: Server) -> None:
    connected(server)
    sql = "select id, amount, sold, fine from sales where shop = $shop order by id"
    question = {"connection": "their shop", "sql": sql, "parameters": [{"name": "shop", "value": "shop 1"}], "limit": 2}
    found = asked(SqlQuery.model_validate(question))
    assert found.rows == [[1, "1.10", "2026-01-02T00:00:00", False], [4, "4.40", "2026-01-05T00:00:00", True]]
    assert [column.type for column in found.columns] == ["integer", "decimal", "timestamp", "boolean"]
    assert found.truncated


def test_the_day_there_is_that_of_the_question(database: str, server: Server) -> None:
    connected(server)
    sql = "select current_date, max(today() + 1) as next, count(*) as n from sales group by current_date"
    with clock.use(clock.FixedClock(datetime(2200, 1, 31, tzinfo=UTC))):
        found = asked(SqlQuery(connection="their shop", sql=sql))
    assert found.rows == [["2200-01-31", "2200-02-01", 300]]
    assert [(column.name, column.type) for column in found.columns[:2]] == [("current_date", "date"), ("next", "date")]


@pytest.mark.parametrize(
    "sql",
    ["delete from sales", "select * from sales; drop table sales", "select * into x from sales", "select pg_sleep(60)"],
)
def test_nothing_is_changed_and_nothing_lasts(database: str, server: Server, sql: str) -> None:
    connected(server)
    with pytest.raises(AppError) as refused:
        asked(SqlQuery(connection="their shop", sql=sql))
    assert PASSWORD not in refused.value.message


def test_only_who_may_change_the_source_may_ask(database: str, server: Server) -> None:
    owner = person()
    connected(server, owner)
    question = SqlQuery(connection="their shop", sql="select count(*) as n from sales")
    assert asked(question, owner).rows == [[300]]
    for stranger in (person(Role.member), person(Role.viewer)):
        with pytest.raises(AppError):
            asked(question, stranger)
    with pytest.raises(ConnectionNotFound):
        asked(SqlQuery(connection="another", sql="select 1 as one"), owner)


def test_tables_and_columns_are_listed(database: str, server: Server) -> None:
    connected(server)
    with transaction() as db:
        one = sources.sources(db, SYSTEM).items[0]
        found = sources.tables_of(db, SYSTEM, one.id)
    assert [(table.name, table.columns) for table in found.tables] == [
        (
            "sales",
            [
                ("id", "integer"),
                ("shop", "text"),
                ("amount", "decimal"),
                ("sold", "timestamp"),
                ("fine", "boolean"),
            ],
        )
    ]
