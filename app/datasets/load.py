"""Arrow straight into COPY BINARY. Everything of one block goes in one transaction, with the checkpoint."""

from dataclasses import dataclass, field
from uuid import UUID

import pgpq
import polars as pl
import psycopg
from psycopg import sql

from app.datasets.cut_blocks import Checkpoint
from app.datasets.stage import Connection, staged_table

ENCODED_ROWS = 8192
REJECT_COLUMNS = ("batch_id", "row", "line", "raw", "failures")


class BlockAlreadyStored(Exception):
    """Another attempt stored this block, the batch was undone, or a power cut took blocks: this attempt must stop."""


@dataclass(frozen=True)
class Prepared:
    """All that a block leaves behind, encoded already, so that the transaction only sends bytes."""

    at: Checkpoint
    after: Checkpoint
    raw_size: int
    raw_compressed: bytes
    tolerant: bool
    rows: int
    rejected: int
    failures: int
    valid: list[bytes]
    rejects: list[bytes]
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    parquet: bytes | None = None

    @property
    def stored(self) -> int:
        return self.rows - self.rejected


def encode(frame: pl.DataFrame) -> list[bytes]:
    """PostgreSQL's binary COPY format."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())  # texts as they lie in memory, not copied
    encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
    # The encoder keeps the interpreter lock: in small pieces it does not hold up the thread that sends.
    rows = (encoder.write_batch(batch) for batch in table.to_batches(max_chunksize=ENCODED_ROWS))
    return [encoder.write_header(), *rows, encoder.finish()]


def store_block(connection: Connection, dataset_id: UUID, batch_id: int, block: Prepared, parquet_key: str) -> None:
    """Raises BlockAlreadyStored."""
    _move_checkpoint(connection, batch_id, block)
    keep_block(connection, dataset_id, batch_id, block, parquet_key)


def keep_block(connection: Connection, dataset_id: UUID, batch_id: int, block: Prepared, parquet_key: str) -> None:
    """Evidence, rows, rejects and the name of the Parquet file; the caller has moved the checkpoint."""
    connection.execute(
        "insert into raw_blocks (batch_id, block, first_row, first_line, rows, first_byte, size, tolerant, content)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %b)",
        (
            batch_id,
            block.at.block,
            block.at.row,
            block.at.line,
            block.rows,
            block.at.byte,
            block.raw_size,
            block.tolerant,
            block.raw_compressed,
        ),
    )
    if block.stored:
        copy_in(
            connection,
            sql.SQL("copy {} from stdin (format binary)").format(staged_table(dataset_id, batch_id)),
            block.valid,
        )
        connection.execute(
            "insert into data_files (batch_id, block, key, rows, size) values (%s, %s, %s, %s, %s)",
            (batch_id, block.at.block, parquet_key, block.stored, len(block.parquet or b"")),
        )
    if block.rejected:
        columns = sql.SQL(", ").join(map(sql.Identifier, REJECT_COLUMNS))
        copy_in(connection, sql.SQL("copy rejects ({}) from stdin (format binary)").format(columns), block.rejects)
        _count_reasons(connection, batch_id, block.reasons)


def _move_checkpoint(connection: Connection, batch_id: int, block: Prepared) -> None:
    """First, because it takes the lock of the batch: of two attempts at one block the second finds it done."""
    moved = connection.execute(
        "update batches set next_block = %s, next_byte = %s, next_row = %s, next_line = %s, rows_in = rows_in + %s,"
        " rows_valid = rows_valid + %s, rows_rejected = rows_rejected + %s, failures = failures + %s"
        " where id = %s and next_block = %s and status = 'loading'",
        (
            block.after.block,
            block.after.byte,
            block.after.row,
            block.after.line,
            block.rows,
            block.stored,
            block.rejected,
            block.failures,
            batch_id,
            block.at.block,
        ),
    )
    if moved.rowcount != 1:
        raise BlockAlreadyStored


def copy_in(connection: psycopg.Connection[tuple[object, ...]], statement: sql.Composed, parts: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for part in parts:
            copy.write(part)


def _count_reasons(connection: Connection, batch_id: int, reasons: list[tuple[str, str, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'insert into reject_reasons as known (batch_id, "column", rule, rows) values (%s, %s, %s, %s)'
            ' on conflict (batch_id, "column", rule) do update set rows = known.rows + excluded.rows',
            [(batch_id, *reason) for reason in reasons],
        )
