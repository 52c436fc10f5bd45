"""How the columns of a file meet the columns of a schema: by name, in any order."""

from collections import Counter
from hashlib import sha256

from app.core.errors import Invalid
from app.datasets.columns import check_column_name
from app.datasets.schemas import DatasetSchema, Dialect

NAMES_SHOWN = 30
NAME_BYTES = 54


class ColumnsMissing(Invalid):
    """This file lacks columns that the dataset requires."""


def match_header(schema: DatasetSchema, dialect: Dialect) -> Dialect:
    """The file's columns under the schema's spelling, and what does not match. Raises ColumnsMissing."""
    if dialect.format == "ndjson":
        return _match_keys(schema, dialect)
    header = _spelled(schema, dialect.header)
    given = set(header)
    missing = [column.name for column in schema.columns if column.name not in given]
    needed = [name for name in missing if _is_needed(schema, name)]
    if needed or len(missing) == len(schema.columns):
        raise ColumnsMissing(
            f"The file lacks the column{'s' if len(needed or missing) > 1 else ''} {_listed(needed or missing)}. "
            f"Its columns are: {_listed(dialect.header)}. "
            f"If these look wrong, pin the delimiter (guessed: {dialect.delimiter!r}), "
            "or delete the lines above the column names."
        )
    known = {column.name for column in schema.columns}
    return dialect.model_copy(
        update={"header": header, "absent": missing, "ignored": [name for name in header if name not in known]}
    )


def _match_keys(schema: DatasetSchema, dialect: Dialect) -> Dialect:
    """Each object has keys of its own, so columns that the first ones lack may still come."""
    header = _spelled(schema, dialect.header)
    later = [column.name for column in schema.columns if column.name not in header]
    if len(later) == len(schema.columns):
        raise ColumnsMissing(
            f"No object at the beginning of the file has any of the columns {_listed(later)}. "
            f"They have: {_listed(dialect.header)}."
        )
    known = {column.name for column in schema.columns}
    return dialect.model_copy(
        update={
            "header": header + later,
            "keys": (dialect.keys or dialect.header) + later,
            "ignored": [name for name in header if name not in known],
        }
    )


def column_names(header: list[str]) -> list[str]:
    """What the columns of a file are called in a dataset: names that it cannot have get the nearest one it can.

    Where two come out alike, the changed ones end on a mark of their own, whatever their order in the file.
    """
    plain = [_usable(name) for name in header]
    uses = Counter(name.casefold() for name in plain)
    return [
        name if name == source or uses[name.casefold()] == 1 else _marked(source)
        for source, name in zip(header, plain, strict=True)
    ]


def _spelled(schema: DatasetSchema, header: list[str]) -> list[str]:
    """As the schema spells them; a name that no dataset can have means the column that was made of it."""
    free = {column.name.casefold(): column.name for column in schema.columns}
    found = {name: free.pop(name.casefold()) for name in header if name.casefold() in free}
    for meant in (_marked, _usable):
        for name in header:
            if name not in found and _usable(name) != name and meant(name).casefold() in free:
                found[name] = free.pop(meant(name).casefold())
    return [found.get(name, name) for name in header]


def _usable(name: str) -> str:
    try:
        return check_column_name(name)
    except ValueError:
        return _shortened(name) or "column"


def _marked(name: str) -> str:
    return f"{_usable(name).encode()[:NAME_BYTES].decode('utf-8', 'ignore')}_{sha256(name.encode()).hexdigest()[:8]}"


def _shortened(name: str) -> str:
    signs = "".join(sign for sign in name if sign.isprintable()).strip().lstrip("_ ")
    return signs.encode()[:60].decode("utf-8", "ignore").strip()


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _is_needed(schema: DatasetSchema, name: str) -> bool:
    column = schema.column(name)
    return name in schema.key or (column.required and column.default is None)
