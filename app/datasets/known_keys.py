"""What a column that refers to another dataset may hold: read once when a load begins, then searched block by block.

Whole numbers, dates and moments are kept as they are, everything else as 128 bits of hash: at most 16 bytes a key,
sorted, so that a block costs one search per distinct value, however many keys there are.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from psycopg import sql
from sqlalchemy.orm import Session

from app.core.db import raw
from app.core.errors import Invalid
from app.datasets.conditions import Condition
from app.datasets.convert import convert
from app.datasets.named import named
from app.datasets.references import Target, target_of
from app.datasets.schemas import Column, DatasetSchema
from app.datasets.stage import table_of

MAX_KEYS = 10_000_000
KEYS_IN_A_PART = 5000
MINUTES = "10min"
WHOLE = (pl.Int64, pl.Date, pl.Datetime)
Marks = npt.NDArray[np.uint64]


class TooManyKeys(Invalid):
    """A column refers to one with more different values than can be held in memory."""


class Keys:
    """The values that are there, of one type."""

    def __init__(self, parts: list[pl.Series]) -> None:
        marks = [_marks(part) for part in parts]
        none = np.empty(0, dtype=np.uint64)
        high = np.concatenate([one for one, _ in marks] or [none])
        low = np.concatenate([one for _, one in marks] or [none])
        order = np.argsort(high, kind="stable")
        self.high, self.low = high[order], low[order]

    def lacks(self, values: pl.Series) -> pl.Series:
        """True for each value that is not among the keys. A missing value lacks nothing."""
        values = values.alias("value")
        distinct = values.drop_nulls().unique()
        strange = distinct.filter(pl.Series(~self._holds(*_marks(distinct)), dtype=pl.Boolean()))
        if not len(strange):
            return pl.repeat(value=False, n=len(values), eager=True)
        return values.is_in(strange.implode()).fill_null(value=False)

    def _holds(self, high: Marks, low: Marks) -> npt.NDArray[np.bool_]:
        if not len(self.high):
            return np.zeros(len(high), dtype=bool)
        place = np.searchsorted(self.high, high)
        near = np.minimum(place, len(self.high) - 1)
        same = self.high[near] == high
        found: npt.NDArray[np.bool_] = same & (self.low[near] == low)
        for index in np.flatnonzero(same & ~found):  # two different keys share one half: look at all of them
            last = np.searchsorted(self.high, high[index], side="right")
            found[index] = bool((self.low[place[index] : last] == low[index]).any())
        return found


def _marks(values: pl.Series) -> tuple[Marks, Marks]:
    if values.dtype in WHOLE:
        exact = values.to_physical().cast(pl.Int64()).to_numpy().astype(np.int64).view(np.uint64)
        return exact, np.zeros(len(exact), dtype=np.uint64)
    texts = values.cast(pl.String())
    return texts.hash(seed=1).to_numpy(), texts.hash(seed=2).to_numpy()


def known_keys(db: Session, schema: DatasetSchema) -> dict[str, Keys]:
    """For each column that refers to another dataset the values live there now. Raises BadReference, TooManyKeys."""
    referring = [column for column in schema.columns if column.references]
    if referring:
        raw(db).execute(f"set local statement_timeout = '{MINUTES}'")
    return {column.name: Keys(list(_values(db, column, target_of(db, column)))) for column in referring}


def _values(db: Session, column: Column, target: Target) -> Iterator[pl.Series]:
    """In parts: a message for each single key would take longer than everything else together."""
    kind = Column(name="key", type=column.type, decimals=column.decimals)
    query = sql.SQL(
        "select count(*), string_agg(convert_to(key, 'UTF8'), '\\x00') from"
        " (select key, (row_number() over () - 1) / {} as part from"
        " (select distinct {}::text as key from {} where {} is not null limit {}) as known) as numbered group by part"
    ).format(
        sql.Literal(KEYS_IN_A_PART),
        sql.Identifier(target.column.name),
        table_of(target.dataset_id),
        sql.Identifier(target.column.name),
        sql.Literal(MAX_KEYS + 1),
    )
    keys = 0
    with raw(db).cursor() as cursor:
        for count, joined in cursor.stream(query, binary=True):
            keys += count
            if keys > MAX_KEYS:
                raise TooManyKeys(_too_many(column))
            texts = pl.Series("key", [bytes(joined).decode()]).str.split("\0").explode()
            yield convert(texts.to_frame(), [kind])["key"]


def _too_many(column: Column) -> str:
    assert column.references is not None
    place = f"{column.references.column!r} of the dataset {column.references.dataset}"
    return f"Column {column.name!r} refers to {place}, which has more than {MAX_KEYS:,} different values."


def reference_conditions(schema: DatasetSchema, keys: dict[str, Keys]) -> list[Condition]:
    return [_condition(column, keys[column.name]) for column in schema.columns if column.name in keys]


def _condition(column: Column, keys: Keys) -> Condition:
    assert column.references is not None
    words = f" is not among {column.references.column} of the dataset {column.references.dataset}."
    fails = named(column.name).map_batches(keys.lacks, return_dtype=pl.Boolean())
    return Condition(column.name, "references", fails, words, (column.name,))
