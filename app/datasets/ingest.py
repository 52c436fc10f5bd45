"""The body of the job: one file, block by block, from wherever an earlier attempt stopped, to a published batch."""

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import storage
from app.core.db import raw
from app.core.errors import AppError, NotFound, TooLarge
from app.datasets import cut_blocks, publish, stage
from app.datasets.cut_blocks import Checkpoint
from app.datasets.formats.transcode import write_text
from app.datasets.header import match_header
from app.datasets.known_keys import known_keys
from app.datasets.load import BlockAlreadyStored, Prepared, store_block
from app.datasets.overlap import ahead
from app.datasets.prepare import Task, preamble, prepared_blocks
from app.datasets.schemas import Dialect, Pins
from app.datasets.sniff import SAMPLE_BYTES, sniff
from app.datasets.stopped import go_on
from app.datasets.sweep import sweep_daily
from app.datasets.tables import BatchRow
from app.jobs.context import JobContext

DOUBT_BYTES = 64 << 10
NOT_WAITED_FOR = sa.text("set local synchronous_commit = off")
PIECE_BYTES = 256 << 10  # stays in the cache of the processor: three times as fast as 8 MiB


class BatchGone(NotFound):
    """This batch was deleted together with its dataset."""


class NeedsTooMuchMemory(TooLarge):
    """This file needs more memory than a load may use. Are its line ends right? If so, split it."""


class TryLater(Exception):
    """No AppError, so that the run is tried again: all blocks are stored, only publishing must wait for a reader."""


def ingest_batch(ctx: JobContext) -> dict[str, Any]:
    """May run again at any point: what is committed is skipped, what is not is done afresh."""
    batch_id = int(ctx.args["batch_id"])
    batch = _begin(ctx, batch_id)
    if batch.status != "loading":
        return _result(batch)
    try:
        _load(ctx, batch)
    except (AppError, MemoryError) as error:
        refusal = error if isinstance(error, AppError) else NeedsTooMuchMemory()
        refuse_batch(ctx, refusal.message)
        raise refusal from error
    except BlockAlreadyStored:
        if (batch := _begin(ctx, batch_id)).status != "undone":
            raise
        return _result(batch)
    try:
        with ctx.transaction() as db:
            batch = _batch(db, batch_id)
            if batch.status == "loading":
                publish.finish_batch(db, ctx.actor, batch)
            result = _result(batch)
    except publish.DatasetBusy as error:
        raise TryLater from error
    with ctx.transaction() as db:
        sweep_daily(db)  # loads leave such files behind when they are killed, so loads clean up
    return result


def _begin(ctx: JobContext, batch_id: int) -> BatchRow:
    """As it is now; one whose load had stopped goes on."""
    with ctx.transaction() as db:
        batch = _batch(db, batch_id)
        if batch.status == "failed":
            go_on(db, batch, ctx.run_id)
        db.expunge(batch)
        return batch


def refuse_batch(ctx: JobContext, reason: str) -> None:
    """The list of batches says why this file was not loaded."""
    with ctx.transaction() as db:
        batch = _batch(db, int(ctx.args["batch_id"]))
        if batch.status == "loading":
            publish.fail(db, batch, reason)


def _batch(db: Session, batch_id: int) -> BatchRow:
    batch = db.get(BatchRow, batch_id, with_for_update=True)
    if batch is None:
        raise BatchGone
    return batch


def _result(batch: BatchRow) -> dict[str, Any]:
    return {
        "batch_id": batch.id,
        "status": batch.status,
        "rows_in": batch.rows_in,
        "rows_valid": batch.rows_valid,
        "rows_rejected": batch.rows_rejected,
    }


