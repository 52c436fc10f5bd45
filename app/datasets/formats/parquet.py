"""Parquet becomes CSV, batch by batch, with every value written exactly. Runs in jobs and children only."""

import datetime as dt
import io
import json
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from app.core.errors import Invalid, TooLarge
from app.core.settings import settings
from app.datasets.formats.unpack import UnpacksTooLarge
from app.datasets.schemas import Dialect
from app.datasets.sniff import checked_names

ROWS_AT_ONCE = 20_000
READ_AHEAD = 1 << 20
FRACTION = "%Y-%m-%dT%H:%M:%S%.9f"
# ValueError and OverflowError: moments inside of lists and objects that Python has none for.
BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, pl.exceptions.PolarsError)
FIRST, LAST = dt.datetime.fromisoformat("0001-01-01"), dt.datetime.fromisoformat("9999-12-31T23:59:59")
ZEROS = r"(\.\d*?)0+$"


class NotParquet(Invalid):
    """This Parquet file is damaged or incomplete."""

    status = 415


def sample_parquet(source: BinaryIO, rows: int, sink: BinaryIO) -> Dialect:
    return _write(source, sink, rows)


def write_parquet(source: BinaryIO, sink: BinaryIO) -> Dialect:
    """How the text is read that was written. Raises NotParquet, BadHeader, TooLarge."""
    return _write(source, sink, None)


def _write(source: BinaryIO, sink: BinaryIO, rows: int | None) -> Dialect:
    source.seek(0)
    try:
        file = parquet.ParquetFile(source, buffer_size=READ_AHEAD, pre_buffer=False)
        with file:
            dialect = _begin(file, sink)
            for batch in file.iter_batches(batch_size=min(rows or ROWS_AT_ONCE, ROWS_AT_ONCE)):
                sink.write(_csv(batch).encode())
                _refuse_endless(sink)
                rows = rows if rows is None else rows - len(batch)
                if rows is not None and rows <= 0:
                    break
    except BROKEN as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise NotParquet(f"This Parquet file cannot be read: {said[:200]}") from error
    return dialect


def _begin(file: Any, sink: BinaryIO) -> Dialect:
    if file.metadata.num_rows > settings().max_rows:
        raise TooLarge(
            f"This file has {file.metadata.num_rows:,} rows; {settings().max_rows:,} are allowed (MAX_ROWS)."
        )
    for column in file.schema_arrow:
        _refuse_unknown(column.name, column.type)
    if not len(file.schema_arrow):
        raise NotParquet("This Parquet file has no columns.")
    header = checked_names([name.strip() for name in file.schema_arrow.names])
    begin = pl.DataFrame([header], schema=[str(place) for place in range(len(header))], orient="row")
    text = _text(begin).encode()
    sink.write(text)
    return Dialect(header=header, preamble=len(text), preamble_lines=text.count(b"\n"))


def _refuse_unknown(name: str, given: Any) -> None:
    kind = given.value_type if pa.types.is_dictionary(given) else given
    for inner in [kind.field(place).type for place in range(kind.num_fields)]:
        _refuse_unknown(name, inner)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        raise NotParquet(f"Column {name!r} holds bytes ({kind}), which no dataset can. Leave it out or make it text.")
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        raise NotParquet(f"Column {name!r} holds {kind}, which no dataset can. Make it a number of seconds.")


def _refuse_endless(sink: BinaryIO) -> None:
    if sink.tell() > settings().max_unpacked_mb << 20:
        limit = settings().max_unpacked_mb
        raise UnpacksTooLarge(f"This file unpacks to more than the {limit:,} MB allowed (MAX_UNPACKED_MB).")


def _csv(batch: pa.RecordBatch) -> str:
    columns = [_texts(array).alias(str(place)) for place, array in enumerate(batch.columns)]
    return _text(pl.DataFrame(columns))


def _text(frame: pl.DataFrame) -> str:
    sink = io.StringIO()
    frame.write_csv(sink, include_header=False, quote_style="always" if frame.width == 1 else "necessary")
    return sink.getvalue()


def _texts(array: Any) -> pl.Series:
    """The values of one column as text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array.type, pa.UuidType):
        return pl.Series([None if value is None else str(value) for value in array.to_pylist()], dtype=pl.String())
    array = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
    kind = array.type
    if pa.types.is_nested(kind):
        shown = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in array.to_pylist()
        ]
        return pl.Series(shown, dtype=pl.String())
    if pa.types.is_decimal(kind):
        return pl.Series(
            [None if value is None else format(value, "f") for value in array.to_pylist()], dtype=pl.String()
        )
    if pa.types.is_null(kind):
        return pl.Series([None] * len(array), dtype=pl.String())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.cast(pa.timestamp(kind.unit, "UTC"))
    return _plain(pl.Series(array))


def _plain(values: pl.Series) -> pl.Series:
    name, kind = values.name, values.dtype
    column = pl.col(name)
    if kind.is_float():
        shown = column.cast(pl.String()).str.strip_suffix(".0")
    elif isinstance(kind, pl.Datetime):
        moment = column.dt.replace_time_zone(None)
        shown = _without_zeros(_known(moment, FIRST, LAST).dt.to_string(FRACTION)) + pl.lit(
            "Z" if kind.time_zone else ""
        )
        shown = shown.fill_null(_unknown(column, f"{kind.time_unit} since 1970"))
    elif isinstance(kind, pl.Date):
        shown = (
            _known(column, FIRST.date(), LAST.date()).cast(pl.String()).fill_null(_unknown(column, "days since 1970"))
        )
    elif isinstance(kind, pl.Time):
        shown = _without_zeros(column.dt.to_string("%H:%M:%S%.9f"))
    else:
        shown = column.cast(pl.String())
    return values.to_frame().select(shown).to_series()


def _known(moment: pl.Expr, first: dt.date, last: dt.date) -> pl.Expr:
    """Missing where the year has more than four digits: the engine stops at some of those."""
    return pl.when(moment.is_between(pl.lit(first), pl.lit(last))).then(moment)


def _unknown(moment: pl.Expr, unit: str) -> pl.Expr:
    """As it is counted in the file, so that its row is rejected with a value that can be found there."""
    return moment.to_physical().cast(pl.String()) + pl.lit(f" {unit}")


def _without_zeros(text: pl.Expr) -> pl.Expr:
    return text.str.replace(ZEROS, "$1").str.strip_suffix(".")
