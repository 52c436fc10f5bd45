"""What is this file, and which tables are in it? Told by its bytes; a name that says something else is refused.

Plain text is looked at right here. Whatever must be unpacked is looked at in a child with limits.
"""

import io
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.core import children, storage
from app.core.errors import Invalid, TooLarge
from app.datasets.formats.json_head import sniff_json
from app.datasets.formats.kinds import Kind, check_name, kind_of
from app.datasets.schemas import Part, Pins, Upload
from app.datasets.sniff import SAMPLE_BYTES, check_content, sniff

SECONDS = 120
MEMORY_MB = 2048
HEADER_ROWS = 200


class NoSuchPart(Invalid):
    """This file has no such sheet or member."""


class NeedsTooMuch(TooLarge):
    """This file needs more memory than is allowed."""


class NothingInside(Invalid):
    """There is no table in this file."""

    status = 415


@dataclass(frozen=True)
class Look:
    """A part, and the beginning of the text that will be cut into its rows."""

    part: Part
    text: bytes = b""

    def rows_in(self, source: BinaryIO) -> BinaryIO:
        """Plain text is read to its end, of anything else the first rows."""
        dialect = self.part.dialect
        is_plain = dialect is not None and dialect.source in ("csv", "ndjson") and not dialect.packed
        return source if is_plain else io.BytesIO(self.text)


def look(upload: Upload, pins: Pins) -> list[Part]:
    """Every table of the file, or the pinned one. Raises what is wrong with a file that has only one."""
    with storage.open_file(upload.key) as source:
        kind = kind_of(source)
        if kind is Kind.text:
            return [one.part for one in look_inside(source, upload.file_name, pins, HEADER_ROWS)]
    parts: list[Part] = call_reader("app.datasets.formats.look:parts_of", upload, pins)
    return parts


def call_reader(target: str, upload: Upload, pins: Pins | None) -> Any:
    """In a child. Libraries that read such files end the whole process when they run out of memory."""
    try:
        return children.call(target, upload, pins, wall_seconds=SECONDS, memory_mb=MEMORY_MB)
    except children.ChildDied as error:
        raise NeedsTooMuch(
            f"{upload.file_name} cannot be read in the {MEMORY_MB:,} MB of memory allowed. In a workbook, one cell far "
            "away from all others is enough for that: delete the empty rows and columns, or send it as CSV."
        ) from error


def parts_of(upload: Upload, pins: Pins) -> list[Part]:
    with storage.open_file(upload.key) as source:
        return [one.part for one in look_inside(source, upload.file_name, pins, HEADER_ROWS)]


def look_inside(source: BinaryIO, file_name: str, pins: Pins, rows: int) -> list[Look]:
    """Runs in a child unless the file is plain text."""
    kind = kind_of(source)
    check_name(file_name, kind)
    if kind is Kind.text:
        source.seek(0)
        found = [Look(*text_look(source.read(SAMPLE_BYTES), file_name, pins))]
    else:
        from app.datasets.formats.inside import looks  # noqa: PLC0415  needs Arrow and the reader of workbooks

        found = looks(source, kind, file_name, pins, rows)
    return _chosen(found, pins)


def text_look(head: bytes, file_name: str, pins: Pins) -> tuple[Part, bytes]:
    """Of plain text: CSV or JSON."""
    check_content(file_name, head)
    whole = len(head) < SAMPLE_BYTES
    dialect, text = sniff_json(head, file_name, pins, whole=whole) or (sniff(head, pins), head)
    return Part(name="", dialect=dialect.model_copy(update={"numbers": pins.numbers or ""})), text


def _chosen(found: list[Look], pins: Pins) -> list[Look]:
    wanted = pins.part if pins.part is not None else pins.sheet
    if wanted is not None:
        names = [one.part.name for one in found]
        found = [one for one in found if wanted in (one.part.name, _sheet(one.part))]
        if not found:
            listed = ", ".join(repr(name) for name in names[:30] if name) or "no parts"
            raise NoSuchPart(f"There is no {wanted!r} in this file. It has {listed}.")
    return found


def _sheet(part: Part) -> str:
    return part.dialect.sheet if part.dialect else part.name.rpartition("#")[2]
