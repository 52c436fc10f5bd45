"""Parquet as a stream of row groups, with the very types of the dataset. Runs in a child."""

import io
from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from app.datasets.exports.copy_out import in_chunks, messages
from app.datasets.exports.fields import Field
from app.datasets.named import named
from app.datasets.plain_text import plain_text

BLOCK_BYTES = 4 << 20


class Spool(io.RawIOBase):
    """Takes what a writer writes, until it is fetched."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        content = bytes(part)  # type: ignore[call-overload]  # whatever Arrow has: bytes or one of its buffers
        self._parts.append(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        return self._written

    def fetch(self) -> bytes:
        content = b"".join(self._parts)
        self._parts.clear()
        return content


def write(url: str, copy: str, fields: tuple[Field, ...], _title: str) -> Iterator[bytes]:
    """The rows of a COPY statement as `fields.as_values` writes it."""
    spool = Spool()
    texts = {field.name: _read_as(field) for field in fields}
    with pq.ParquetWriter(spool, pa.schema([(f.name, _arrow_type(f)) for f in fields]), compression="zstd") as writer:
        for block in in_chunks(messages(url, copy), BLOCK_BYTES):
            frame = pl.read_csv(plain_text(block), has_header=False, schema=texts)
            writer.write_table(_typed(frame, fields, writer.schema))
            yield spool.fetch()
    yield spool.fetch()


def _typed(frame: pl.DataFrame, fields: tuple[Field, ...], schema: pa.Schema) -> pa.Table:
    return frame.select(_value(field) for field in fields).to_arrow().cast(schema)


def _read_as(field: Field) -> pl.DataType:
    read = {"integer": pl.Int64(), "number": pl.Float64(), "date": pl.Int32()}
    return read.get(field.kind, pl.String())


def _value(field: Field) -> pl.Expr:
    column = named(field.name)
    if field.kind == "decimal":
        return column.cast(pl.Decimal(field.precision, field.scale))
    if field.kind == "boolean":
        return column == "t"
    if field.kind == "date":
        return column.cast(pl.Date())
    if field.kind == "timestamp":
        return column.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
    return column


def _arrow_type(field: Field) -> pa.DataType:
    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "decimal": pa.decimal128(field.precision, field.scale),
    }
    return types.get(field.kind, pa.string())
