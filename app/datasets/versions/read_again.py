"""Stored batches, read again from their raw blocks with what people mended laid over them. For jobs and children."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa
import zstandard
from sqlalchemy.orm import Session

from app.datasets.check import INDEX, Checked, Checker
from app.datasets.cut_blocks import Block, Checkpoint, to_utf8
from app.datasets.formats import ndjson
from app.datasets.formats.blocks import parse_block
from app.datasets.known_keys import Keys
from app.datasets.parse import Parsed
from app.datasets.rejects.questions import Change
from app.datasets.rejects.records import lay_over
from app.datasets.schemas import DatasetSchema, Dialect
from app.datasets.split import scan, tokenize
from app.datasets.tables import RawBlockRow, ReplayRow


@dataclass(frozen=True)
class Again:
    """A batch under another schema. `before`: the schema that its rows fulfil now."""

    batch_id: int
    schema: DatasetSchema
    before: DatasetSchema
    dialect: Dialect
    now: datetime
    keys: dict[str, Keys]
    renamed: dict[str, str]


class Result(NamedTuple):
    block: Block
    parsed: Parsed
    checked: Checked


def read_again(db: Session, again: Again) -> Iterator[Result]:
    """Block by block, in order, with the row numbers that they have."""
    mended = _mended(db, again)
    extra = sorted({name for change in mended.values() for name in change.values or {}} - set(again.dialect.header))
    dialect = again.dialect.model_copy(update={"header": [*again.dialect.header, *extra]})
    checker = Checker(again.schema, dialect, again.now, again.keys)
    numbers = sa.select(RawBlockRow.block).where(RawBlockRow.batch_id == again.batch_id, RawBlockRow.rows > 0)
    for number in db.scalars(numbers.order_by(RawBlockRow.block)).all():
        stored = db.get_one(RawBlockRow, (again.batch_id, number))
        block = _block(stored, again.dialect)
        db.expunge(stored)
        parsed = parse_block(block, again.dialect)
        changes = {row - block.at.row: mended[row] for row in mended if 0 <= row - block.at.row < stored.rows}
        changed = _changed(parsed, again.dialect, extra, changes)
        checked = checker.check(changed, block.at.row)
        yield Result(block, parsed, _excused(again, dialect, changed, checked, sorted(changes)) if changes else checked)


def _changed(parsed: Parsed, dialect: Dialect, extra: list[str], changes: dict[int, Change]) -> Parsed:
    """A record written anew has the columns of the file; single texts may stand in columns that the file lacks."""
    parsed, _ = lay_over(parsed, dialect, {place: one for place, one in changes.items() if one.raw is not None})
    empty = [pl.Series(name, [None] * len(parsed.frame), dtype=pl.String()) for name in extra]
    wider = dialect.model_copy(update={"header": [*dialect.header, *extra]})
    texts = {place: one for place, one in changes.items() if one.raw is None}
    return lay_over(replace(parsed, frame=parsed.frame.with_columns(empty)), wider, texts)[0]


def _mended(db: Session, again: Again) -> dict[int, Change]:
    rows = db.scalars(sa.select(ReplayRow).where(ReplayRow.batch_id == again.batch_id, ReplayRow.stored))
    return {row.row: Change(_renamed(row.values, again.renamed), row.raw) for row in rows}


def _renamed(values: dict[str, str] | None, renamed: dict[str, str]) -> dict[str, str] | None:
    return {renamed.get(name, name): text for name, text in values.items()} if values is not None else None


def _block(stored: RawBlockRow, dialect: Dialect) -> Block:
    """Cut exactly as it was when it was loaded."""
    content = to_utf8(zstandard.ZstdDecompressor().decompress(stored.content), dialect.encoding, final=True)
    at = Checkpoint(stored.block, stored.first_byte, stored.first_row, stored.first_line)
    if dialect.format == "ndjson":
        return Block(at, content, b"", ndjson.lines_of(content, dialect.newline, final=True), None, 0)
    if stored.tolerant:
        records = list(tokenize(content, dialect.delimiter, dialect.newline, final=True))
        return Block(at, content, b"", None, records, 0)
    return Block(at, content, b"", scan(content, dialect.delimiter, dialect.newline, final=True), None, 0)


def _excused(again: Again, dialect: Dialect, parsed: Parsed, checked: Checked, places: list[int]) -> Checked:
    """That a mended row repeats no other one was asked when it was mended. A file in order cannot know: there, the row
    that it would repeat was rejected."""
    checker = Checker(again.schema, dialect, again.now, again.keys)
    checker.seen.clear()
    own = checker.check(parsed, 1)
    settled = _groups(again.before, again.renamed)
    repeats = (pl.col("rule") == "unique") & pl.col("column").is_in(settled)
    mended = pl.col("index").is_in(places)
    failures = checked.failures.filter(~(mended & repeats))
    valid = pl.concat(
        [checked.valid.filter(~pl.col(INDEX).is_in(places)), own.valid.filter(pl.col(INDEX).is_in(places))]
    )
    valid = valid.filter(~pl.col(INDEX).is_in(failures["index"].unique().implode())).sort(INDEX)
    return Checked(valid, failures, checked.rows, failures["index"].n_unique())


def _groups(schema: DatasetSchema, renamed: dict[str, str]) -> list[str]:
    """What had to be unique already, as failures name it."""
    groups = [[column.name] for column in schema.columns if column.unique] + ([schema.key] if schema.key else [])
    return [", ".join(renamed.get(name, name) for name in group) for group in groups]
