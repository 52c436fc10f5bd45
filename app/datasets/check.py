"""All rules on all rows of a block at once, and every failure of every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app.core.errors import Invalid
from app.datasets.as_written import as_written
from app.datasets.conditions import TEXT, Condition, conditions, nul_conditions
from app.datasets.convert import convert
from app.datasets.decimal_comma import form_of, plain
from app.datasets.known_keys import Keys, reference_conditions
from app.datasets.named import named
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
        self.schema = schema = as_written(schema, dialect)
        self.present = set(dialect.header)
        self.conditions = [*conditions(schema, now), *reference_conditions(schema, keys or {})]
        groups: list[tuple[str, ...]] = [(column.name,) for column in schema.columns if column.unique]
        groups += [tuple(schema.key)] if schema.key else []
        self.seen = {group: Seen() for group in groups}

    def check(self, parsed: Parsed, first_row: int) -> Checked:
        texts = self._texts(parsed.frame)
        typed = convert(texts, self.schema.columns)
        whole = _whole(parsed)
        failures = pl.concat(
            [
                _structural(parsed),
                *self._failures(typed, texts, parsed, whole),
                *self._repeats(typed, texts, whole, first_row),
            ]
        ).sort("index", maintain_order=True)
        bad = failures["index"].unique()
        good = pl.repeat(value=True, n=len(typed), eager=True).scatter(bad, False)
        numbered = typed.with_columns(pl.int_range(pl.len(), dtype=pl.Int64()).alias(INDEX))
        return Checked(numbered.filter(good) if len(bad) else numbered, failures, len(typed), len(bad))

    def learn(self, parsed: Parsed, first_row: int) -> None:
        """What was stored before a resume must be known again, or repeats would slip through."""
        texts = self._texts(parsed.frame)
        keys = [column for column in self.schema.columns if any(column.name in group for group in self.seen)]
        for _ in self._repeats(convert(texts, keys), texts, _whole(parsed), first_row):
            pass

    def _texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One column of the schema after another, whatever their order in the file."""
        given = frame.rechunk() if frame.width else pl.DataFrame({INDEX: []})  # else each step would do it again
        empty = {one.name for one in given.select(pl.col(pl.String).eq("").any()) if one.item()}
        return given.with_columns(
            _normal(column, present=column.name in self.present, has_empty=column.name in empty)
            for column in self.schema.columns
        ).select(named(column.name) for column in self.schema.columns)

    def _failures(
        self, typed: pl.DataFrame, texts: pl.DataFrame, parsed: Parsed, whole: pl.Series | None
    ) -> Iterator[pl.DataFrame]:
        """Where a condition cannot be told (null), it does not fail."""
        asked = [*self.conditions, *(nul_conditions(self.schema) if parsed.has_nul else ())]
        frame = typed.hstack([texts[name].alias(TEXT + name) for name in texts.columns])
        masks = frame.lazy().select(one.fails.alias(str(place)) for place, one in enumerate(asked)).collect()
        for place, one in enumerate(asked):
            mask = masks[str(place)]
            if mask.any():
                places = (mask if whole is None else mask & whole).arg_true()
                yield _lines(places, one, self._shown(parsed.frame, one, places))

    def _shown(self, frame: pl.DataFrame, condition: Condition, places: pl.Series) -> pl.Series:
        """The values as they stand in the file, before anything was trimmed or filled in."""
        shown = [name for name in condition.shows if name in self.present]
        if not shown:
            return pl.repeat(None, len(places), dtype=pl.String(), eager=True)
        parts = [named(name) if len(shown) == 1 else named(name).fill_null("") for name in shown]
        value = pl.concat_str(parts, separator=" | ").str.replace_all("\0", "␀", literal=True)
        return frame.select(named(name).gather(places) for name in shown).select(value).to_series()

    def _repeats(
        self, typed: pl.DataFrame, texts: pl.DataFrame, whole: pl.Series | None, first_row: int
    ) -> Iterator[pl.DataFrame]:
        """Of values, not of texts: 01 is 1 again, and PostgreSQL would find out."""
        for group, seen in self.seen.items():
            asked = typed.select(pl.all_horizontal(named(name).is_not_null() for name in group)).to_series()
            keys = typed.select(map(named, group))
            places, first = seen.repeats(keys, asked if whole is None else asked & whole, first_row)
            if len(places):
                yield _repeated(texts, group, places, first)


