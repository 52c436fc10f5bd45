"""The tables inside of archives, workbooks and Parquet files. Runs in children and jobs only."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from app.core.errors import AppError
from app.datasets.formats.kinds import Kind, check_name, kind_of
from app.datasets.formats.look import Look, NothingInside, text_look
from app.datasets.formats.unpack import RATIO_FROM_BYTES, members_of, open_zip, unpacked
from app.datasets.schemas import Part, Pins
from app.datasets.sniff import SAMPLE_BYTES, NotATable

if TYPE_CHECKING:
    from app.datasets.formats.sheets import Workbook

PIECE = 1 << 20
TRIED_BYTES = RATIO_FROM_BYTES + (4 << 20)


def looks(source: BinaryIO, kind: Kind, file_name: str, pins: Pins, rows: int) -> list[Look]:
    """Every table. Of several, those that cannot be read say why; what is wrong with an only one is raised."""
    if kind is Kind.zip:
        with open_zip(source) as archive:
            members = _wanted([info.filename for info in members_of(archive)], pins)
        found = [one for name in members for one in _member(source, name, pins, rows)]
        if not found:
            raise NothingInside(f"{file_name} holds no files.")
    elif kind is Kind.gzip:
        with unpacked(source, ["gzip"]) as stream:
            found = _unpacked(stream, inner_name(file_name), pins, rows)
        found = [_placed(one, ["gzip"], "") for one in found]
    else:
        found = _tables(source, kind, pins, rows)
    if all(one.part.problem for one in found):
        raise NotATable(found[0].part.problem if len(found) == 1 else _none_fits(file_name, found))
    return found


def _wanted(members: list[str], pins: Pins) -> list[str]:
    """Only the pinned one is looked at, if it is there."""
    pinned = [name for name in members if pins.part == name or (pins.part or "").startswith(f"{name}#")]
    return pinned or members


def inner_name(file_name: str) -> str:
    return PurePath(file_name).stem if file_name.lower().endswith(".gz") else file_name


@contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """On disk, because a workbook is not read from its beginning to its end."""
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, PIECE)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def _none_fits(file_name: str, found: list[Look]) -> str:
    reasons = "; ".join(f"{one.part.name}: {one.part.problem}" for one in found[:5])
    return f"Nothing in {file_name} is a table. {reasons}"


def _member(source: BinaryIO, name: str, pins: Pins, rows: int) -> list[Look]:
    try:
        with unpacked(source, ["zip"], name) as stream:
            found = _unpacked(stream, PurePath(name).name, pins, rows)
    except AppError as error:
        return [Look(Part(name=name, problem=error.message))]
    return [_placed(one, ["zip"], name) for one in found]


def _unpacked(stream: BinaryIO, file_name: str, pins: Pins, rows: int) -> list[Look]:
    head = _up_to(stream, SAMPLE_BYTES)
    kind = kind_of(io.BytesIO(head)) if not head.startswith(b"PK") and not head.startswith(b"\xd0\xcf") else None
    if kind is Kind.gzip:
        raise NotATable(f"{file_name} is an archive in an archive. Unpack it once and send that.")
    if kind is Kind.text:
        check_name(file_name, kind)
        _try_on(stream)
        return [Look(*text_look(head, file_name, pins))]
    with seekable(cast(BinaryIO, _Again(head, stream))) as copy:
        kind = kind_of(copy)
        if kind is Kind.zip:
            raise NotATable(f"{file_name} is an archive in an archive. Unpack it once and send that.")
        check_name(file_name, kind)
        return _tables(copy, kind, pins, rows)


class _Again:
    """A stream whose beginning was read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.head, self.stream = head, stream

    def read(self, size: int) -> bytes:
        part, self.head = self.head, b""
        return part or self.stream.read(size)


def _try_on(stream: BinaryIO) -> None:
    """Far enough that what unpacks to hundreds of times its size is refused before anything is kept."""
    left = TRIED_BYTES
    while left > 0 and (part := stream.read(PIECE)):
        left -= len(part)


def _up_to(stream: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _tables(source: BinaryIO, kind: Kind, pins: Pins, rows: int) -> list[Look]:
    if kind is Kind.parquet:
        from app.datasets.formats.parquet import sample_parquet  # noqa: PLC0415  half a second that texts need not pay

        sink = io.BytesIO()
        dialect = sample_parquet(source, rows, sink)
        return [Look(Part(name="", dialect=dialect.model_copy(update={"source": "parquet"})), sink.getvalue())]
    from app.datasets.formats.sheets import Workbook  # noqa: PLC0415

    book = Workbook(source, kind)
    return [_sheet(book, kind, name, rows) for name in book.sheets()]


def _sheet(book: "Workbook", kind: Kind, name: str, rows: int) -> Look:
    from app.datasets.formats.sheets import sample_sheet  # noqa: PLC0415

    sink = io.BytesIO()
    try:
        dialect, hidden = sample_sheet(book, name, rows, sink)
    except AppError as error:
        return Look(Part(name=name, problem=error.message))
    if dialect is None:
        return Look(Part(name=name, hidden=hidden, problem="This sheet is empty."))
    own = dialect.model_copy(update={"source": str(kind), "sheet": name})
    return Look(Part(name=name, hidden=hidden, dialect=own), sink.getvalue())


def _placed(one: Look, packed: list[str], member: str) -> Look:
    """The same table, seen from outside of the archive."""
    part = one.part
    name = "#".join(text for text in (member, part.name) if text)
    dialect = part.dialect and part.dialect.model_copy(update={"packed": packed, "member": member})
    return Look(part.model_copy(update={"name": name, "dialect": dialect}), one.text)
