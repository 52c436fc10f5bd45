"""What is the Parquet beside the tables good for? `python -m tests.benchmarks.bench_queries [ROWS]`

Ten questions as reports ask them, over 10,000,000 orders and 200,000 customers: as the product answers them (rights,
a child process of its own, DuckDB on the live Parquet files), and the same questions as SQL for PostgreSQL over the
product's own tables of the same rows, in the same run. The answers must be equal. Best of two; prints the ratios.
"""

import os
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

ROWS_PER_FILE = 65_000
CUSTOMERS = 200_000
ROUNDS = 2
ORDERS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "unique": True},
    {"name": "customer", "type": "integer", "references": {"dataset": "customers", "column": "id"}},
    {"name": "country"},
    {"name": "channel"},
    {"name": "status"},
    {"name": "amount", "type": "decimal", "decimals": 2},
    {"name": "items", "type": "integer"},
    {"name": "day", "type": "date"},
    {"name": "email"},
]
BUYERS: list[dict[str, Any]] = [{"name": "id", "type": "integer", "unique": True}, {"name": "segment"}]
MAKE_ORDERS = f"""
    SELECT 1::BIGINT AS _batch, i + 1 AS _row, i AS id, (hash(i) % {CUSTOMERS})::BIGINT AS customer,
        'C' || lpad((hash(i + 1) % 40)::VARCHAR, 2, '0') AS country,
        ['web', 'shop', 'phone', 'partner'][1 + (hash(i + 2) % 4)::INT] AS channel,
        ['paid', 'open', 'sent', 'returned', 'lost'][1 + (hash(i + 3) % 5)::INT] AS status,
        ((hash(i + 4) % 1000000) / 100)::DECIMAL(18, 2) AS amount, (1 + hash(i + 5) % 9)::BIGINT AS items,
        DATE '2024-01-01' + (i * 730 // {{rows}})::INT AS day,
        'person' || (hash(i) % {CUSTOMERS}) || '@' || ['example.com', 'mail.test', 'call.test'][1 + (hash(i) % 3)::INT]
            AS email
    FROM range({{rows}}) AS t(i)
"""
MAKE_BUYERS = f"""
    SELECT 2::BIGINT AS _batch, i + 1 AS _row, i AS id, ['small', 'middle', 'large'][1 + (hash(i) % 3)::INT] AS segment
    FROM range({CUSTOMERS}) AS t(i)
"""
SUM = {"function": "sum", "column": "amount", "as": "amount"}
YEAR = {"column": "day", "op": "in_period", "value": {"since": "2025-01-01", "until": "2026-01-01"}}
MONTH = {"column": "day", "op": "in_period", "value": {"since": "2025-06-01", "until": "2025-07-01"}}
QUESTIONS: dict[str, dict[str, Any]] = {
    "sum by country and channel": {"group_by": [{"column": "country"}, {"column": "channel"}], "measures": [SUM, {}]},
    "sum by month": {"group_by": [{"column": "day", "bucket": "month", "as": "month"}], "measures": [SUM]},
    "one month by country": {"filters": [MONTH], "group_by": [{"column": "country"}], "measures": [SUM]},
    "one figure of one year": {"filters": [YEAR], "measures": [SUM, {"function": "avg", "column": "items"}]},
    "top 10 of 200,000 customers": {
        "group_by": [{"column": "customer"}],
        "measures": [SUM],
        "order_by": [{"column": "amount", "descending": True}],
        "limit": 10,
    },
    "different customers by channel": {
        "group_by": [{"column": "channel"}],
        "measures": [{"function": "count_distinct", "column": "customer", "as": "customers"}],
    },
    "median by country": {
        "group_by": [{"column": "country"}],
        "measures": [{"function": "median", "column": "amount", "as": "median"}],
    },
    "share by status, only large": {
        "group_by": [{"column": "status"}],
        "measures": [{"function": "share", "column": "amount", "as": "share"}, SUM],
        "having": [{"column": "share", "op": "gt", "value": 0.1}],
    },
    "sum by segment of the customer": {
        "joins": [{"dataset": "customers", "on": [{"left": "customer", "right": "id"}], "kind": "inner"}],
        "group_by": [{"column": "customers.segment", "as": "segment"}],
        "measures": [SUM],
    },
    "e-mail contains a word": {"filters": [{"column": "email", "op": "contains", "value": "call"}], "measures": [{}]},
}


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        secrets = {"SMTP_ENV_KEY": Fernet.generate_key().decode(), "SECRET_KEY": "x" * 40}
        os.environ.update(DATA_DIR=folder, **secrets)
        from app.core import children, db
        from tests.benchmarks.database import new_database

        with new_database() as url:
            db.configure(url)
            started = time.monotonic()
            fill("customers", BUYERS, MAKE_BUYERS, Path(folder))
            fill("orders", ORDERS, MAKE_ORDERS.format(rows=rows), Path(folder))
            print(f"{rows:,} orders, {CUSTOMERS:,} customers, made in {time.monotonic() - started:.0f} s")
            children.prepare("app.queries.execute", "app.queries.read_sql")
            with db.transaction() as session:
                compare(session)
            db.engine().dispose()