def _try_patterns(schema: DatasetSchema) -> None:
    for column in schema.columns:
        try:
            pl.Series([""]).str.contains(column.pattern or "")
        except pl.exceptions.PolarsError as error:
            raise BadPattern(f"Column {column.name!r}: pattern {column.pattern!r} is not understood.") from error


def _normal(column: Column, *, present: bool, has_empty: bool) -> pl.Expr:
    """Transformed, empty as missing, numbers with a decimal point, default filled in."""
    if not present:
        return pl.lit(column.default, dtype=pl.String()).alias(column.name)
    text = named(column.name)
    for step in column.transform:
        if step == "trim":
            text = text.str.strip_chars()
        else:
            text = text.str.to_uppercase() if step == "upper" else text.str.to_lowercase()
    if has_empty or column.transform:
        text = pl.when(text != "").then(text)
    if form := form_of(column):
        text = plain(text, form)
    return (text.fill_null(pl.lit(column.default)) if column.default is not None else text).alias(column.name)


def _whole(parsed: Parsed) -> pl.Series | None:
    """False for records that are no rows: rules would only add noise to what is wrong with them. None: all are rows."""
    if not parsed.broken:
        return None
    whole = pl.repeat(value=True, n=len(parsed.frame), eager=True)
    return whole.scatter([one.index for one in parsed.broken], False)


def _structural(parsed: Parsed) -> pl.DataFrame:
    lines = [(one.index, "", one.rule, None, one.message) for one in parsed.broken]
    return pl.DataFrame(lines, schema=FAILURE, orient="row")


def _lines(places: pl.Series, condition: Condition, shown: pl.Series) -> pl.DataFrame:
    quoted = pl.concat_str(pl.lit(f'{condition.column} "'), pl.col("value").str.slice(0, SHOWN), pl.lit('"'))
    about = pl.when(pl.col("value").is_null()).then(pl.lit(condition.column)).otherwise(quoted)
    if condition.rule == "required":
        about = pl.lit(condition.column)
    is_sentence = len(condition.shows) != 1 or not condition.words.startswith(" ")  # of a rule with its own message
    message = pl.lit(condition.words) if is_sentence else pl.concat_str(about, _words(condition))
    return pl.DataFrame({"index": places.cast(pl.Int64()), "value": shown}).select(
        pl.col("index"),
        pl.lit(condition.column).alias("column"),
        pl.lit(condition.rule).alias("rule"),
        pl.col("value"),
        message.alias("message"),
    )


def _words(condition: Condition) -> pl.Expr:
    if condition.otherwise is None:
        return pl.lit(condition.words)
    pattern, words = condition.otherwise
    return pl.when(pl.col("value").str.contains(pattern)).then(pl.lit(words)).otherwise(pl.lit(condition.words))


def _repeated(texts: pl.DataFrame, group: tuple[str, ...], places: Ints, first: Ints) -> pl.DataFrame:
    value = pl.concat_str([named(name) for name in group], separator=" | ")
    name = ", ".join(group)
    return pl.DataFrame({"index": places, "first": first}).select(
        pl.col("index"),
        pl.lit(name).alias("column"),
        pl.lit("unique").alias("rule"),
        texts.select(value.alias("value")).to_series().gather(places),
        pl.concat_str(pl.lit(f"{name} was there before, in row "), pl.col("first"), pl.lit(" of this file.")).alias(
            "message"
        ),
    )
