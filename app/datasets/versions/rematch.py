"""How the columns of a file that is stored already meet a changed schema."""

from app.datasets.schemas import DatasetSchema, Dialect


def rematch(schema: DatasetSchema, dialect: Dialect, renamed: dict[str, str]) -> Dialect:
    """`renamed`: old name -> new name. What the file lacks is missing in each of its rows, as their rules will say."""
    header = [renamed.get(name, name) for name in dialect.header]
    spelling = {column.name.casefold(): column.name for column in schema.columns}
    taken = {renamed.get(name, name) for name in dialect.header if name in renamed}
    header = [
        _unlike(name, taken) if old not in renamed else name for old, name in zip(dialect.header, header, strict=True)
    ]
    header = [spelling.get(name.casefold(), name) for name in header]
    absent = [column.name for column in schema.columns if column.name not in header]
    keys = dialect.keys
    if dialect.format == "ndjson" and absent:
        # An object may have had the new name all along.
        keys, header, absent = [*(keys or dialect.header), *absent], [*header, *absent], []
    elif dialect.format == "ndjson":
        keys = keys or dialect.header
    known = set(spelling.values())
    ignored = [name for name in header if name not in known]
    return dialect.model_copy(update={"header": header, "keys": keys, "absent": absent, "ignored": ignored})


def _unlike(name: str, taken: set[str]) -> str:
    """A column that nobody wanted may have the name that another one has now."""
    while name.casefold() in taken:
        name += " (in the file)"
    return name
