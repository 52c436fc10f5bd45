"""Answers equal an independent computation in plain Python over the same real rows."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from app.core.errors import AppError
from app.queries.build_sql import UnfitColumn, UnfitValue, UnknownColumn
from app.queries.engine import QueryTooSlow, opened, said_plainly, time_limit
from app.queries.execute import execute
from app.queries.periods import Period
from app.queries.schemas import Filter, Group, Measure, Op, Order, QuerySpec, Source
from tests.queries.stored import BATCH, DIAMONDS, ECONOMICS, diamonds, economics, store


@pytest.fixture(scope="module")
def gems() -> Source:
    return store("diamonds", DIAMONDS, diamonds(), files=3)


@pytest.fixture(scope="module")
def months() -> Source:
    return store("economics", ECONOMICS, economics(), files=2)


def test_sums_of_decimals_are_exact_over_several_files(gems: Source) -> None:
    expected: dict[str, list[Decimal]] = defaultdict(list)
    for cut, _color, carat, _price in diamonds():
        expected[cut].append(carat)
    spec = QuerySpec(
        dataset="diamonds",
        group_by=[Group(column="cut")],
        measures=[Measure(function="sum", column="carat"), Measure()],
    )
    rows = execute(spec, gems).rows
    assert [(cut, Decimal(total), count) for cut, total, count in rows] == [
        (cut, sum(carats), len(carats)) for cut, carats in sorted(expected.items())
    ]


def test_every_measure_equals_plain_python(gems: Source) -> None:
    prices = [price for cut, color, _carat, price in diamonds() if cut == "Ideal" and color in ("D", "E")]
    spec = QuerySpec(
        dataset="diamonds",
        filters=[Filter(column="cut", value="Ideal"), Filter(column="color", op=Op.one_of, value=["D", "E"])],
        measures=[Measure(function=name, column="price") for name in ("sum", "avg", "min", "max", "count")]
        + [Measure(function="count_distinct", column="color")],
    )
    [row] = execute(spec, gems).rows
    assert row[0] == sum(prices)
    assert row[1] == pytest.approx(sum(prices) / len(prices), rel=1e-12)
    assert row[2:] == [min(prices), max(prices), len(prices), 2]


def test_date_buckets_equal_plain_python(months: Source) -> None:
    totals: dict[str, int] = defaultdict(int)
    for month, _pce, unemployed, _weeks in economics():
        if date(2000, 1, 1) <= month < date(2010, 1, 1):
            totals[date(month.year, (month.month - 1) // 3 * 3 + 1, 1).isoformat()] += unemployed
    spec = QuerySpec(
        dataset="economics",
        filters=[Filter(column="month", op=Op.in_period, value=Period(since=date(2000, 1, 1), until=date(2010, 1, 1)))],
        group_by=[Group.model_validate({"column": "month", "bucket": "quarter", "as": "quarter"})],
        measures=[Measure.model_validate({"function": "sum", "column": "unemploy", "as": "people"})],
        order_by=[Order(column="quarter", descending=True)],
    )
    answer = execute(spec, months)
    assert answer.rows == [[quarter, total] for quarter, total in sorted(totals.items(), reverse=True)]
    assert [(column.name, column.type) for column in answer.columns] == [("quarter", "date"), ("people", "integer")]


def test_an_answer_names_its_sql_version_and_batches(months: Source) -> None:
    answer = execute(QuerySpec(dataset="economics", filters=[Filter(column="pce", op=Op.gt, value="12000")]), months)
    assert (answer.version, answer.batches) == ("v1", [BATCH])
    assert '"pce" > ?' in answer.sql
    assert answer.values == ["12000"]


def test_more_rows_than_the_limit_are_told(gems: Source) -> None:
    answer = execute(QuerySpec(dataset="diamonds", limit=7), gems)
    assert (answer.row_count, len(answer.rows), answer.truncated) == (7, 7, True)


def test_a_dataset_without_files_answers_with_no_rows() -> None:
    empty = store("empty", DIAMONDS, [])
    assert execute(QuerySpec(dataset="empty", measures=[Measure()]), empty).rows == [[0]]


def test_of_rows_with_one_key_the_newest_batch_counts() -> None:
    columns = [("sku", "text"), ("stock", "integer"), ("_batch", "integer")]
    rows = [("a", 1, 1), ("b", 2, 1), ("a", 9, 2)]
    stored = store("stock", columns, rows, files=3)
    source = stored.model_copy(update={"columns": columns[:2], "key": ["sku"]})
    assert execute(QuerySpec(dataset="stock", order_by=[Order(column="sku")]), source).rows == [["a", 9], ["b", 2]]


def test_zoned_timestamps_are_compared_and_shown_in_utc() -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    source = store("calls", [("at", "timestamp")], [(at,)])
    since_berlin_midnight = Filter(column="at", op=Op.ge, value="2026-03-02T00:00+01:00")
    answer = execute(QuerySpec(dataset="calls", filters=[since_berlin_midnight]), source)
    assert answer.rows == [["2026-03-01T23:30:00"]]


def test_names_and_values_of_people_never_become_sql() -> None:
    nasty = 'x" FROM pg_catalog; DROP TABLE t; --'
    source = store(nasty, [(nasty, "text")], [("it's",), ("other",)])
    answer = execute(QuerySpec(dataset=nasty, columns=[nasty], filters=[Filter(column=nasty, value="it's")]), source)
    assert answer.rows == [["it's"]]


@pytest.mark.parametrize(
    ("spec", "error", "part"),
    [
        (QuerySpec(dataset="d", columns=["colour"]), UnknownColumn, "Columns: cut, color, carat, price"),
        (QuerySpec(dataset="d", measures=[Measure(function="sum", column="cut")]), UnfitColumn, '"cut" is text'),
        (QuerySpec(dataset="d", filters=[Filter(column="price", value="much")]), UnfitValue, "'much' is not a whole"),
        (QuerySpec(dataset="d", order_by=[Order(column="size")]), UnknownColumn, "to sort by"),
        (QuerySpec(dataset="d", filters=[Filter(column="cut", parameter="which")]), UnfitValue, '"which"'),
    ],
)
def test_a_question_that_does_not_fit_says_what_there_is(
    gems: Source, spec: QuerySpec, error: type[AppError], part: str
) -> None:
    with pytest.raises(error) as raised:
        execute(spec, gems)
    assert part in raised.value.message


def test_the_engine_reaches_no_file_and_no_network(gems: Source) -> None:
    with opened({"diamonds": gems}) as connection:
        for sql in ("FROM read_text('/etc/hostname')", "FROM 'http://127.0.0.1:1/x.csv'", "INSTALL httpfs"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)
        with pytest.raises(duckdb.Error):
            connection.execute("SET enable_external_access = true")


def test_an_endless_question_is_stopped() -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range < b.range"
    with opened({}) as connection, pytest.raises(QueryTooSlow), time_limit(connection, 0.2), said_plainly(endless, []):
        connection.execute(endless).fetchall()
