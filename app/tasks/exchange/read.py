"""A file from the storage as a draft: run in a child with limits, because nobody knows what is in it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from app.core import storage
from app.core.errors import Invalid
from app.tasks.exchange.draft import Draft
from app.tasks.exchange.read_csv import CsvWishes, read_csv
from app.tasks.exchange.read_trello import read_trello
from app.tasks.exchange.reading import Wishes
from app.tasks.exchange.schemas import Form, FoundCsv, ImportWishes

SIGNATURES = (b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")


class NotABoardFile(Invalid):
    """This is neither a Trello export (JSON) nor a CSV file."""

    status = 415


@dataclass(frozen=True)
class Found:
    format: Form
    draft: Draft
    csv: FoundCsv | None = None


def read(key: str, file_name: str, wishes: ImportWishes, now: datetime) -> Found:
    """Raises what is wrong with the file, in words for people."""
    return parse(storage.read(key), file_name, wishes, now)


def parse(content: bytes, file_name: str, asked: ImportWishes, now: datetime) -> Found:
    done, columns = (None if names is None else frozenset(names) for names in (asked.done, asked.columns))
    wishes = Wishes(asked.place, now, done, columns)
    head = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise NotABoardFile(f"{file_name} is empty.")
    if head.startswith(SIGNATURES):
        raise NotABoardFile(f"{file_name} is neither JSON nor CSV. In Trello: Menu → Print, export and share → JSON.")
    if head.startswith((b"{", b"[")):
        return Found("trello", read_trello(content, wishes))
    name = (asked.name or PurePath(file_name).stem or "Imported board")[:80]
    found = read_csv(
        content, name, wishes, CsvWishes(asked.encoding, asked.delimiter, asked.mapping, tuple(asked.leave))
    )
    table = found.table
    shown = FoundCsv(encoding=table.encoding, delimiter=table.delimiter, header=table.header, mapping=found.mapping)
    return Found("csv", found.draft, shown)
