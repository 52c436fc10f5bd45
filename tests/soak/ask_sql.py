"""Many questions at once, in a process of their own: for `fuzz_parsers`, which would wait for a start each time."""

from app.core.errors import AppError
from app.queries.read_sql import tables_in


def ask_all(texts: list[str]) -> list[tuple[str, str]]:
    """Those that were not answered or refused in words, with what came instead."""
    found = []
    for text in texts:
        try:
            tables_in(text, {"p"})
        except AppError:
            continue
        except Exception as error:
            found.append((text, repr(error)))
    return found
