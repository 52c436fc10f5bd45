"""Files in a folder of this machine that an operator has opened for it."""

import fnmatch
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import Field
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.core.settings import settings as configured
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.schemas import Probe

CHUNK = 1 << 20
SHOWN = 5
MOST_LOOKED_AT = 200_000


class FolderClosed(Invalid):
    """Sources may not take files from this folder."""


class FolderMissing(Conflict):
    """This folder is not there, or cannot be read."""


class FileClosed(Conflict):
    """This file cannot be read."""


class StillWritten(Conflict):
    """This file changed while it was read. The next pull takes it."""


class FolderSettings(SourceSettings):
    folder: str = Field(title="Folder", min_length=1, max_length=1000, description="Whole path of a folder")
    pattern: str = Field(
        "*", title="File names", min_length=1, max_length=200, description="Such as *.csv or sales-*.csv.gz"
    )
    subfolders: bool = Field(False, title="With subfolders", description="Look into folders below it, too")
    min_age_seconds: int = Field(
        10, title="Seconds to rest", ge=0, le=86_400, description="Files changed since then are left for the next pull"
    )


@dataclass(frozen=True)
class Entry:
    name: str  # below the folder
    size: int
    changed_ns: int

    @property
    def fingerprint(self) -> str:
        return f"{self.size}-{self.changed_ns}"


class FolderConnector:
    kind: ClassVar[str] = "folder"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = FolderSettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: FolderSettings) -> None:
        opened(settings.folder)

    def test(self, settings: FolderSettings, actor: Actor) -> Probe:
        entries = sorted(listed(settings), key=lambda one: one.changed_ns, reverse=True)
        if not entries:
            return Probe(ok=True, message=f"The folder can be read. No file fits {settings.pattern} yet.")
        count = f"{len(entries):,} files fit" if len(entries) > 1 else "1 file fits"
        names = [one.name for one in entries[:SHOWN]]
        return Probe(ok=True, message=f"{count} {settings.pattern}; the newest is {names[0]}.", found=names)

    def pull(self, settings: FolderSettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        """Oldest first. The files are the memory: what was seen in this size and of this moment is not read again."""
        ripe = clock.now().timestamp() - settings.min_age_seconds
        entries = sorted(listed(settings), key=lambda one: (one.changed_ns, one.name))
        new = [one for one in entries if inbox.wants(one.name, one.fingerprint) and one.changed_ns <= ripe * 1e9]
        for at, one in enumerate(new):
            if inbox.is_full:
                break
            inbox.step(f"Reading {one.name}", at / len(new))
            inbox.add(
                Path(one.name).name,
                content_of(opened(settings.folder), one),
                item_key=one.name,
                fingerprint=one.fingerprint,
            )
        return watermark


def opened(folder: str) -> Path:
    """The folder itself, behind all links, when an operator has opened it or one above it. Raises FolderClosed."""
    roots = [Path(part.strip()) for part in configured().source_folders.split(",") if part.strip()]
    if not roots:
        raise FolderClosed(
            "Sources may not take files from folders here. An operator opens some with SOURCE_FOLDERS.",
            details=[{"field": "settings.folder", "message": "No folder is open: see SOURCE_FOLDERS."}],
        )
    path = Path(os.path.realpath(folder))
    if not Path(folder).is_absolute() or not any(path.is_relative_to(os.path.realpath(root)) for root in roots):
        raise FolderClosed(
            f"Sources may not take files from {folder}. An operator can open it with SOURCE_FOLDERS.",
            details=[{"field": "settings.folder", "message": "This folder is not in SOURCE_FOLDERS."}],
        )
    return path


def listed(settings: FolderSettings) -> list[Entry]:
    """Plain files only: links, pipes and devices are not looked at. Raises FolderMissing."""
    root = opened(settings.folder)
    try:
        return list(_walk(root, root, settings))
    except OSError as error:
        raise FolderMissing(f"The folder {settings.folder} cannot be read: {error.strerror}.") from error


def _walk(root: Path, folder: Path, settings: FolderSettings) -> Iterator[Entry]:
    seen = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if (seen := seen + 1) > MOST_LOOKED_AT:
                raise FolderMissing(f"More than {MOST_LOOKED_AT:,} entries are in {folder}. Choose a smaller folder.")
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False) and settings.subfolders:
                yield from _walk(root, Path(entry.path), settings)
            elif entry.is_file(follow_symlinks=False) and fnmatch.fnmatchcase(entry.name, settings.pattern):
                found = entry.stat(follow_symlinks=False)
                name = str(Path(entry.path).relative_to(root))
                yield Entry(name, found.st_size, found.st_mtime_ns)


def content_of(root: Path, one: Entry) -> Iterator[bytes]:
    """Raises StillWritten, FileClosed."""
    try:
        number = _open_below(root, one.name)
    except (PermissionError, NotADirectoryError) as error:
        raise FileClosed(f"{one.name} cannot be read: {error.strerror}.") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise FileClosed(f"{one.name} is not a plain file.")
        while part := file.read(CHUNK):
            yield part
        after = os.fstat(number)
    if (after.st_size, after.st_mtime_ns) != (one.size, one.changed_ns):
        raise StillWritten


def _open_below(root: Path, name: str) -> int:
    """Step by step, so that no link which took the place of a folder or of the file leads out."""
    *folders, last = Path(name).parts
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)
