"""Kills a load at random moments and looks at what is left: `python -m tests.soak.kill_ingest [KILLS] [ROWS] [SEED]`.

Each load runs in a process of its own that dies by SIGKILL after a random part of the time that a whole load takes
(the time of publishing included); then whatever the product does to go on happens: the run of the dead is rescued and
worked off. Every few loads the PostgreSQL server is stopped at once (immediate mode) instead, and started again.
Prints for each load what the database and the storage hold in the end. All must be equal.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.benchmarks.large_orders import write_large
from tests.generators import ORDER_COLUMNS, ORDER_RULES

SERVER_EVERY = 10


def main(kills: int, rows: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        secrets = {"SMTP_ENV_KEY": Fernet.generate_key().decode(), "SECRET_KEY": "x" * 40}
        os.environ.update(DATA_DIR=folder, MAX_UPLOAD_MB="4096", **secrets)
        from app.core import db, migrations
        from app.core.postgres import EmbeddedPostgres

        server = EmbeddedPostgres(Path(folder) / "postgres")
        migrations.upgrade(server.start())
        db.configure(server.url)
        write_large(Path(folder) / "orders.csv", rows)
        try:
            return Soak(server, Path(folder) / "orders.csv", random.Random(seed)).run(kills)
        finally:
            db.engine().dispose()
            server.release()


class Soak:
    def __init__(self, server: Any, path: Path, dice: random.Random) -> None:
        self.server, self.path, self.dice = server, path, dice

    def run(self, kills: int) -> int:
        batch = self.receive("whole")
        seconds = self.load(batch, None)
        whole = self.state(batch)
        print(f"whole load {seconds:.1f} s: {whole}", flush=True)
        ends = []
        for number in range(1, kills + 1):
            batch, after = self.receive(f"killed{number}"), self.dice.uniform(0.05, 1.0) * seconds
            how = "server stopped" if number % SERVER_EVERY == 0 else "killed"
            self.load(batch, after, stop_server=how != "killed")
            before = self.rows_stored(batch)
            self.go_on()
            ends.append(self.state(batch))
            same = "equal" if ends[-1] == whole else "DIFFERENT"
            print(f"{number}. {how} after {after:.2f} s with {before:,} rows: {ends[-1]} {same}", flush=True)
        bad = sum(end != whole for end in ends)
        print(f"{kills} loads, {bad} that ended differently; left over without a row: {self.orphans()}")
        return 1 if bad else 0

    def receive(self, name: str) -> Any:
        from app.core import db
        from app.core.actor import SYSTEM
        from app.datasets import service as datasets
        from app.datasets.schemas import DatasetCreate, DatasetSchema

        definition = DatasetSchema.model_validate({"columns": ORDER_COLUMNS, "rules": ORDER_RULES})
        with self.path.open("rb") as file:
            upload = datasets.store_upload(SYSTEM, "orders.csv", iter(lambda: file.read(1 << 20), b""))
        with db.transaction() as session:
            datasets.create_dataset(session, SYSTEM, DatasetCreate(name=name, definition=definition))
            return datasets.receive_file(session, SYSTEM, name, upload)

    def load(self, batch: Any, after: float | None, *, stop_server: bool = False) -> float:
        """The time begins when the imports are done: a worker's child has them already."""
        command = [sys.executable, "-m", __spec__.name, "--load", self.server.url, str(batch.run_id)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout
            process.stdout.readline()
            begin = time.perf_counter()
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                if stop_server:
                    self.stop_server()
                process.send_signal(signal.SIGKILL)
                process.wait()
            return time.perf_counter() - begin

    def stop_server(self) -> None:
        """As in a power cut: no checkpoint, the log is read again at the next start."""
        from app.core import db

        postmaster = int((self.server.cluster.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        time.sleep(1)
        db.engine().dispose()
        self.server.start()

    def go_on(self) -> None:
        from app.core import db
        from app.datasets.jobs import HANDLERS
        from app.jobs.rescue import rescue_run
        from app.jobs.work_off import work_off

        with db.transaction() as session:
            while rescue_run(session, 0):
                session.flush()
        work_off(HANDLERS)

    def rows_stored(self, batch: Any) -> int:
        from app.core import db

        with db.transaction() as session:
            return int(session.scalar(sa.text("select rows_in from batches where id = :id"), {"id": batch.id}))

    def state(self, batch: Any) -> tuple[Any, ...]:
        """Rows, rejects, sum, checksums of rows, rejects, evidence and files; what else has a table in `data`."""
        from app.core import db, storage

        table = f"data.d_{batch.dataset_id.hex}"
        with db.transaction() as session:

            def ask(query: str) -> tuple[Any, ...]:
                return tuple(session.execute(sa.text(query), {"id": batch.id}).one())

            session.execute(sa.text("set local statement_timeout = '10min'"))
            counts = ask("select status, rows_in, rows_valid, rows_rejected, failures from batches where id = :id")
            rows = ask(
                f"select count(*), sum(amount)::text, sum(hashtextextended(t::text, 0))::text from (select _row, "
                f"{', '.join(column['name'] for column in ORDER_COLUMNS)} from {table}) as t"
            )
            rejects = ask(
                "select count(*), sum(hashtextextended(row::text || raw || failures::text, 0))::text from rejects"
                " where batch_id = :id"
            )
            raw = ask(
                "select count(*), sum(size), sum(hashtextextended(encode(sha256(content), 'hex'), block))::text"
                " from raw_blocks where batch_id = :id"
            )
            tables = ask(f"select count(*) from pg_tables where schemaname = 'data' and tablename like '{table[5:]}%'")
            files = session.execute(sa.text("select key, rows from data_files where batch_id = :id"), {"id": batch.id})
            named = {str(key): int(count) for key, count in files}
        stored = {key for key, _ in storage.listed(f"datasets/{batch.dataset_id}/{batch.id}")}
        assert stored >= set(named), "a file of the catalogue is missing"
        return *counts, *rows, *rejects, *raw, *tables, sum(named.values()), len(stored - set(named))

    def orphans(self) -> dict[str, int]:
        from app.core import clock, db, storage
        from app.core import sweep as core_sweep
        from app.core.clock import FixedClock
        from app.datasets import sweep

        queries = {
            f"{table} without batch": f"select count(*) from {table} where batch_id not in (select id from batches)"
            for table in ("raw_blocks", "rejects", "data_files")
        }
        with db.transaction() as session:
            found = {name: int(session.scalar(sa.text(query)) or 0) for name, query in queries.items()}
            with clock.use(FixedClock(clock.now() + 2 * core_sweep.KEPT)):
                found["keys that the sweep deletes"] = sweep.sweep_daily(session)
                for mark, _ in list(storage.listed(core_sweep.MARKS)):
                    storage.delete(mark)
                found["keys after it"] = sweep.sweep_daily(session)
        return found


def load_one(url: str, run_id: str) -> None:
    from app.core import db
    from app.datasets import ingest
    from app.datasets.jobs import HANDLERS
    from app.jobs.work_off import run_inline

    db.configure(url)
    print("ready with", ingest.__name__, flush=True)
    run_inline(UUID(run_id), HANDLERS)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load_one(*sys.argv[2:])
    else:
        numbers = [int(one) for one in sys.argv[1:]] + [50, 1_000_000, 64][len(sys.argv) - 1 :]
        sys.exit(main(*numbers))
