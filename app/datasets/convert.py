"""Texts become values, exactly or not at all. What would change silently (rounding, year 24, 60 seconds) is refused."""

from collections.abc import Callable

import polars as pl

from app.datasets.columns import precision_of, scale_of
from app.datasets.named import named
from app.datasets.schemas import Column

TRUE_WORDS = ("true", "t", "1", "yes", "y", "on")
FALSE_WORDS = ("false", "f", "0", "no", "n", "off")
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
# Unambiguous, so their order is free; the ones with a zone end as UTC.
TIMESTAMP_FORMATS = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)
Converter = Callable[[pl.Expr], pl.Expr]


def type_of(column: Column) -> pl.DataType:
    """The type of the Arrow column, which must be that of the PostgreSQL column exactly."""
    types: dict[str, pl.DataType] = {
        "text": pl.String(),
        "integer": pl.Int64(),
        "decimal": pl.Decimal(precision_of(column), scale_of(column)),
        "number": pl.Float64(),
        "boolean": pl.Boolean(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
    }
    return types[column.type]


def converters(column: Column) -> list[Converter]:
    """One after another is tried on what the ones before could not read."""
    if column.type == "text":
        return [lambda text: text]
    if column.type == "boolean":
        return [_true_or_false, _boolean, lambda text: _boolean(text.str.to_lowercase())]
    if column.type == "date":
        return [_date(form) for form in column.formats or DATE_FORMATS]
    if column.type == "timestamp":
        moments = [_timestamp(form) for form in column.formats or TIMESTAMP_FORMATS]
        return moments if column.formats else [*moments, _midnight]
    target = type_of(column)
    return [lambda text: text.cast(target, strict=False)]


def convert(frame: pl.DataFrame, columns: list[Column]) -> pl.DataFrame:
    """The same columns, typed; unreadable is null. The likeliest reading runs on all rows, the rest on what is left."""
    ordered = {column.name: _likeliest_first(frame[column.name].alias("text"), column) for column in columns}
    typed = frame.select(ordered[column.name][0](named(column.name)).alias(column.name) for column in columns)
    for column in columns:
        texts, values = frame[column.name].alias("text"), typed[column.name].alias("value")
        if column.type != "text" and values.null_count() > texts.null_count():
            typed = typed.with_columns(_retried(texts, values, ordered[column.name]).alias(column.name))
    return typed


def _likeliest_first(texts: pl.Series, column: Column) -> list[Converter]:
    """Free order only for our own formats: of formats that a person listed, the first one wins."""
    tried = converters(column)
    first = texts.drop_nulls().head(1)
    if column.formats or len(tried) == 1 or not len(first):
        return tried
    place = next((place for place, reading in enumerate(tried) if not _read(first, reading).null_count()), 0)
    return [tried[place], *tried[:place], *tried[place + 1 :]]


def _read(texts: pl.Series, reading: Converter) -> pl.Series:
    return texts.to_frame("text").select(reading(pl.col("text"))).to_series()


def _retried(texts: pl.Series, values: pl.Series, readings: list[Converter]) -> pl.Series:
    places = (values.is_null() & texts.is_not_null()).arg_true()
    left = texts.gather(places).str.strip_chars()
    found = _read(left, readings[0])
    for reading in readings[1:]:
        if not found.null_count():
            break
        found = found.zip_with(found.is_not_null(), _read(left, reading))
    return values.scatter(places, found)


def _true_or_false(text: pl.Expr) -> pl.Expr:
    """The usual two words, a third of the time that all of them take."""
    return pl.when(text == "true").then(pl.lit(value=True)).when(text == "false").then(pl.lit(value=False))


def _boolean(text: pl.Expr) -> pl.Expr:
    words = {**dict.fromkeys(TRUE_WORDS, True), **dict.fromkeys(FALSE_WORDS, False)}
    return text.replace_strict(words, default=None, return_dtype=pl.Boolean())


def _date(form: str) -> Converter:
    return lambda text: text.str.to_date(form, strict=False, cache=form not in DATE_FORMATS)


def _timestamp(form: str) -> Converter:
    zoned = "%z" in form or "%#z" in form

    def read(text: pl.Expr) -> pl.Expr:
        moment = text.str.to_datetime(form, strict=False, time_unit="us", cache=form not in TIMESTAMP_FORMATS)
        return moment.dt.replace_time_zone(None) if zoned else moment

    return read


def _midnight(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))


def would_change(column: Column, text: pl.Expr) -> pl.Expr | None:
    """True where the text says more than the value keeps. Asked of the text, because the value no longer knows."""
    if column.type == "decimal":
        return text.str.contains(rf"\.\d{{{scale_of(column)}}}\d*[1-9]|[eE]")
    if column.type == "timestamp":
        return text.str.contains(r":60|\.\d{6}\d*[1-9]")
    return None
