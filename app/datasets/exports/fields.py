"""The columns of an export, and how each format wants them from PostgreSQL: as few conversions as the format allows."""

import re
from dataclasses import dataclass

from psycopg import sql

# As in `app.core.spreadsheet`: an apostrophe before them counts, so that one that was added can be taken away again.
DANGEROUS = r"^'*[=+\-@＝＋－＠\t\r\n]"  # the wide ones are formulas where people type wide letters
FIRST_DAY, AFTER_LAST_DAY = "1900-03-01", "10000-01-01"  # before it, spreadsheets do not agree which day a number is
EPOCH_DAYS = 25569  # what a spreadsheet calls 1970-01-01


@dataclass(frozen=True)
class Field:
    """`kind` is a type of a dataset's column, or `json`. Picklable: it goes to a child."""

    name: str
    kind: str
    precision: int = 38
    scale: int = 0


@dataclass(frozen=True)
class Extract:
    """`query` gives these fields in this order, sorted."""

    query: sql.Composed
    fields: tuple[Field, ...]
    title: str


def as_csv(extract: Extract) -> sql.Composed:
    """Only texts can be formulas: a number that starts with a minus stays a number."""
    return _copy(extract, [_harmless(field) for field in extract.fields], "format csv, header")


def as_json(extract: Extract) -> sql.Composed:
    """The text format would double backslashes; with these quotation marks the csv format writes a value as it is."""
    return sql.SQL(
        "copy (select row_to_json(_line) from ({}) as _line) to stdout"
        r" (format csv, quote E'\x01', delimiter E'\x02')"
    ).format(extract.query)


def as_sheet(extract: Extract) -> sql.Composed:
    """Dates and times as the numbers that spreadsheets count; those that they cannot count, as text."""
    return _copy(extract, [_in_sheet(field) for field in extract.fields], "format csv")


def as_values(extract: Extract) -> sql.Composed:
    """Everything as PostgreSQL writes it, but days as numbers."""
    return _copy(extract, [_as_value(field) for field in extract.fields], "format csv")


def _copy(extract: Extract, shown: list[sql.Composable], options: str) -> sql.Composed:
    return sql.SQL("copy (select {} from ({}) as _line) to stdout ({})").format(
        sql.SQL(", ").join(shown), extract.query, sql.SQL(options)
    )


def _harmless(field: Field) -> sql.Composable:
    name = sql.Identifier("_line", field.name)
    shown = sql.Identifier(f"'{field.name}" if re.match(DANGEROUS, field.name) else field.name)
    if field.kind != "text":
        return sql.SQL("{} as {}").format(name, shown)
    return sql.SQL("case when {0} ~ {1} then '''' || {0} else {0} end as {2}").format(
        name, sql.Literal(DANGEROUS), shown
    )


def _in_sheet(field: Field) -> sql.Composable:
    name = sql.Identifier("_line", field.name)
    numbers = {
        "boolean": "{0}::int",
        "date": "case when {0} >= {1} and {0} < {2} then ({0} - date '1899-12-30')::text else {0}::text end",
        "timestamp": "case when {0} >= {1} and {0} < {2} then (date_part('epoch', {0}) / 86400 + {3})::text"
        " else {0}::text end",
    }
    return sql.SQL(numbers.get(field.kind, "{0}")).format(
        name, sql.Literal(FIRST_DAY), sql.Literal(AFTER_LAST_DAY), sql.Literal(EPOCH_DAYS)
    )


def _as_value(field: Field) -> sql.Composable:
    name = sql.Identifier("_line", field.name)
    return sql.SQL("{} - date '1970-01-01'" if field.kind == "date" else "{}").format(name)
