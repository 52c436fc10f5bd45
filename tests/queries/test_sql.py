"""One SELECT of a person: what it may do, and what is said when it may not or cannot be answered."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from app.core.errors import AppError
from app.core.storage import local_folder
from app.queries.engine import opened
from app.queries.execute import execute_sql, write
from app.queries.moments import Moment, bound_values
from app.queries.questions import SqlParameter
from app.queries.read_sql import tables_in
from app.queries.schemas import QueryResult, Source
from tests.queries.stored import DIAMONDS, ECONOMICS, diamonds, economics, store

TODAY = date(2015, 3, 18)
NOW = Moment(datetime(2015, 3, 18, 12, tzinfo=UTC), TODAY)


@pytest.fixture(scope="module")
def gems() -> Source:
    return store("diamonds", DIAMONDS, diamonds()[:3000], files=3)


@pytest.fixture(scope="module")
def months() -> Source:
    return store("economics", ECONOMICS, economics())


def ask(sql: str, *sources: Source, limit: int = 100, **parameters: object) -> QueryResult:
    given = [SqlParameter.model_validate({"name": name, **value}) for name, value in parameters.items()]  # type: ignore[dict-item]
    values = bound_values(given, TODAY)
    tables_in(sql, set(values))
    return execute_sql(sql, values, limit, {source.dataset: source for source in sources}, NOW)


def test_an_answer_has_typed_columns(gems: Source) -> None:
    answer = ask(
        "WITH fine AS (SELECT * FROM diamonds WHERE cut = $cut) SELECT color,"
        " count(*) AS stones, sum(carat) AS carats, avg(price) AS price FROM fine GROUP BY ALL ORDER BY 1",
        gems,
        cut={"value": "Ideal"},
    )
    assert [column.type for column in answer.columns] == ["text", "integer", "decimal", "number"]
    expected = [carat for cut, color, carat, _ in diamonds()[:3000] if (cut, color) == ("Ideal", "D")]
    assert answer.rows[0][:3] == ["D", len(expected), str(sum(expected))]
    assert (answer.dataset, answer.batches, answer.values) == ("diamonds", [1], ["Ideal"])


def test_periods_and_days_go_by_their_names(months: Source) -> None:
    sql = 'SELECT "month" FROM economics WHERE "month" >= $span_since AND "month" < $span_until'
    assert ask(sql, months, span={"type": "period", "value": "last_full_month"}).rows == [["2015-02-01"]]
    answer = ask(
        'SELECT max("month") AS m FROM economics WHERE "month" < $day',
        months,
        day={"type": "date", "value": "start_of_month"},
    )
    assert answer.rows == [["2015-02-01"]]


def test_an_answer_without_end_is_cut_at_the_limit(gems: Source) -> None:
    answer = ask("SELECT range FROM range(1000000000000), diamonds", gems, limit=3)
    assert (answer.row_count, answer.truncated) == (3, True)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 FROM\n WHERE x", 'Line 2, column 2: syntax error at or near "WHERE".'),
        ("SELECT 'ü', colour FROM diamonds", 'Line 1, column 13: Referenced column "colour" not found'),
        ("SELECT CAST(cut AS INTEGER) AS n FROM diamonds", "Could not convert string"),
        ("SELECT cut, cut FROM diamonds", 'Two columns of the answer are called "cut"'),
        ("SELECT make_timestamptz(1) AS t FROM diamonds", "write CAST(… AS TIMESTAMP)"),
        ("SELECT cut FROM diamonds WHERE price > $most", "Line 1, column 40: There is no parameter $most"),
        ("SELECT sum(cut) AS s FROM diamonds", "Line 1, column 8:"),
        ("SELECT now() AS n FROM diamonds", "may not call now. Use current_date, or a parameter"),
        ("", "Ask exactly one SELECT"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(gems: Source, sql: str, said: str) -> None:
    with pytest.raises(AppError) as raised:
        ask(sql, gems)
    assert said in raised.value.message


HOSTILE = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_parquet('{folder}/secret.parquet')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM read_blob('http://127.0.0.1:1/x')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('diamonds')",
    "SELECT * FROM json_execute_serialized_sql('{{}}')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM system.main.duckdb_settings",
    "SELECT current_setting('allowed_paths')",
    "SELECT getvariable('x')",
    "SELECT getenv('HOME')",
    "SELECT write_log('x')",
    "SELECT main.getvariable('x')",
    "SELECT (SELECT max(content) FROM read_text('/etc/passwd')) FROM diamonds",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "SELECT 1; DROP VIEW diamonds",
    "DROP VIEW diamonds",
    "CREATE TABLE t AS SELECT 1",
    "INSERT INTO diamonds VALUES (1)",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY diamonds FROM '/etc/passwd'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/x.db' AS x",
    "ATTACH ':memory:' AS x",
    "INSTALL httpfs",
    "LOAD '{folder}/x.duckdb_extension'",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "DESCRIBE diamonds",
    "SHOW TABLES",
    "SELECT * FROM (SUMMARIZE diamonds)",
    "EXPLAIN ANALYZE SELECT 1",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_hostile_question_is_refused_before_it_runs(gems: Source, sql: str) -> None:
    folder = local_folder()
    with pytest.raises(AppError) as raised:
        tables_in(sql.format(folder=folder, file=f"{folder}/{gems.files[0]}"), set())
    assert raised.value.status == 422
    assert "Ask exactly one SELECT" in raised.value.message or "Line 1, column" in raised.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{folder}/secret.parquet'",
        "SELECT * FROM duckdb_logs",
        "SELECT * FROM pragma_database_list",
        "WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM duckdb_views",
        "SELECT (WITH duckdb_views AS (SELECT 1) SELECT count(*) FROM duckdb_views), * FROM duckdb_views",
        "WITH RECURSIVE a AS (SELECT * FROM secret UNION ALL SELECT * FROM a) SELECT * FROM a",
        "SELECT * FROM diamonds WHERE cut IN (SELECT cut FROM secret)",
        "FROM secret",
    ],
)
def test_every_table_that_is_no_name_of_with_is_asked_for_as_a_dataset(sql: str) -> None:
    """So that whoever may not see it, or when it is none, hears that there is no such dataset."""
    [name] = {"diamonds"} ^ {"diamonds", *tables_in(sql.format(folder="/tmp"), set())}
    assert name in {"/tmp/secret.parquet", "duckdb_logs", "pragma_database_list", "duckdb_views", "secret"}


def test_behind_the_reader_the_engine_itself_is_shut(gems: Source, tmp_path: Path) -> None:
    """Were the reader wrong, nothing but the files of this question could be read, and nothing written or set."""
    folder = local_folder()
    assert folder
    (folder / "other.txt").write_text("secret")
    with opened({"diamonds": gems}) as connection:
        for sql in (
            f"SELECT * FROM read_text('{folder}/other.txt')",
            f"SELECT * FROM read_text('{folder}/{gems.files[0]}/../../../other.txt')",
            f"SELECT * FROM glob('{folder}/*')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"COPY (SELECT 1) TO '{folder}/{gems.files[0]}'",
            f"ATTACH '{tmp_path}/x.db' AS x",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM 'http://127.0.0.1:1/x.parquet'",
            "LOAD httpfs",
            "SET memory_limit = '64GB'",
            "SET allowed_paths = ['/etc/passwd']",
            "SELECT getenv('HOME')",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql).fetchall()
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_older_files_do_not_have_is_empty_there(months: Source) -> None:
    later = store("economics", [*ECONOMICS, ("note", "text")], [(*economics()[0], "first")])
    both = later.model_copy(update={"files": [*months.files[:1], *later.files]})
    answer = ask("SELECT count(*) AS n, count(note) AS notes FROM economics", both)
    assert answer.rows == [[len(economics()) + 1, 1]]
    declared = months.model_copy(update={"columns": [*ECONOMICS, ("new", "decimal")]})
    assert ask("SELECT count(*) AS n, max(new) AS new FROM economics", declared).rows == [[len(economics()), None]]


def test_a_whole_answer_is_written_as_parquet(gems: Source) -> None:
    import pyarrow.parquet as pq

    from app.core.storage import filesystem, read

    written = write("SELECT cut, price FROM diamonds", {}, {"diamonds": gems}, "derived/a.parquet", 10_000, NOW)
    table = pq.read_table("derived/a.parquet", filesystem=filesystem())
    assert (written.rows, table.num_rows, table.column_names) == (3000, 3000, ["cut", "price"])
    assert written.size == len(read("derived/a.parquet"))


def test_an_answer_that_is_too_long_leaves_no_file(gems: Source) -> None:
    folder = local_folder()
    assert folder
    with pytest.raises(AppError, match="more than the 100 rows"):
        write("SELECT cut FROM diamonds", {}, {"diamonds": gems}, "derived/b.parquet", 100, NOW)
    assert not list((folder / "derived").glob("b.*"))
