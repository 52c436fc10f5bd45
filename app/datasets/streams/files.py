"""Parquet files of growing batches: never half in the catalogue, and merged before they are many."""

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from pyarrow import parquet
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock, storage
from app.core.db import transaction
from app.datasets.streams.tables import StrayFileRow
from app.datasets.tables import BatchRow, DataFileRow

FAN_IN = 32
LARGE_ROWS = FAN_IN**3
GROUP_ROWS = 128 << 10
GRACE = timedelta(minutes=2)  # somebody may be reading what was merged just now


class FileForgotten(Exception):
    """This file was on its way for so long that it was swept away: write it again."""


class Overtaken(Exception):
    """The files are in the catalogue no more: the batch was undone or read again meanwhile."""


def new_file(dataset_id: UUID, batch_id: int) -> str:
    """A key of its own for each try: whoever was thought dead must not write over what another one stored."""
    key = f"datasets/{dataset_id}/{batch_id}/{uuid4().hex}.parquet"
    with transaction() as db:
        db.add(StrayFileRow(key=key, since=clock.now()))
    return key


def adopt(db: Session, key: str) -> None:
    """In the transaction that puts it into the catalogue. Raises FileForgotten."""
    if db.execute(sa.delete(StrayFileRow).where(StrayFileRow.key == key)).rowcount != 1:  # type: ignore[attr-defined]
        raise FileForgotten


def merge_files(batch_id: int, *, all_of_them: bool = False) -> int:
    """Files of one size become one of the next: each row is written again three times at most."""
    with transaction() as db:
        files = list(db.scalars(sa.select(DataFileRow).where(DataFileRow.batch_id == batch_id)))
        dataset_id = db.scalar(sa.select(BatchRow.dataset_id).where(BatchRow.id == batch_id))
        db.expunge_all()
    chosen = files if all_of_them else _crowd(files)
    if dataset_id is None or len(chosen) < 2:
        return 0
    key = new_file(dataset_id, batch_id)
    size = _write(key, [file.key for file in chosen])
    try:
        with transaction() as db:
            _replace(db, batch_id, chosen, DataFileRow(key=key, size=size))
    except Overtaken:
        return 0
    return len(chosen)


def sweep() -> int:
    """Deletes what nobody adopted."""
    with transaction() as db:
        old = sa.select(StrayFileRow).where(StrayFileRow.since < clock.now() - GRACE)
        strays = db.scalars(old.limit(1000).with_for_update(skip_locked=True)).all()
        for stray in strays:
            storage.delete(stray.key)
            db.delete(stray)
        return len(strays)


def _crowd(files: Sequence[DataFileRow]) -> list[DataFileRow]:
    """The files of the smallest size of which there are too many."""
    sizes: dict[int, list[DataFileRow]] = {}
    for file in files:
        if file.rows < LARGE_ROWS:
            sizes.setdefault(int(math.log(max(file.rows, 1), FAN_IN)), []).append(file)
    return next((sizes[size] for size in sorted(sizes) if len(sizes[size]) >= FAN_IN), [])


def _write(key: str, sources: list[str]) -> int:
    """One file after the other, so that memory holds one row group."""
    with storage.writer(key) as sink:
        with parquet.ParquetFile(storage.filesystem().open_input_file(sources[0])) as first:
            schema = first.schema_arrow
        with parquet.ParquetWriter(sink, schema, compression="zstd", compression_level=1) as writer:
            for source in sources:
                with parquet.ParquetFile(storage.filesystem().open_input_file(source)) as file:
                    for batch in file.iter_batches(GROUP_ROWS):
                        writer.write_batch(batch)
        return int(sink.tell())


def _replace(db: Session, batch_id: int, old: Sequence[DataFileRow], new: DataFileRow) -> None:
    """Raises Overtaken; the new file is swept away later."""
    db.execute(sa.select(BatchRow.id).where(BatchRow.id == batch_id).with_for_update())
    keys = [file.key for file in old]
    gone = db.execute(sa.delete(DataFileRow).where(DataFileRow.key.in_(keys)).returning(DataFileRow.key)).all()
    if len(gone) != len(keys):
        raise Overtaken
    adopt(db, new.key)
    new.batch_id, new.block, new.rows = batch_id, min(file.block for file in old), sum(file.rows for file in old)
    db.add(new)
    retired = [{"key": key, "since": clock.now()} for key in keys]
    db.execute(insert(StrayFileRow).values(retired))
