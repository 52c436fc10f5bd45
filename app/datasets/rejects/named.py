"""The columns of a file of corrections: those of the downloaded file, or of the dataset. Light: doors ask it, too.

`raw` is always the record, also where a column of the dataset is called so.
"""

from collections.abc import Collection, Sequence

from app.core.errors import Invalid
from app.core.spreadsheet import fuse

RAW = "raw"
ROW_ID = ("batch", "row")
SAID = ("file", "line", "reasons", "messages")  # of the download; nothing is read from them


class NoCorrections(Invalid):
    """This file does not say which rows it corrects, or with what."""


def place_columns(header: Sequence[str], columns: Collection[str]) -> dict[str, str]:
    """Name here -> name in the file. Raises NoCorrections."""
    names = {fuse(name).strip(): name for name in reversed(header)}
    if missing := [name for name in ROW_ID if name not in names]:
        raise NoCorrections(
            f"There is no column {' and no column '.join(missing)}, so nobody knows which rows are meant. Download the "
            f"rejected rows, mend them there and keep these columns. The file has: {', '.join(header[:20])}."
        )
    wanted = [RAW, *(name for name in columns if name not in (RAW, *ROW_ID))]
    found = {name: names[name] for name in wanted if name in names}
    if not found:
        raise NoCorrections(f"The file has neither the column raw nor one of the dataset: {', '.join(columns)}.")
    return {name: names[name] for name in ROW_ID} | found


def unread(header: Sequence[str], columns: Collection[str]) -> list[str]:
    """Columns of the file that are nowhere else: what stands there is not used."""
    used = {*place_columns(header, columns).values(), *SAID}
    return [name for name in header if name not in used]
