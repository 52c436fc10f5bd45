"""Numbers as much of Europe writes them, 1.234,56: read, recognised, and told from what only looks like them.

Only delimited text is written by people's habits. Workbooks, JSON, Parquet and databases hold numbers.
"""

import re
from collections.abc import Mapping

import polars as pl

from app.datasets.columns import NUMERIC
from app.datasets.schemas import Column, Dialect

GROUPS = {"1234,56": "", "1.234,56": ".", "1 234,56": " \u00a0\u2009\u202f"}
UNREADABLE = "?"  # before a text that is not in the form: no number begins like that
PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# What no English number is: 12,5 or 0,123 or 1234,567. In 1,234 the comma may stand between thousands.
LIKELY = r",(?:[0-9]{1,2}|[0-9]{4,})$|^[+-]?0,|[0-9]{4},"
CERTAIN = r"[0-9][^0-9,][0-9]{3},[0-9]"
POINTS = r"^[+-]?[0-9]+(?:\.[0-9]+)?$"
SURE_POINT = r"\.(?:[0-9]{1,2}|[0-9]{4,})$|^[+-]?0\.|[0-9]{4}\."
MAYBE_GROUPS = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})*$"


def has_habits(dialect: Dialect) -> bool:
    return dialect.format == dialect.source == "csv" and not dialect.numbers


def form_of(column: Column) -> str | None:
    return column.formats[0] if column.formats and column.type in NUMERIC else None


def plain(text: pl.Expr, form: str) -> pl.Expr:
    """1234.56 for 1.234,56. What is not exactly in the form becomes a text that no number is read from."""
    signs = [*GROUPS[form], ","]
    number = text.str.replace_many(signs, [*[""] * (len(signs) - 1), "."])
    return pl.when(text.str.contains(_pattern(form))).then(number).otherwise(pl.lit(UNREADABLE) + text)


def _pattern(form: str) -> str:
    groups = rf"|[1-9][0-9]{{0,2}}(?:[{GROUPS[form]}][0-9]{{3}})+" if GROUPS[form] else ""
    return rf"^\s*[+-]?(?:(?:[0-9]+{groups})(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"


def in_form(column: Column, dialect: Dialect, text: str) -> str:
    """A plain number as such a file would write it: what stands in a workbook, for a row of a text file."""
    wanted = form_of(column) and has_habits(dialect) and PLAIN.fullmatch(text.strip())
    return text.replace(".", ",") if wanted else text


def forms_in(columns: Mapping[str, pl.Series], delimiter: str) -> dict[str, str | None]:
    """By column: the form that its values prove; None where nobody can tell 1.234 from 1234 in a file that proves one.

    A quoted 12,5 between commas, or beside a 12.5, could be a list: that takes a 1.234,56.
    """
    lists = delimiter == "," or any(_all(POINTS, one) and _any(SURE_POINT, one) for one in columns.values())
    proof = CERTAIN if lists else f"{CERTAIN}|{LIKELY}"
    found: dict[str, str | None] = {}
    for name, values in columns.items():
        form = next((form for form in GROUPS if _all(_pattern(form), values)), None)
        if form and _any(proof, values):
            found[name] = form
    doubtful = [one for one, values in columns.items() if _all(MAYBE_GROUPS, values) and _any(r"\.", values)]
    return found | dict.fromkeys(doubtful) if found else {}


def _all(pattern: str, values: pl.Series) -> bool:
    return len(values) > 0 and bool(values.str.contains(pattern).all())


def _any(pattern: str, values: pl.Series) -> bool:
    return bool(values.str.contains(pattern).any())
