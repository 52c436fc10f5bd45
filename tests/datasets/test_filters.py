"""A filter keeps the same rows whether PostgreSQL or Polars reads it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from app.core.db import psycopg_dsn
from app.datasets.compile_rule import compile_rule
from app.datasets.compile_sql import compile_sql
from app.datasets.expressions import ExpressionError, condition

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
KINDS = {
    "n": "integer",
    "m": "integer",
    "price": "decimal",
    "tax": "decimal",
    "share": "number",
    "ok": "boolean",
    "day": "date",
    "at": "timestamp",
    "word": "text",
    "other words": "text",
}
SCALES = {"price": 2, "tax": 4}
TYPES = {
    "n": (pl.Int64(), "bigint"),
    "m": (pl.Int64(), "bigint"),
    "price": (pl.Decimal(18, 2), "numeric(18, 2)"),
    "tax": (pl.Decimal(18, 4), "numeric(18, 4)"),
    "share": (pl.Float64(), "double precision"),
    "ok": (pl.Boolean(), "boolean"),
    "day": (pl.Date(), "date"),
    "at": (pl.Datetime("us"), "timestamp"),
    "word": (pl.String(), "text"),
    "other words": (pl.String(), "text"),
}
WORDS = st.text(st.sampled_from("ab AZzé%_'\"\\\t\u00a0ж😀"), max_size=4)
DAYS = st.dates(date(1995, 1, 1), date(2035, 12, 31)) | st.sampled_from([NOW.date(), date(2024, 2, 29)])
MOMENTS = st.builds(datetime.combine, DAYS, st.times() | st.just(time.min))
WHOLE = st.integers(-9, 9) | st.integers(-(10**6), 10**6)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": WHOLE,
    "decimal": st.integers(-(10**6), 10**6).map(lambda n: Decimal(n).scaleb(-2)) | st.integers(-5, 5).map(Decimal),
    "number": st.integers(-40, 40).map(lambda n: n / 8) | st.floats(-1e6, 1e6, allow_subnormal=False),
    "boolean": st.booleans(),
    "date": DAYS,
    "timestamp": MOMENTS,
    "text": WORDS,
}
ROW = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in KINDS.items()})
COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def written(name: str) -> str:
    return f'col("{name}")' if " " in name else name


def columns(*kinds: str) -> st.SearchStrategy[str]:
    return st.sampled_from([written(name) for name, kind in KINDS.items() if kind in kinds])


NUMBERS = st.recursive(
    columns("integer", "decimal", "number")
    | st.integers(0, 30).map(str)
    | st.sampled_from(["0.5", "2.25", "100.00", "1e2"])
    | st.builds("len({})".format, columns("text"))
    | st.builds("{}({})".format, st.sampled_from(["year", "month", "day", "weekday"]), columns("date", "timestamp")),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner)
        | st.builds("-{}".format, inner)
        | st.builds("abs({})".format, inner)
    ),
    max_leaves=3,
)
TEXTS = (
    columns("text")
    | WORDS.map(repr)
    | st.builds("{}({})".format, st.sampled_from(["trim", "lower", "upper"]), columns("text"))
)
DATES = columns("date") | st.just("today()") | st.builds("date({})".format, columns("date", "timestamp"))
TIMES = columns("timestamp") | st.just("now()") | DATES
CONDITIONS = st.recursive(
    st.builds("{} {} {}".format, NUMBERS, COMPARISONS, NUMBERS)
    | st.builds("{} {} {}".format, TEXTS, COMPARISONS, TEXTS)
    | st.builds("{} {} {}".format, TIMES, COMPARISONS, TIMES)
    | st.builds("{} {} {}".format, columns("date"), COMPARISONS, DAYS.map(lambda day: repr(day.isoformat())))
    | st.builds("{}({}, {})".format, st.sampled_from(["contains", "starts_with", "ends_with"]), TEXTS, TEXTS)
    | st.builds("{} {} [{}, {}]".format, TEXTS, st.sampled_from(["in", "not in"]), TEXTS, TEXTS)
    | st.builds("is_missing({})".format, columns(*set(KINDS.values())))
    | columns("boolean"),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(psycopg_dsn(server_url)) as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, (_, kind) in TYPES.items())
        connection.execute(f"create temp table filtered (id bigint, {columns})")
        yield connection


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=1, max_size=12), expression=CONDITIONS)
def test_postgresql_and_polars_keep_the_same_rows(
    connection: psycopg.Connection[Any], rows: list[dict[str, Any]], expression: str
) -> None:
    node = condition(expression, KINDS, SCALES)
    frame = pl.DataFrame(rows, schema={name: kind for name, (kind, _) in TYPES.items()}).with_row_index("id")
    kept = frame.filter(compile_rule(node, NOW))["id"].to_list()
    connection.execute("delete from filtered")
    with connection.cursor() as cursor:
        names = sql.SQL(", ").join(map(sql.Identifier, ["id", *TYPES]))
        values = sql.SQL(", ").join([sql.Placeholder()] * (len(TYPES) + 1))
        insert = sql.SQL("insert into filtered ({}) values ({})").format(names, values)
        cursor.executemany(insert, frame.rows())
        query = sql.SQL("select id from filtered where {} order by id").format(compile_sql(node, NOW))
        assert [row[0] for row in cursor.execute(query).fetchall()] == kept


def test_days_count_from_monday_and_remainders_have_the_sign_of_the_divisor(
    connection: psycopg.Connection[Any],
) -> None:
    for expression in (
        "weekday(today()) == 1",
        "(0 - 7) % 3 == 2",
        "7 % (0 - 3) == 0 - 2",
        "(0.0 - 7.5) % 2 == 0.5",
        "0.1 + 0.2 == 0.3",
        '"ab" < "b" and "B" < "a"',
        "9223372036854775807 + 1 > 9223372036854775807",
    ):
        condition_sql = compile_sql(condition(expression, KINDS, SCALES), NOW)
        assert connection.execute(sql.SQL("select {}").format(condition_sql)).fetchone() == (True,), expression


def test_the_place_of_a_fault_lies_within_what_was_written() -> None:
    for text in (
        "t in ['" + "\ufffd" * 9 + "] or t",
        "t == 'é",
        "",
        "(",
        "t == 't' or (\rnot\r\n wrong)",
        "t == 't' or (\fwrong)",
        "t == '😀😀😀😀",
    ):
        with pytest.raises(ExpressionError) as refused:
            condition(text, {"t": "text"})
        assert 1 <= refused.value.at <= len(text) + 1
