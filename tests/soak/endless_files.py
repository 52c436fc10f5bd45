"""Sends what has no end where one must be: `python -m tests.soak.endless_files [MB]` (300 unless told otherwise).

Single lines of letters, of commas and of quotation marks, and a line of a million names, through the same service and
the same children as in the product. Prints for each the answer, the time, the most memory that the child of the load
took, and what is left in the storage and in the tables: nothing may be.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet

PIECE = 1 << 20


def main(megabytes: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        secrets = {"SMTP_ENV_KEY": Fernet.generate_key().decode(), "SECRET_KEY": "x" * 40}
        os.environ.update(DATA_DIR=folder, MAX_UPLOAD_MB="4096", **secrets)
        from app.core import db, migrations
        from app.core.postgres import EmbeddedPostgres

        server = EmbeddedPostgres(Path(folder) / "postgres")
        migrations.upgrade(server.start())
        db.configure(server.url)
        try:
            left = [send(server.url, name, parts) for name, parts in files(megabytes).items()]
        finally:
            db.engine().dispose()
            server.release()
        return 1 if any(left) else 0


def files(megabytes: int) -> dict[str, Iterator[bytes]]:
    def line(filling: bytes, count: int = megabytes) -> Iterator[bytes]:
        yield b"a,b\n1,2\n3,"
        yield from (filling * PIECE for _ in range(count))
        yield b"\n5,6\n"

    names = b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n1\n"
    return {
        "letters": line(b"x"),
        "commas": line(b","),
        "quotation marks": line(b'"'),
        "a million names": iter([names]),
    }


def send(url: str, name: str, parts: Iterator[bytes]) -> bool:
    """Whether anything was left behind."""
    from app.core import db
    from app.core.actor import SYSTEM
    from app.core.errors import AppError
    from app.datasets import service as datasets
    from app.datasets.schemas import DatasetCreate, DatasetSchema

    definition = DatasetSchema.model_validate({"columns": [{"name": "a"}, {"name": "b"}]})
    upload = datasets.store_upload(SYSTEM, "endless.csv", parts)
    begin, memory = time.perf_counter(), 0
    try:
        with db.transaction() as session:
            dataset = name.replace(" ", "_")
            datasets.create_dataset(session, SYSTEM, DatasetCreate(name=dataset, definition=definition))
            batch = datasets.receive_file(session, SYSTEM, dataset, upload)
        memory = loaded(url, str(batch.run_id))
        with db.transaction() as session:
            said = datasets.batch(session, SYSTEM, batch.id).error
    except AppError as error:
        datasets.discard_upload(upload)
        said = error.message
    seconds, left = time.perf_counter() - begin, leftovers()
    print(f"{name}: {upload.size:,} bytes, {seconds:.1f} s, {memory} MB, {left} left behind: {said}", flush=True)
    return left > 0


def loaded(url: str, run_id: str) -> int:
    """The most memory that the process of the load took, in MB."""
    from app.core import children, db

    db.engine().dispose()
    taken: int = children.call("tests.soak.endless_files:load", url, run_id, wall_seconds=600, memory_mb=2048)
    return taken


def load(url: str, run_id: str) -> int:
    from uuid import UUID

    from app.core import db
    from app.datasets.jobs import HANDLERS
    from app.jobs.work_off import run_inline

    db.configure(url)
    run_inline(UUID(run_id), HANDLERS)
    db.engine().dispose()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def leftovers() -> int:
    """Files in the storage and rows about blocks, rejects or files of batches."""
    from app.core import db, storage

    with db.transaction() as session:
        counts = [
            session.scalar(sa.text(f"select count(*) from {table}"))
            for table in ("raw_blocks", "rejects", "data_files")
        ]
    return sum(map(int, counts)) + len(list(storage.listed("datasets"))) + len(list(storage.listed("uploads")))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
