"""What do other ways of loading the same file cost?

    uv run --with 'dlt[postgres]' --with frictionless python -m tests.benchmarks.bench_ingest_peers [ROWS]

In one run, on one embedded server: this product (all checks, evidence, rejects), dlt (Arrow into PostgreSQL, no checks
but types, the file without bad rows), a pydantic model per row with one bulk insert and one commit per 10,000 (what
this product replaces), and frictionless (checks only, stores nothing). The slow ones get fewer rows: their figures per
million are extrapolated, and say so. Printed are seconds by the clock and by CPU, the server's included.
"""

import csv
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import dlt
import psycopg
import pyarrow as pa
from cryptography.fernet import Fernet
from frictionless import Checklist, Resource, Schema, checks
from pyarrow import csv as arrow_csv
from pydantic import BaseModel, Field, ValidationError, model_validator

from tests.benchmarks.bench_ingest import BAD_SHARE, BARE_TYPES, cpu_seconds, product_load, warm_up
from tests.benchmarks.large_orders import write_large
from tests.generators import COUNTRIES, ORDER_COLUMNS

PYDANTIC_SHARE, FRICTIONLESS_SHARE = 0.1, 0.02
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$")
AT_ONCE = 10_000
NAMES = [column["name"] for column in ORDER_COLUMNS]
Money = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=2)]


class Order(BaseModel):
    """The rules of the file as one would write them for single rows."""

    order_id: int
    reference: str = Field(pattern=r"^TXN-\d{6,10}$")
    email: str | None = Field(pattern=EMAIL.pattern)
    amount: Money
    quantity: int = Field(ge=1, le=1000)
    unit_price: Money
    currency: Literal["USD", "EUR", "GBP", "AUD"]
    country: str
    created_at: datetime
    ship_date: date | None
    is_priority: bool
    note: str | None = Field(max_length=200)

    @model_validator(mode="after")
    def fits_together(self) -> "Order":
        if self.country not in COUNTRIES or (self.ship_date and self.ship_date < self.created_at.date()):
            raise ValueError("country or dates")
        if abs(self.amount - self.quantity * self.unit_price) > Decimal("0.01"):
            raise ValueError("amount")
        return self


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        keys = {"SMTP_ENV_KEY": Fernet.generate_key().decode(), "SECRET_KEY": "x" * 40}
        os.environ.update(DATA_DIR=folder, MAX_UPLOAD_MB="4096", DLT_DATA_DIR=folder, **keys)
        from app.core import db, migrations
        from app.core.postgres import EmbeddedPostgres

        server = EmbeddedPostgres(Path(folder) / "pg")
        try:
            migrations.upgrade(server.start())
            db.configure(server.url)
            run(server.url, Path(folder), rows)
        finally:
            db.engine().dispose()
            server.release()


def run(url: str, folder: Path, rows: int) -> None:
    warm_up(folder)
    ours = measured("this product", rows, rows, lambda: product_load(file_of(folder, rows), "orders"))
    some = int(rows * PYDANTIC_SHARE)
    few = int(rows * FRICTIONLESS_SHARE)
    file_of(folder, rows, 0), file_of(folder, some), file_of(folder, few)
    peers = [
        measured("dlt, Arrow", rows, rows, lambda: with_dlt(url, file_of(folder, rows, 0), folder)),
        measured("pydantic and bulk insert", some, rows, lambda: with_pydantic(url, file_of(folder, some))),
        measured("frictionless, checks only", few, rows, lambda: with_frictionless(file_of(folder, few))),
    ]
    for name, seconds, cpu in peers:
        print(f"{name}: {seconds / ours[1]:.1f} x the time and {cpu / ours[2]:.1f} x the CPU of this product")


def file_of(folder: Path, rows: int, bad_share: float = BAD_SHARE) -> str:
    path = folder / f"{rows}-{bad_share}.csv"
    if not path.exists():
        write_large(path, rows, bad_share)
    return str(path)


def measured(name: str, rows: int, whole: int, work: Callable[[], object]) -> tuple[str, float, float]:
    cpu, begin = cpu_seconds(), time.perf_counter()
    work()
    million = 1_000_000 / rows
    seconds, cpu = (time.perf_counter() - begin) * million, (cpu_seconds() - cpu) * million
    words = "" if rows == whole else f", extrapolated from {rows:,} rows"
    print(f"{name}: {seconds:.1f} s, CPU {cpu:.1f} s per 1,000,000 rows{words}", flush=True)
    return name, seconds, cpu


def with_dlt(url: str, path: str, folder: Path) -> None:
    from app.core.db import psycopg_dsn

    dsn = psycopg_dsn(url).replace("postgres@/", "postgres:unused@localhost/", 1)  # it insists on both
    pipeline = dlt.pipeline("peers", str(folder), destination=dlt.destinations.postgres(dsn), dataset_name="peer")
    pipeline.run(batches(path), table_name="orders", loader_file_format="csv")


def batches(path: str) -> Iterator[pa.Table]:
    with arrow_csv.open_csv(path) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def with_pydantic(url: str, path: str) -> None:
    from app.core.db import psycopg_dsn

    columns = ", ".join(f"{one['name']} {BARE_TYPES.get(one.get('type', ''), 'text')}" for one in ORDER_COLUMNS)
    insert = f"insert into peer_orders values ({', '.join(['%s'] * len(NAMES))})"
    with psycopg.connect(psycopg_dsn(url)) as connection, Path(path).open(newline="", encoding="utf-8") as file:
        connection.execute(f"create table peer_orders ({columns})")
        connection.execute("create table peer_errors (line bigint, error text)")
        good: list[tuple[object, ...]] = []
        for line, record in enumerate(csv.DictReader(file), start=2):
            try:
                order = Order.model_validate({name: value or None for name, value in record.items()})
                good.append(tuple(order.model_dump().values()))
            except ValidationError as error:
                connection.execute("insert into peer_errors values (%s, %s)", (line, error.json()))
            if len(good) == AT_ONCE:
                connection.cursor().executemany(insert, good)
                connection.commit()
                good.clear()
        connection.cursor().executemany(insert, good)


def with_frictionless(path: str) -> None:
    kinds = {"decimal": "number", "timestamp": "datetime", "text": "string"}
    fields: list[dict[str, object]] = []
    for column in ORDER_COLUMNS:
        kind = column.get("type", "text")
        limits: dict[str, object] = {"required": bool(column.get("required"))}
        limits |= {"pattern": column["pattern"]} if "pattern" in column else {}
        limits |= {"enum": column["allowed"]} if "allowed" in column else {}
        limits |= {"minimum": column["min"], "maximum": column["max"]} if "min" in column else {}
        fields.append({"name": column["name"], "type": kinds.get(kind, kind), "constraints": limits})
    resource = Resource(path=Path(path).name, basepath=str(Path(path).parent))
    resource.schema = Schema.from_descriptor({"fields": fields})
    rule = checks.row_constraint(formula="abs(amount - quantity * unit_price) <= 0.01")
    report = resource.validate(Checklist(checks=[rule]), limit_errors=10_000_000)
    assert not report.valid


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