def _load(ctx: JobContext, batch: BatchRow) -> None:
    batch = _as_text(ctx, batch)
    key = batch.work_key or batch.upload_key
    assert key is not None
    with storage.open_file(key) as source:
        if batch.next_block == 0:
            batch = _start(ctx, batch.id, source)
        dialect = Dialect.model_validate(batch.dialect)
        schema = publish.schema_of(batch)
        with ctx.transaction() as db:
            keys = known_keys(db, schema)
        task = Task(batch.id, schema, dialect, batch.created_at, cut_blocks.BLOCK_BYTES, keys)
        at = Checkpoint(batch.next_block, batch.next_byte, batch.next_row, batch.next_line)
        with ahead(_with_files(batch, prepared_blocks(source, task, at))) as blocks:
            for block, key in blocks:
                _store(ctx, batch, block, key)


def _as_text(ctx: JobContext, batch: BatchRow) -> BatchRow:
    """Workbooks, archives and the like become text first. The same bytes always give the same text, so a killed attempt
    is simply done again."""
    if batch.original_key is None or batch.work_key is not None:
        return batch
    key = f"datasets/{batch.dataset_id}/{batch.id}/text"
    size, dialect = write_text(batch.original_key, Dialect.model_validate(batch.dialect), key)
    with ctx.transaction() as db:
        batch = _batch(db, batch.id)
        batch.work_key, batch.work_size, batch.dialect = key, size, dialect.model_dump()
        db.flush()
        db.refresh(batch)
        db.expunge(batch)
        return batch


def _start(ctx: JobContext, batch_id: int, source: BinaryIO) -> BatchRow:
    """The first step of a file: what encoding is it really, where do its rows go, its first evidence."""
    with ctx.transaction() as db:
        batch = _batch(db, batch_id)
        dialect = _certain(source, Dialect.model_validate(batch.dialect))
        dialect = match_header(publish.schema_of(batch), dialect)
        batch.dialect = dialect.model_dump()
        db.flush()
        stage.create_staged(raw(db), batch.dataset_id, batch.id)
        store_block(raw(db), batch.dataset_id, batch.id, preamble(source, dialect), "")
        db.refresh(batch)
        db.expunge(batch)
        return batch


def _certain(source: BinaryIO, dialect: Dialect) -> Dialect:
    """The guess was made from the first MiB. Bytes behind it that are not UTF-8 may mean another encoding."""
    if "encoding" not in dialect.guessed or dialect.encoding != "utf-8" or dialect.format != "csv":
        return dialect
    doubtful = _first_not_utf8(source)
    if not doubtful:
        return dialect
    source.seek(0)
    pins = Pins() if "delimiter" in dialect.guessed else Pins.model_validate({"delimiter": dialect.delimiter})
    again = sniff(source.read(SAMPLE_BYTES), pins, doubtful=doubtful)
    return again.model_copy(update={"packed": dialect.packed, "member": dialect.member})


def _first_not_utf8(source: BinaryIO) -> bytes:
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while part := source.read(PIECE_BYTES):
        try:
            decoder.decode(part)
        except UnicodeDecodeError as error:
            return bytes(error.object[max(error.start - DOUBT_BYTES, 0) : error.start + DOUBT_BYTES])
    return b""


def _with_files(batch: BatchRow, blocks: Iterator[Prepared]) -> Iterator[tuple[Prepared, str]]:
    """Each file is there before the transaction that names it."""
    for block in blocks:
        key = f"datasets/{batch.dataset_id}/{batch.id}/{block.at.block:06d}.parquet"
        if block.parquet:
            storage.write(key, block.parquet)
        yield block, key
        del block


def _store(ctx: JobContext, batch: BatchRow, block: Prepared, key: str) -> None:
    """Rows, evidence, rejects, checkpoint and progress in one commit, which does not wait for the disk.

    A power cut may take the last of these commits away again, but only whole and from the end: the log is one sequence,
    so the load resumes from an earlier checkpoint as if it had been killed there. Whoever goes on without noticing
    finds another checkpoint than expected, and stops. Publishing waits for the disk, and so for all blocks before it;
    the uploaded file is kept until then.
    """
    progress = min(block.after.byte / max(batch.text_size, 1), 1.0) * 0.99
    with ctx.transaction() as db:
        db.execute(NOT_WAITED_FOR)
        store_block(raw(db), batch.dataset_id, batch.id, block, key)
        ctx.step_within(db, f"{block.after.row - 1:,} rows read", progress)
