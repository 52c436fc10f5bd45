"""Rows are checked and nothing is stored: what would a schema reject of a file, or of what is stored? For children."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, db, storage
from app.datasets.access import definition_of
from app.datasets.check import Checked, Checker
from app.datasets.cut_blocks import Checkpoint
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.formats.look import look_inside
from app.datasets.header import match_header
from app.datasets.known_keys import Keys, known_keys
from app.datasets.schemas import DatasetSchema, Dialect, Pins, Upload
from app.datasets.tables import BatchRow, DatasetRow, RejectRow, ReplayRow
from app.datasets.trials.schemas import Trial, TrialReason
from app.datasets.versions.read_again import Again, Result, read_again
from app.datasets.versions.rematch import rematch
from app.datasets.versions.request import batches_of

SECONDS = 3.0
BLOCK_BYTES = 1 << 20
UNPACKED_ROWS = 100_000
EXAMPLES = 3
SHOWN = 120


class Tally:
    """What was seen so far, and whether there is time for more."""

    def __init__(self) -> None:
        self.deadline = time.monotonic() + SECONDS
        self.rows = self.rejected = 0
        self.parts: list[pl.DataFrame] = []

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline

    def add(self, checked: Checked) -> None:
        self.rows += checked.rows
        self.rejected += checked.rejected
        groups = checked.failures.group_by("column", "rule", maintain_order=True)
        values = pl.col("value").drop_nulls().str.slice(0, SHOWN).unique(maintain_order=True).head(EXAMPLES)
        counted = groups.agg(pl.len().alias("rows"), values.alias("examples"), pl.col("message").first())
        self.parts.append(counted)

    def reasons(self) -> list[TrialReason]:
        if not self.parts:
            return []
        examples = pl.col("examples").explode().drop_nulls().unique(maintain_order=True).head(EXAMPLES)
        groups = pl.concat(self.parts).group_by("column", "rule", maintain_order=True)
        found = groups.agg(pl.col("rows").sum(), examples, pl.col("message").first())
        return [TrialReason.model_validate(line) for line in found.sort("rows", descending=True).to_dicts()]


def try_file(upload: Upload, schema: DatasetSchema, pins: Pins, database_url: str) -> Trial:
    """Raises what is wrong with the file as a whole."""
    with storage.open_file(upload.key) as source:
        found = next(one for one in look_inside(source, upload.file_name, pins, UNPACKED_ROWS) if one.part.dialect)
        assert found.part.dialect is not None
        dialect = match_header(schema, found.part.dialect)
        text = found.rows_in(source)
        tally = Tally()
        ended = _read(text, dialect, Checker(schema, dialect, clock.now(), _keys(schema, database_url)), tally)
    whole = ended and (text is source or tally.rows < UNPACKED_ROWS)
    return Trial(rows_seen=tally.rows, rows_rejected=tally.rejected, whole=whole, reasons=tally.reasons())


def _read(source: BinaryIO, dialect: Dialect, checker: Checker, tally: Tally) -> bool:
    start = Checkpoint(1, dialect.preamble, 1, 1 + dialect.preamble_lines)
    for block in read_blocks(source, dialect, start, BLOCK_BYTES):
        if tally.is_over and tally.rows:
            return False
        tally.add(checker.check(parse_block(block, dialect), block.at.row))
    return True


def _keys(schema: DatasetSchema, database_url: str) -> dict[str, Keys]:
    if not any(column.references for column in schema.columns):
        return {}
    with _connected(database_url) as session:
        return known_keys(session, schema)


@contextmanager
def _connected(database_url: str) -> Iterator[Session]:
    """A child has no database until it needs one."""
    try:
        db.database_url()
    except RuntimeError:
        db.configure(database_url)
    with db.transaction() as session:
        yield session


def try_stored(dataset_id: UUID, schema: DatasetSchema, renamed: dict[str, str], database_url: str) -> Trial:
    """The newest files first, as far as the time goes."""
    tally = Tally()
    gone = back = 0
    batches: list[int] = []
    with _connected(database_url) as session:
        before = definition_of(session.get_one(DatasetRow, dataset_id))
        keys = known_keys(session, schema)
        waiting = batches_of(session, dataset_id)[::-1]
        whole = True
        for batch in waiting:
            if not whole or (tally.is_over and tally.rows):
                whole = False
                break
            batches.append(batch.id)
            for result in read_again(session, _again(batch, schema, before, (keys, renamed))):
                tally.add(result.checked)
                more_gone, more_back = _compared(session, batch.id, result)
                gone, back = gone + more_gone, back + more_back
                if tally.is_over:
                    whole = result.checked.rows + result.block.at.row > batch.rows_in
                    break
    return Trial(
        rows_seen=tally.rows,
        rows_rejected=tally.rejected,
        whole=whole,
        reasons=tally.reasons(),
        newly_rejected=gone,
        newly_stored=back,
        batches=batches,
    )


def _again(
    batch: BatchRow, schema: DatasetSchema, before: DatasetSchema, how: tuple[dict[str, Keys], dict[str, str]]
) -> Again:
    keys, renamed = how
    dialect = rematch(schema, Dialect.model_validate(batch.dialect), renamed)
    return Again(batch.id, schema, before, dialect, batch.created_at, keys, renamed)


def _compared(session: Session, batch_id: int, result: Result) -> tuple[int, int]:
    """How many rows would be rejected that are stored now, and the other way round."""
    first = result.block.at.row
    stored = sa.exists().where(
        ReplayRow.batch_id == RejectRow.batch_id, ReplayRow.row == RejectRow.row, ReplayRow.stored
    )
    query = sa.select(RejectRow.row).where(
        RejectRow.batch_id == batch_id, RejectRow.row.between(first, first + result.checked.rows - 1), ~stored
    )
    now = pl.Series(session.scalars(query).all(), dtype=pl.Int64())
    then = result.checked.failures["index"].unique() + first
    both = int(then.is_in(now.implode()).sum())
    return len(then) - both, len(now) - both
