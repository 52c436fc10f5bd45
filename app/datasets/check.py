"""All rules on all rows of a block at once, and every failure of every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app.core.errors import Invalid
from app.datasets.conditions import TEXT, Condition, conditions, nul_conditions
from app.datasets.convert import convert
from app.datasets.known_keys import Keys, reference_conditions
from app.datasets.parse import Ints, Parsed
from app.datasets.schemas import Column, DatasetSchema, Dialect
from app.datasets.unique import Seen

SHOWN = 120
INDEX = "__index"
FAILURE = {"index": pl.Int64, "column": pl.String, "rule": pl.String, "value": pl.String, "message": pl.String}


class BadPattern(Invalid):
    """A pattern of this dataset is not a regular expression that runs in linear time."""


@dataclass(frozen=True)
class Checked:
    """`valid` is typed, with the index of its row in the block; `failures` has one line per row and rule."""

    valid: pl.DataFrame
    failures: pl.DataFrame
    rows: int
    rejected: int


class Checker:
    """Built once per batch: the conditions of a schema, and what was seen before in columns that must be unique."""

    def __init__(
        self, schema: DatasetSchema, dialect: Dialect, now: datetime, keys: dict[str, Keys] | None = None
    ) -> None:
        _try_patterns(schema)
        self.schema = schema
        self.present = set(dialect.header)
        self.conditions = [*conditions(schema, now), *reference_conditions(schema, keys or {})]
        groups: list[tuple[str, ...]] = [(column.name,) for column in schema.columns if column.unique]
        groups += [tuple(schema.key)] if schema.key else []
        self.seen = {group: Seen() for group in groups}

    def check(self, parsed: Parsed, first_row: int) -> Checked:
        texts = self._texts(parsed.frame)
        typed = convert(texts, self.schema.columns).with_row_index(INDEX).with_columns(pl.col(INDEX).cast(pl.Int64()))
        frame = typed.hstack([texts[name].alias(TEXT + name) for name in texts.columns])
        whole = _whole(parsed)
        failures = pl.concat(
            [
                _structural(parsed),
                *self._failures(frame, parsed, whole),
                *self._repeats(texts, whole, first_row),
            ]
        ).sort("index", maintain_order=True)
        bad = failures["index"].unique()
        good = pl.repeat(value=True, n=len(typed), eager=True)
        valid = typed.filter(good.scatter(bad, False)) if len(bad) else typed
        return Checked(valid, failures, len(typed), len(bad))

    def learn(self, parsed: Parsed, first_row: int) -> None:
        """What was stored before a resume must be known again, or repeats would slip through."""
        for _ in self._repeats(self._texts(parsed.frame), _whole(parsed), first_row):
            pass

    def _texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One column of the schema after another, whatever their order in the file."""
        given = frame if frame.width else pl.DataFrame({INDEX: []})
        return given.with_columns(
            _normal(column, present=column.name in self.present) for column in self.schema.columns
        ).select(column.name for column in self.schema.columns)

    def _failures(self, frame: pl.DataFrame, parsed: Parsed, whole: pl.Series) -> Iterator[pl.DataFrame]:
        asked = [*self.conditions, *(nul_conditions(self.schema) if parsed.has_nul else ())]
        masks = frame.select(
            (one.fails.fill_null(value=False) & whole).alias(str(place)) for place, one in enumerate(asked)
        )
        for place, one in enumerate(asked):
            mask = masks[str(place)]
            if mask.any():
                yield _lines(frame.filter(mask), one, self._shown(parsed.frame, one).filter(mask))

    def _shown(self, frame: pl.DataFrame, condition: Condition) -> pl.Series:
        """The values as they stand in the file, before anything was trimmed or filled in."""
        shown = [name for name in condition.shows if name in self.present]
        if not shown:
            return pl.repeat(None, len(frame), dtype=pl.String(), eager=True)
        parts = [pl.col(name) if len(shown) == 1 else pl.col(name).fill_null("") for name in shown]
        value = pl.concat_str(parts, separator=" | ").str.replace_all("\0", "␀", literal=True)
        return frame.select(value).to_series()

    def _repeats(self, texts: pl.DataFrame, whole: pl.Series, first_row: int) -> Iterator[pl.DataFrame]:
        for group, seen in self.seen.items():
            given = texts.select(pl.all_horizontal(pl.col(name).is_not_null() for name in group)).to_series()
            places, first = seen.repeats(texts.select(group), whole & given, first_row)
            if len(places):
                yield _repeated(texts, group, places, first)


def _try_patterns(schema: DatasetSchema) -> None:
    for column in schema.columns:
        try:
            pl.Series([""]).str.contains(column.pattern or "")
        except pl.exceptions.PolarsError as error:
            raise BadPattern(f"Column {column.name!r}: pattern {column.pattern!r} is not understood.") from error


def _normal(column: Column, *, present: bool) -> pl.Expr:
    """Transformed, empty as missing, default filled in."""
    if not present:
        return pl.lit(column.default, dtype=pl.String()).alias(column.name)
    text = pl.col(column.name)
    for step in column.transform:
        if step == "trim":
            text = text.str.strip_chars()
        else:
            text = text.str.to_uppercase() if step == "upper" else text.str.to_lowercase()
    text = pl.when(text != "").then(text)
    return (text.fill_null(pl.lit(column.default)) if column.default is not None else text).alias(column.name)


def _whole(parsed: Parsed) -> pl.Series:
    """False for records that are no rows: rules would only add noise to what is wrong with them."""
    whole = pl.repeat(value=True, n=len(parsed.frame), eager=True)
    places = [one.index for one in parsed.broken]
    return whole.scatter(places, False) if places else whole


def _structural(parsed: Parsed) -> pl.DataFrame:
    lines = [(one.index, "", one.rule, None, one.message) for one in parsed.broken]
    return pl.DataFrame(lines, schema=FAILURE, orient="row")


def _lines(rows: pl.DataFrame, condition: Condition, shown: pl.Series) -> pl.DataFrame:
    quoted = pl.concat_str(pl.lit(f'{condition.column} "'), pl.col("value").str.slice(0, SHOWN), pl.lit('"'))
    about = pl.when(pl.col("value").is_null()).then(pl.lit(condition.column)).otherwise(quoted)
    if condition.rule == "required":
        about = pl.lit(condition.column)
    message = pl.lit(condition.words) if len(condition.shows) != 1 else pl.concat_str(about, pl.lit(condition.words))
    return rows.select(
        pl.col(INDEX).alias("index"),
        pl.lit(condition.column).alias("column"),
        pl.lit(condition.rule).alias("rule"),
        shown.alias("value"),
    ).with_columns(message.alias("message"))


def _repeated(texts: pl.DataFrame, group: tuple[str, ...], places: Ints, first: Ints) -> pl.DataFrame:
    value = pl.concat_str([pl.col(name) for name in group], separator=" | ")
    name = ", ".join(group)
    return pl.DataFrame({"index": places, "first": first}).select(
        pl.col("index"),
        pl.lit(name).alias("column"),
        pl.lit("unique").alias("rule"),
        texts.select(value).to_series().gather(places).alias("value"),
        pl.concat_str(pl.lit(f"{name} was there before, in row "), pl.col("first"), pl.lit(" of this file.")).alias(
            "message"
        ),
    )