def fill(name: str, columns: list[dict[str, Any]], select: str, folder: Path) -> None:
    """One published batch: its Parquet files, its table and their rows in the catalogue, without the loader."""
    from app.core import db
    from app.core.actor import SYSTEM
    from app.datasets import service as datasets
    from app.datasets.schemas import DatasetCreate
    from app.datasets.stage import attach, create_staged, staged_table

    maker = duckdb.connect()
    maker.execute(f"CREATE TABLE made AS {select}")
    with db.transaction() as session:
        new = DatasetCreate.model_validate({"name": name, "schema": {"columns": columns}})
        dataset = datasets.create_dataset(session, SYSTEM, new)
        [[batch]] = maker.execute("SELECT any_value(_batch) FROM made").fetchall()
        add_batch(session, dataset.id, batch, name)
        add_files(session, maker, batch, folder)
        raw = db.raw(session)
        create_staged(raw, dataset.id, batch)
        csv = folder / f"{name}.csv"
        maker.execute(f"COPY made TO '{csv}' (HEADER false)")
        copy = psycopg.sql.SQL("copy {} from stdin (format csv)").format(staged_table(dataset.id, batch))
        with csv.open("rb") as source, raw.cursor() as cursor, cursor.copy(copy) as sink:
            while piece := source.read(1 << 22):
                sink.write(piece)
        csv.unlink()
        attach(raw, dataset.id, batch)
        session.execute(sa.text(f'create view "{name}" as select * from data.d_{dataset.id.hex}'))
    maker.close()
    with db.transaction() as session:
        session.execute(sa.text(f"analyze data.d_{dataset.id.hex}"))


def add_batch(session: Session, dataset_id: Any, batch: int, name: str) -> None:
    session.execute(
        sa.text(
            "insert into batches (id, dataset_id, file_name, sha256, size, dialect, status, definition, schema_version,"
            " created_at, published_at) overriding system value values (:batch, :dataset, :name, :name, 0, '{}',"
            " 'published', '{}', 1, now(), now())"
        ),
        {"batch": batch, "dataset": dataset_id, "name": name},
    )


def add_files(session: Session, maker: duckdb.DuckDBPyConnection, batch: int, folder: Path) -> None:
    from app.datasets.tables import DataFileRow

    [[rows]] = maker.execute("SELECT count(*) FROM made").fetchall()
    (folder / "storage" / "bench").mkdir(parents=True, exist_ok=True)
    for block, first in enumerate(range(1, rows + 1, ROWS_PER_FILE)):
        key = f"bench/{batch}-{block}.parquet"
        part = f"SELECT * FROM made WHERE _row BETWEEN {first} AND {first + ROWS_PER_FILE - 1}"
        maker.execute(f"COPY ({part}) TO '{folder}/storage/{key}' (FORMAT parquet, COMPRESSION zstd)")
        count = min(ROWS_PER_FILE, rows - first + 1)
        session.add(DataFileRow(batch_id=batch, block=block, key=key, rows=count, size=0))
    session.flush()


def compare(session: Session) -> None:
    from app.core.actor import SYSTEM
    from app.queries import service as queries
    from app.queries.schemas import QuerySpec

    ratios = []
    for name, facts in QUESTIONS.items():
        spec = QuerySpec.model_validate({"dataset": "orders", **facts})
        ours = best(lambda spec=spec: queries.run(session, SYSTEM, spec).rows)
        theirs = best(lambda spec=spec: in_postgres(session, spec))
        assert_equal(name, ours[1], theirs[1])
        ratios.append(theirs[0] / ours[0])
        print(f"{name:32} {ours[0]:6.2f} s   PostgreSQL {theirs[0]:6.2f} s   {ratios[-1]:5.1f} x   {len(ours[1])} rows")
    ratios.sort()
    middle = (ratios[4] + ratios[5]) / 2
    print(f"Answers equal. PostgreSQL takes {ratios[0]:.1f} to {ratios[-1]:.1f} times as long, median {middle:.1f}")


def best(ask: Any) -> tuple[float, list[list[Any]]]:
    seconds, rows = 1e9, []
    for _ in range(ROUNDS):
        started = time.monotonic()
        rows = ask()
        seconds = min(seconds, time.monotonic() - started)
    return seconds, rows


def in_postgres(session: Session, spec: Any) -> list[list[Any]]:
    from app.core.actor import SYSTEM
    from app.queries import service as queries
    from app.queries.build_sql import build_sql
    from app.queries.translate import translate_built

    sources = {name: queries.source_of(session, SYSTEM, name) for name in spec.datasets}
    asked = translate_built(build_sql(spec, sources[spec.dataset], sources), "postgres")
    found = session.execute(sa.text(asked.sql), asked.values)
    return [list(row) for row in found.fetchmany(spec.limit)]


def assert_equal(name: str, ours: list[list[Any]], theirs: list[list[Any]]) -> None:
    assert len(ours) == len(theirs) > 0, name
    for mine, other in zip(ours, theirs, strict=True):
        for one, two in zip(mine, other, strict=True):
            if isinstance(two, float | Decimal):
                assert abs(Decimal(str(one)) - Decimal(str(two))) <= abs(Decimal(str(two))) * Decimal("1e-9"), (
                    one,
                    two,
                )
            else:
                assert str(one) == str(two), (name, one, two)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
