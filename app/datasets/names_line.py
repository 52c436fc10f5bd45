"""Do the column names stand in the first line? Exports of banks and ledgers often have a title above their table."""

from app.datasets.cut_blocks import to_utf8
from app.datasets.schemas import Dialect
from app.datasets.sniff import DELIMITERS, SAMPLE_RECORDS, SCORED_BYTES, BadHeader
from app.datasets.split import is_blank, tokenize

FEWEST = 3


def check_names_line(dialect: Dialect, head: bytes) -> None:
    """For a dataset that is not there yet. Raises BadHeader: most of the first rows cannot fit the first line."""
    if dialect.source != "csv":
        return
    rows = to_utf8(head[dialect.preamble :], dialect.encoding, final=False)[:SCORED_BYTES]
    alone = len(dialect.header) == 1 and "delimiter" in dialect.guessed
    tried = [(sign, _usual(rows, sign, dialect.newline)) for sign in (DELIMITERS if alone else dialect.delimiter)]
    delimiter, (count, width, total, line) = max(tried, key=lambda one: one[1][:2])
    if width in (0, 1, len(dialect.header)) or count < FEWEST or count * 2 <= total:
        return
    raise BadHeader(
        f"The first line has {_counted(len(dialect.header), 'column name')}, but {count:,} of the first "
        f"{_counted(total, 'row')} have {width:,} fields (separated by {delimiter!r}), first in line "
        f"{dialect.preamble_lines + line + 1:,}. If the names stand further down, delete the lines above them; "
        "if a name is missing, add it; if that is not what separates them, pin the delimiter."
    )


def _usual(rows: bytes, delimiter: str, newline: str) -> tuple[int, int, int, int]:
    """How many of the first rows have the number of fields that most have, that number, all rows, and the first."""
    lines: dict[int, list[int]] = {}
    total = 0
    for record in tokenize(rows, delimiter, newline, final=len(rows) < SCORED_BYTES):
        if not is_blank(rows[record.start : record.end]):
            lines.setdefault(len(record.fields or []), []).append(record.line)
            total += 1
        if total == SAMPLE_RECORDS:
            break
    count, width = max(((len(found), width) for width, found in lines.items() if width > 1), default=(0, 0))
    return count, width, total, lines[width][0] if width else 0


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")
