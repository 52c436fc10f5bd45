"""What a person asks rows to be, in the small language of rules, as a condition for the database."""

from collections.abc import Callable

from psycopg import sql

from app.core import clock
from app.core.errors import Invalid
from app.datasets import expressions
from app.datasets.columns import read_rule
from app.datasets.compile_sql import compile_sql
from app.datasets.schemas import DatasetSchema

MAX_LENGTH = 1000


class FilterRefused(Invalid):
    """This filter cannot be read. It is a condition such as amount > 100 and currency == "EUR"."""


def row_filter(schema: DatasetSchema, where: str | None) -> sql.Composable | None:
    """Keeps the rows for which it is true; one that is unknown, because a value is missing, is not."""
    if not where or not where.strip():
        return None
    return _filter(where, lambda: read_rule(schema, where))


def filter_over(kinds: dict[str, str], where: str | None) -> sql.Composable | None:
    """The same over columns that are no dataset's."""
    if not where or not where.strip():
        return None
    return _filter(where, lambda: expressions.condition(where, kinds))


def _filter(where: str, read: Callable[[], expressions.Node]) -> sql.Composable:
    if len(where) > MAX_LENGTH:
        raise FilterRefused(f"This filter has {len(where):,} characters; {MAX_LENGTH:,} are allowed.")
    try:
        return compile_sql(read(), clock.now())
    except expressions.ExpressionError as error:
        raise FilterRefused(f"where, at character {error.at}: {error.reason}.") from error
