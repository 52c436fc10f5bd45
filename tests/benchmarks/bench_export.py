"""What does a download cost? `TEST_DB_URL=… python -m tests.benchmarks.bench_export [ROWS] [xlsxwriter]`

1,000,000 rows x 12 columns, loaded as the product loads them, downloaded in each of the five formats: processor time of
this process, the child and the database server together, and the largest memory of the child (of this process for the
formats that need none). With `xlsxwriter` the same rows go from the same table through xlsxwriter (constant_memory) in
the same run, all of them, which takes minutes. Beyond 1,000,000 rows the loaded ones are repeated in the table.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import xlsxwriter
from cryptography.fernet import Fernet
from psycopg import sql

from tests.benchmarks.database import new_database
from tests.generators import ORDER_COLUMNS, write_orders

LOADED = 1_000_000
FORMATS = ("csv", "ndjson", "json", "parquet", "xlsx")


@dataclass
class Cost:
    wall: float = 0
    cpu: float = 0
    child_cpu: float = 0
    child_mb: float = 0
    size: int = 0


def main(rows: int, *, against: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, new_database() as url:
        os.environ.update(DATA_DIR=folder, MAX_UPLOAD_MB="4096", SMTP_ENV_KEY=Fernet.generate_key().decode())
        os.environ.update(SECRET_KEY="x" * 40)
        from app.core import db

        db.configure(url)
        dataset_id = load(Path(folder), rows)
        list(downloaded("csv"))
        costs = {form: measured(form, url) for form in FORMATS}
        print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        if against:
            peer = with_xlsxwriter(url, dataset_id, Path(folder) / "peer.xlsx")
            print(f"xlsx against xlsxwriter: 1/{peer / costs['xlsx'].cpu:.1f} of its processor time")
        db.engine().dispose()


def load(folder: Path, rows: int) -> Any:
    from app.core import db
    from app.core.actor import SYSTEM
    from app.datasets import service as datasets
    from app.datasets.jobs import HANDLERS
    from app.datasets.schemas import DatasetCreate, DatasetSchema
    from app.datasets.stage import table_of
    from app.jobs.work_off import run_inline

    write_orders(str(folder / "orders.csv"), min(rows, LOADED), bad_share=0)
    with (folder / "orders.csv").open("rb") as file:
        upload = datasets.store_upload(SYSTEM, "orders.csv", iter(lambda: file.read(1 << 20), b""))
    definition = DatasetSchema.model_validate({"columns": ORDER_COLUMNS})
    with db.transaction() as session:
        dataset = datasets.create_dataset(session, SYSTEM, DatasetCreate(name="orders", definition=definition))
        batch = datasets.receive_file(session, SYSTEM, "orders", upload)
    assert batch.run_id
    run_inline(batch.run_id, HANDLERS)
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in definition.columns)
    for part in range(1, rows // LOADED):
        with db.transaction() as session:
            copy = sql.SQL("insert into {0} select _batch, _row + {1}, {2} from {0} where _row <= {3}")
            db.raw(session).execute("set local statement_timeout = 0")
            db.raw(session).execute(
                copy.format(table_of(dataset.id), sql.Literal(part * LOADED), names, sql.Literal(LOADED))
            )
    with db.transaction() as session:
        db.raw(session).execute(sql.SQL("analyze {}").format(table_of(dataset.id)))
    return dataset.id


def downloaded(form: str) -> Iterator[bytes]:
    from app.core import db
    from app.core.actor import SYSTEM
    from app.datasets import service as datasets

    with db.transaction() as session:
        found = datasets.export_rows(session, SYSTEM, "orders", form)
    return found.parts()


def measured(form: str, url: str) -> Cost:
    from app.core import children

    cost, before, start, seen = Cost(), cpu_seconds(url), time.perf_counter(), 0.0
    for part in downloaded(form):
        cost.size += len(part)
        if children._living and (seen == 0 or time.perf_counter() - seen > 0.02):
            [child] = children._living
            process, seen = psutil.Process(child.pid), time.perf_counter()
            with process.oneshot():
                cost.child_cpu = sum(process.cpu_times()[:2])
                cost.child_mb = max(cost.child_mb, process.memory_info().rss / 2**20)
    cost.wall = time.perf_counter() - start
    cost.cpu = cpu_seconds(url) - before + cost.child_cpu
    print(
        f"{form:8} {cost.size / 1e6:8.0f} MB  {cost.wall:6.1f} s  CPU {cost.cpu:6.1f} s "
        f"(child {cost.child_cpu:.1f} s, {cost.child_mb:.0f} MB)",
        flush=True,
    )
    return cost


def with_xlsxwriter(url: str, dataset_id: Any, path: Path) -> float:
    """The rows as Python values, each written with the method for its type."""
    from app.core.db import psycopg_dsn
    from app.datasets.stage import table_of

    before, start = cpu_seconds(url), time.perf_counter()
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    formats = {"date": book.add_format({"num_format": "yyyy-mm-dd"})}
    formats["timestamp"] = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    looks = [formats.get(str(column.get("type"))) for column in ORDER_COLUMNS]
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, [column["name"] for column in ORDER_COLUMNS])
    names = sql.SQL(", ").join(sql.Identifier(column["name"]) for column in ORDER_COLUMNS)
    with psycopg.connect(psycopg_dsn(url)) as connection, connection.cursor("peer") as cursor:
        cursor.itersize = 10_000
        cursor.execute(sql.SQL("select {} from {} order by _batch, _row").format(names, table_of(dataset_id)))
        for number, row in enumerate(cursor, 1):
            for place, value in enumerate(row):
                sheet.write(number, place, value, looks[place])
    book.close()
    cost = cpu_seconds(url) - before
    print(f"xlsxwriter {path.stat().st_size / 1e6:6.0f} MB  {time.perf_counter() - start:6.1f} s  CPU {cost:6.1f} s")
    return cost


def cpu_seconds(url: str) -> float:
    """Of this process and of the whole database server."""
    from app.core.db import psycopg_dsn

    with psycopg.connect(psycopg_dsn(url)) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        assert server is not None
        own = sum(psutil.Process().cpu_times()[:2])
        alive = sum(sum(process.cpu_times()[:2]) for process in [server, *server.children()])
    ended = server.cpu_times()
    return float(own + alive + ended.children_user + ended.children_system)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else LOADED, against="xlsxwriter" in sys.argv)
