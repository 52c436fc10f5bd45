"""The first rows of a source, in a child: for "Test"."""

from typing import Any

from app.sources.connectors.sql import SqlSettings
from app.sources.databases.connect import reading
from app.sources.databases.fetch import access_of, statement_of

SHOWN_ROWS, SHOWN_LETTERS = 3, 40


def sample(settings: SqlSettings) -> tuple[list[str], list[list[Any]]]:
    with reading(access_of(settings)) as connection:
        result = connection.execution_options(stream_results=True).exec_driver_sql(statement_of(settings))
        rows = [[str(value)[:SHOWN_LETTERS] for value in row] for row in result.fetchmany(SHOWN_ROWS)]
        names = list(result.keys())
        result.close()
    return names, rows
