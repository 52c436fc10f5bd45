"""The forms of numbers and dates are those of people: they hold for delimited text, not for what programs wrote."""

from app.datasets.convert import DATE_FORMATS, TIMESTAMP_FORMATS
from app.datasets.decimal_comma import form_of, has_habits
from app.datasets.schemas import Column, DatasetSchema, Dialect

OWN_FORMATS = {"date": DATE_FORMATS, "timestamp": TIMESTAMP_FORMATS}


def as_written(schema: DatasetSchema, dialect: Dialect) -> DatasetSchema:
    """The schema for a file like this one: numbers of programs are plain, and their dates begin with the year."""
    if has_habits(dialect) or not any(column.formats for column in schema.columns):
        return schema
    return schema.model_copy(update={"columns": [_by_program(column) for column in schema.columns]})


def _by_program(column: Column) -> Column:
    """Forms of dates are tried first also there: cells of a workbook may hold a text."""
    if not column.formats:
        return column
    formats = [] if form_of(column) else list(dict.fromkeys([*column.formats, *OWN_FORMATS[column.type]]))
    return column.model_copy(update={"formats": formats})
