"""Rejected rows go through the same check as a load, with today's rules. What must be unique is asked of the tables."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from app.datasets.check import INDEX, Checker
from app.datasets.load import encode
from app.datasets.parse import Parsed
from app.datasets.rejects.questions import Change, Evidence, MendedRow, Question
from app.datasets.rejects.records import edit, lay_over, read_records
from app.datasets.rejects.schemas import Edit, Failure
from app.datasets.schemas import Column, DatasetSchema, Dialect


@dataclass(frozen=True)
class Rechecked:
    """`valid` is what goes to the database: typed, with `_batch`, `_row` and what was changed."""

    valid: pl.DataFrame
    failures: pl.DataFrame


def mend_row(question: Question, change: Change) -> MendedRow:
    """For a child."""
    parsed = read_records(question.evidence, question.rows)
    parsed, dialect = lay_over(parsed, question.evidence.dialect, {0: change})
    checked = _check(question, parsed, dialect, None)
    failures = checked.failures.select("column", "rule", "value", "message").iter_rows(named=True)
    readable = checked.valid if len(checked.valid) else _as_far_as_readable(question, parsed, dialect, checked)
    return MendedRow(
        copy=encode(readable) if len(readable) else [],
        parquet=parquet(checked.valid) if len(checked.valid) else b"",
        failures=[Failure.model_validate(one) for one in failures],
    )


def _as_far_as_readable(question: Question, parsed: Parsed, dialect: Dialect, checked: Rechecked) -> pl.DataFrame:
    """Without what failed and without rules, so that the tables can still be asked about the rest of the row."""
    failed = set(checked.failures["column"])
    empty = [pl.lit(None, dtype=pl.String()).alias(name) for name in parsed.frame.columns if name in failed]
    columns = [
        Column(name=one.name, type=one.type, decimals=one.decimals, formats=one.formats, transform=one.transform)
        for one in question.schema.columns
    ]
    lenient = replace(question, schema=DatasetSchema(columns=columns))
    return _check(lenient, replace(parsed, frame=parsed.frame.with_columns(empty)), dialect, None).valid


def read_row(evidence: Evidence, row: int) -> dict[str, str] | None:
    """The texts of a record by column, None where it cannot be told apart. For a child."""
    parsed = read_records(evidence, [row])
    if parsed.broken:
        return None
    return {name: (text or "").replace("\0", "␀") for name, text in parsed.frame.row(0, named=True).items()}


def recheck(question: Question, edits: Sequence[Edit]) -> Rechecked:
    parsed, dialect = read_records(question.evidence, question.rows), question.evidence.dialect
    if not edits:
        return _check(question, parsed, dialect, None)
    parsed, dialect, changed = edit(parsed, dialect, edits)
    return _check(question, parsed, dialect, changed)


def corrected(question: Question, changes: Sequence[Change]) -> Rechecked:
    """One change for each row of the question. Texts that were written anew are for the caller to remember."""
    parsed = read_records(question.evidence, question.rows)
    parsed, dialect = lay_over(parsed, question.evidence.dialect, dict(enumerate(changes)), strict=False)
    written = [json.dumps(one.values, ensure_ascii=False) if one.values else None for one in changes]
    return _check(question, parsed, dialect, pl.Series("_changed", written, dtype=pl.String()))


def _check(question: Question, parsed: Parsed, dialect: Dialect, changed: pl.Series | None) -> Rechecked:
    checker = Checker(question.schema, dialect, question.now)
    checker.seen.clear()
    checked = checker.check(parsed, 1)
    rows = pl.Series("_row", question.rows, dtype=pl.Int64())
    places = checked.valid[INDEX]
    own = [
        pl.repeat(question.batch_id, len(places), dtype=pl.Int64(), eager=True).alias("_batch"),
        rows.gather(places),
    ]
    texts = (
        changed.gather(places) if changed is not None else pl.repeat(None, len(places), dtype=pl.String(), eager=True)
    )
    valid = pl.DataFrame(own).hstack(checked.valid.drop(INDEX)).with_columns(("\x01" + texts).alias("_changed"))
    failures = checked.failures.with_columns(rows.gather(checked.failures["index"]).alias("row"))
    return Rechecked(valid, failures)


def parquet(valid: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    valid.drop("_changed").write_parquet(sink, compression="zstd", compression_level=1)
    return sink.getvalue()
