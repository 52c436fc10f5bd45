"""Parquet becomes CSV, batch by batch, with every value written exactly. Runs in jobs and children only."""

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
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        raise NotParquet(f"This Parquet file cannot be read: {str(error).splitlines()[0][:200]}") from error
    return dialect


def _begin(file: Any, sink: BinaryIO) -> Dialect:
    if file.metadata.num_rows > settings().max_rows:
        raise TooLarge(
            f"This file has {file.metadata.num_rows:,} rows; {settings().max_rows:,} are allowed (MAX_ROWS)."
        )
    for column in file.schema_arrow:
        _refuse_unknown(column)
    header = checked_names([name.strip() for name in file.schema_arrow.names])
    begin = pl.DataFrame([header], schema=[str(place) for place in range(len(header))], orient="row")
    text = _text(begin).encode()
    sink.write(text)
    return Dialect(header=header, preamble=len(text), preamble_lines=text.count(b"\n"))


def _refuse_unknown(column: Any) -> None:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        raise NotParquet(
            f"Column {column.name!r} holds bytes ({kind}), which no dataset can. Leave it out or make it text."
        )
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        raise NotParquet(f"Column {column.name!r} holds {kind}, which no dataset can. Make it a number of seconds.")


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
    return _plain(pl.Series(array))


def _plain(values: pl.Series) -> pl.Series:
    name, kind = values.name, values.dtype
    column = pl.col(name)
    if kind.is_float():
        shown = column.cast(pl.String()).str.strip_suffix(".0")
    elif isinstance(kind, pl.Datetime):
        moment = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if kind.time_zone else column
        shown = _without_zeros(moment.dt.to_string(FRACTION)) + (pl.lit("Z") if kind.time_zone else pl.lit(""))
    elif isinstance(kind, pl.Time):
        shown = _without_zeros(column.dt.to_string("%H:%M:%S%.9f"))
    else:
        shown = column.cast(pl.String())
    return values.to_frame().select(shown).to_series()


def _without_zeros(text: pl.Expr) -> pl.Expr:
    return text.str.replace(ZEROS, "$1").str.strip_suffix(".")
