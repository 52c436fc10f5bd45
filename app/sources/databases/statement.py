"""Is this one SELECT? For children only: what a person wrote is parsed here."""

import sqlglot
from sqlglot import exp

from app.core.errors import Invalid

WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock, exp.Command, exp.Create, exp.Drop)
KNOWN = {str(name) for name in sqlglot.Dialects.__members__.values()}


class NotOneSelect(Invalid):
    """Write exactly one SELECT."""


def check_select(sql: str, dialect: str) -> str:
    """The statement without comments and without a semicolon at its end. Raises NotOneSelect."""
    known = dialect if dialect in KNOWN else ""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=known) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        at = getattr(error, "errors", None)
        place = f" (line {at[0].get('line')}, column {at[0].get('col')})" if at else ""
        raise _refused(f"this SQL cannot be read{place}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise _refused("write exactly one SELECT")
    if found := next(trees[0].find_all(*WRITES), None):
        raise _refused(f"a source only reads; leave out {type(found).__name__.upper()}")
    return trees[0].sql(dialect=known, comments=False)


def _refused(why: str) -> NotOneSelect:
    sentence = f"{why[0].upper()}{why[1:]}."
    return NotOneSelect(f"settings.query: {why}.", details=[{"field": "settings.query", "message": sentence}])
