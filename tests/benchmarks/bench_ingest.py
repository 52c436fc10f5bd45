"""What does checking every row cost? `python -m tests.benchmarks.bench_ingest [ROWS]`

1,000,000 rows x 12 columns, 28 rules, 5 % bad: the whole load as the product does it (typed rows, Parquet, raw
evidence, rejects with all reasons, progress, published) against a bare server-side `COPY csv` of the same file into a
table of the same types, in the same run. Prints both wall times, their ratio and the peak memory of this process.
Beyond 2,000,000 rows the files are made by another process, and there is one round.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.benchmarks import large_orders
from tests.generators import ORDER_COLUMNS, ORDER_RULES, write_orders

BAD_SHARE = 0.05
ROUNDS = 2
MANY = 2_000_000
BARE_TYPES = {
    "integer": "bigint",
    "decimal": "numeric(18,2)",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
}


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server reads the file, too
        os.environ.update(
            DATA_DIR=folder, MAX_UPLOAD_MB="4096", SMTP_ENV_KEY=Fernet.generate_key().decode(), SECRET_KEY="x" * 40
        )
        from app.core.postgres import EmbeddedPostgres

        server = EmbeddedPostgres(Path(folder) / "pg")
        try:
            run(server.start(), Path(folder), rows)
        finally:
            server.release()


def run(url: str, folder: Path, rows: int) -> None:
    from app.core import db, migrations

    migrations.upgrade(url)
    db.configure(url)
    good, mixed = str(folder / "good.csv"), str(folder / "mixed.csv")
    write_file(good, rows, 0)
    write_file(mixed, rows, BAD_SHARE)
    print(f"{rows:,} rows, {os.path.getsize(mixed) / 1e6:.0f} MB, 28 rules, {BAD_SHARE:.0%} bad")  # noqa: PTH202
    warm_up(folder)
    ratios = [one_round(url, good, mixed, number) for number in range(1 if rows > MANY else ROUNDS)]
    print(
        f"best ratio {min(ratios):.2f}; peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def write_file(path: str, rows: int, bad_share: float) -> None:
    """The memory that a large file takes to make is not that of the load."""
    if rows > MANY:
        subprocess.run([sys.executable, "-m", large_orders.__name__, path, str(rows), str(bad_share)], check=True)
    else:
        write_orders(path, rows, bad_share)


def one_round(url: str, good: str, mixed: str, number: int) -> float:
    """COPY cannot skip bad rows, so it gets the file without them."""
    bare_work = cpu_seconds()
    bare = bare_copy(url, good, f"bare{number}")
    bare_work = cpu_seconds() - bare_work
    work = cpu_seconds()
    seconds, batch = product_load(mixed, f"orders{number}")
    work = cpu_seconds() - work
    assert batch.status == "published"
    assert batch.rows_in == batch.rows_valid + batch.rows_rejected
    ratio = seconds / bare
    print(
        f"bare COPY {bare:.2f} s, CPU {bare_work:.1f} s; load {seconds:.2f} s, CPU {work:.1f} s "
        f"({batch.rows_in / seconds:,.0f} rows/s, {batch.rows_rejected:,} rejected); ratio {ratio:.2f}"
    )
    return ratio


def cpu_seconds() -> float:
    """Of this process and of the whole database server: what it costs even where other work slows the clock."""
    from app.core import db

    with db.transaction() as session:
        backend = psutil.Process(session.scalar(sa.text("select pg_backend_pid()")))
    server = backend.parent()
    assert server is not None
    ended = server.cpu_times()
    alive = [process.cpu_times() for process in [server, *server.children(), psutil.Process()]]
    return sum(one.user + one.system for one in alive) + ended.children_user + ended.children_system


def bare_copy(url: str, path: str, table: str) -> float:
    from app.core.db import psycopg_dsn

    columns = ", ".join(f"{one['name']} {BARE_TYPES.get(one.get('type', ''), 'text')}" for one in ORDER_COLUMNS)
    with psycopg.connect(psycopg_dsn(url)) as connection:
        connection.execute(f"create table {table} ({columns})")
        connection.commit()
        start = time.perf_counter()
        connection.execute(f"copy {table} from '{path}' (format csv, header)")
        connection.commit()
        return time.perf_counter() - start


def product_load(path: str, name: str) -> tuple[float, Any]:
    """From the moment the job starts to the published batch."""
    from app.core import db
    from app.core.actor import SYSTEM
    from app.datasets import service as datasets
    from app.datasets.jobs import HANDLERS
    from app.datasets.schemas import DatasetCreate, DatasetSchema
    from app.jobs.work_off import run_inline

    definition = DatasetSchema.model_validate({"columns": ORDER_COLUMNS, "rules": ORDER_RULES})
    with Path(path).open("rb") as file:
        upload = datasets.store_upload(SYSTEM, f"{name}.csv", iter(lambda: file.read(1 << 20), b""))
    with db.transaction() as session:
        datasets.create_dataset(session, SYSTEM, DatasetCreate(name=name, definition=definition))
        batch = datasets.receive_file(session, SYSTEM, name, upload)
    assert batch.run_id
    start = time.perf_counter()
    run_inline(batch.run_id, HANDLERS)
    seconds = time.perf_counter() - start
    with db.transaction() as session:
        return seconds, datasets.batch(session, SYSTEM, batch.id)


def warm_up(folder: Path) -> None:
    """Imports are no part of a load: a worker's children have them already."""
    small = str(folder / "small.csv")
    write_orders(small, 100)
    product_load(small, "warm")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
