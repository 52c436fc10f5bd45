"""Proposes a schema from the first rows of a file. Runs in a child: it needs Polars."""

import io

import polars as pl

from app.core import storage
from app.core.errors import AppError, Invalid
from app.datasets.convert import converters, type_of
from app.datasets.cut_blocks import Checkpoint
from app.datasets.date_forms import dated, years_are_likely
from app.datasets.decimal_comma import forms_in, has_habits, plain
from app.datasets.formats.blocks import parse_block, read_blocks
from app.datasets.formats.look import look_inside
from app.datasets.header import column_names
from app.datasets.names_line import check_names_line
from app.datasets.schemas import (
    Column,
    ColumnType,
    Dialect,
    NearlyType,
    Pins,
    Proposal,
    Proposals,
    ProposedColumn,
    Refused,
    Upload,
)
from app.datasets.sniff import SAMPLE_BYTES, BadHeader

SAMPLE_ROWS = 20_000
EXAMPLES = 3
NEARLY = 0.9
TRIED = ("boolean", "integer", "decimal", "number", "date", "timestamp")
NO_BOOLEAN = {"0", "1"}
MAX_DECIMALS = 6


def propose_parts(upload: Upload, pins: Pins | None = None) -> Proposals:
    """For each table of the file. Careful: leading zeros, long digits and mixed texts stay text. A person decides."""
    pins = pins or Pins()
    with storage.open_file(upload.key) as source:
        found = look_inside(source, upload.file_name, pins, SAMPLE_ROWS)
    parts, skipped = [], []
    for one in found:
        try:
            if one.part.hidden and not (pins.part or pins.sheet):
                raise Invalid("This sheet is hidden. Pin it to load it.")
            if one.part.dialect is None:
                raise Invalid(one.part.problem or "There is no table in it.")
            parts.append(_proposal(one.part.name, one.part.dialect, one.text))
        except AppError as error:
            if len(found) == 1:
                raise
            skipped.append(Refused(part=one.part.name, reason=error.message))
    if not parts:
        raise Invalid("; ".join(f"{one.part}: {one.reason}" for one in skipped[:5]))
    return Proposals(parts=parts, skipped=skipped)


def _proposal(part: str, dialect: Dialect, text: bytes) -> Proposal:
    check_names_line(dialect, text)
    frame = _sample(text, dialect)
    values = {source: _values(frame[source]) for source in dialect.header}
    forms = forms_in(values, dialect.delimiter) if has_habits(dialect) else {}
    named = zip(column_names(dialect.header), dialect.header, strict=True)
    columns = [_proposed(name, frame[source], values[source], forms.get(source, "")) for name, source in named]
    return Proposal(dialect=dialect, columns=columns, rows_seen=len(frame), part=part)


def _sample(head: bytes, dialect: Dialect) -> pl.DataFrame:
    start = Checkpoint(1, dialect.preamble, 1, 1 + dialect.preamble_lines)
    block = next(read_blocks(io.BytesIO(head), dialect, start, SAMPLE_BYTES), None)
    if block is None:
        raise BadHeader("This table has column names but no rows.")
    parsed = parse_block(block, dialect)
    whole = pl.repeat(value=True, n=len(parsed.frame), eager=True).scatter([one.index for one in parsed.broken], False)
    return parsed.frame.filter(whole).head(SAMPLE_ROWS)


def _values(texts: pl.Series) -> pl.Series:
    values = texts.str.strip_chars().alias("x")
    return values.filter(values != "")


def _proposed(name: str, texts: pl.Series, values: pl.Series, form: str | None) -> ProposedColumn:
    """`form`: of its numbers, empty for 1234.56; None where nobody can tell, so that it stays text."""
    read = values.to_frame().select(plain(pl.col("x"), form)).to_series() if form else values
    kind = next((kind for kind in TRIED if len(read) and _all_are(kind, read)), "text") if form is not None else "text"
    if kind == "text" and (written := dated(values)):
        kind, form = written
    column = {"name": name, "type": kind, "required": len(values) == len(texts) > 0}
    if kind == "decimal":
        column["decimals"] = _decimals(read)
    if form and kind != "text":
        column["formats"] = [form]
    return ProposedColumn(
        column=Column.model_validate(column),
        examples=values.unique(maintain_order=True).head(EXAMPLES).to_list(),
        missing=len(texts) - len(values),
        distinct=values.n_unique(),
        nearly=_nearly(values) if kind == "text" and form is not None else None,
    )


def _nearly(values: pl.Series) -> NearlyType | None:
    """A few bad values make a whole column text, which stores them all: whoever wants them rejected should know."""
    for kind in TRIED:
        fits = _typed(kind, values).is_not_null()
        misfits = values.filter(~fits)
        if (
            len(misfits) <= (1 - NEARLY) * len(values)
            and len(misfits) < len(values)
            and _all_are(kind, values.filter(fits))
        ):
            examples = misfits.unique(maintain_order=True).head(EXAMPLES).to_list()
            return NearlyType(type=ColumnType(kind), misfits=len(misfits), examples=examples)
    return None


def _all_are(kind: str, values: pl.Series) -> bool:
    if kind == "boolean" and set(values.unique().to_list()) <= NO_BOOLEAN:
        return False
    if kind in ("integer", "decimal", "number") and values.str.contains(r"^[+-]?0\d|^\+|^[+-]?\d{19,}").any():
        return False
    if kind == "decimal":
        return not values.str.contains(rf"[eE]|\.\d{{{MAX_DECIMALS + 1},}}").any() and _readable("decimal", values)
    return _readable(kind, values) and (kind not in ("date", "timestamp") or years_are_likely(_typed(kind, values)))


def _typed(kind: str, values: pl.Series) -> pl.Series:
    column = Column(name="x", type=ColumnType(kind))
    reading = pl.coalesce([read(pl.col("x")) for read in converters(column)])
    return values.to_frame("x").select(reading.cast(type_of(column))).to_series()


def _readable(kind: str, values: pl.Series) -> bool:
    typed = _typed(kind, values)
    finite = typed.is_finite().all() if kind == "number" else True
    return typed.null_count() == 0 and bool(finite)


def _decimals(values: pl.Series) -> int:
    digits = values.str.extract(r"\.(\d+)$").str.len_chars().max()
    return int(str(digits or 0))
