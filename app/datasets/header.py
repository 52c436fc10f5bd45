"""How the columns of a file meet the columns of a schema: by name, in any order."""

from app.core.errors import Invalid
from app.datasets.schemas import DatasetSchema, Dialect

NAMES_SHOWN = 30


class ColumnsMissing(Invalid):
    """This file lacks columns that the dataset requires."""


def match_header(schema: DatasetSchema, dialect: Dialect) -> Dialect:
    """The file's columns under the schema's spelling, and what does not match. Raises ColumnsMissing."""
    if dialect.format == "ndjson":
        return _match_keys(schema, dialect)
    spelling = {column.name.casefold(): column.name for column in schema.columns}
    header = [spelling.get(name.casefold(), name) for name in dialect.header]
    given = set(header)
    missing = [column.name for column in schema.columns if column.name not in given]
    needed = [name for name in missing if _is_needed(schema, name)]
    if needed or len(missing) == len(schema.columns):
        raise ColumnsMissing(
            f"The file lacks the column{'s' if len(needed or missing) > 1 else ''} {_listed(needed or missing)}. "
            f"Its columns are: {_listed(dialect.header)}. "
            f"If these look wrong, pin the delimiter (guessed: {dialect.delimiter!r})."
        )
    known = set(spelling.values())
    return dialect.model_copy(
        update={"header": header, "absent": missing, "ignored": [name for name in header if name not in known]}
    )


def _match_keys(schema: DatasetSchema, dialect: Dialect) -> Dialect:
    """Each object has keys of its own, so columns that the first ones lack may still come."""
    spelling = {column.name.casefold(): column.name for column in schema.columns}
    header = [spelling.get(name.casefold(), name) for name in dialect.header]
    later = [column.name for column in schema.columns if column.name not in header]
    if len(later) == len(schema.columns):
        raise ColumnsMissing(
            f"No object at the beginning of the file has any of the columns {_listed(later)}. "
            f"They have: {_listed(dialect.header)}."
        )
    known = set(spelling.values())
    return dialect.model_copy(
        update={
            "header": header + later,
            "keys": (dialect.keys or dialect.header) + later,
            "ignored": [name for name in header if name not in known],
        }
    )


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _is_needed(schema: DatasetSchema, name: str) -> bool:
    column = schema.column(name)
    return name in schema.key or (column.required and column.default is None)
