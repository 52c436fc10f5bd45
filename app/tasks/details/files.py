"""Files on a card: kept as they came, given back as something to save and never as something to show."""

from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, storage, sweep
from app.core.actor import Actor, Role, require_role
from app.core.after_commit import delete_after_commit
from app.core.errors import Invalid, NotFound
from app.core.intake import Intake, Upload
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.tasks.access import access_card
from app.tasks.details.record import card_to_change, require_author_or_owner, tell
from app.tasks.details.schemas import CardFile
from app.tasks.details.sniff import FIRST_BYTES, media_type
from app.tasks.details.tables import FileRow
from app.tasks.tables import CardRow

FOLDER = "card_files"
MOST_FILES = 200
PIECE = 256 << 10


def store_file(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """Before any transaction: a large file takes its time. Raises FileTooLarge."""
    require_role(actor, Role.member)
    return Intake(FOLDER, file_name, max_mb=settings().max_upload_mb).take(parts)


def attach_file(db: Session, actor: Actor, card_id: UUID, stored: Upload) -> CardFile:
    """If this raises, whoever stored the file discards it."""
    kind = media_type(_first(stored.key), stored.file_name)
    card = card_to_change(db, actor, card_id)
    held = sa.select(sa.func.count()).select_from(FileRow).where(FileRow.card_id == card_id)
    if (db.scalar(held) or 0) >= MOST_FILES:
        raise Invalid(f"file: a card holds at most {MOST_FILES} files. Delete some first.")
    row = FileRow(
        card_id=card_id,
        author_id=actor.id,
        author=actor.name,
        name=stored.file_name,
        key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        media_type=kind,
        created_at=clock.now(),
    )
    db.add(row)
    tell(db, actor, card, "file", (None, row.name))
    audit.record(db, actor, Action.card_file_attached, card_id, name=row.name, size=row.size)
    return CardFile.model_validate(row)


def sweep_files(db: Session) -> int:
    """How many that no card names any more were deleted; looks once a day. In a transaction that holds no lock."""
    return sweep.sweep_daily(FOLDER, lambda keys: _named(db, keys))


def files(db: Session, actor: Actor, card_id: UUID, *, limit: int = 50, cursor: str | None = None) -> Page[CardFile]:
    """Oldest first."""
    access_card(db, actor, card_id)
    query = sa.select(FileRow).where(FileRow.card_id == card_id)
    by, show = (FileRow.created_at, FileRow.id), CardFile.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor)


def file_content(db: Session, actor: Actor, card_id: UUID, file_id: UUID) -> tuple[CardFile, Iterator[bytes]]:
    """The bytes as they were sent; they are read while the answer is on its way."""
    access_card(db, actor, card_id)
    row = _file(db, card_id, file_id)
    audit.record(db, actor, Action.card_file_downloaded, card_id, name=row.name)
    return CardFile.model_validate(row), _bytes(row.key)


def delete_file(db: Session, actor: Actor, card_id: UUID, file_id: UUID) -> None:
    """One's own, or any as the owner of the board."""
    card = card_to_change(db, actor, card_id)
    row = _file(db, card_id, file_id)
    require_author_or_owner(db, actor, card, row.author_id, "file")
    delete_after_commit(db, [row.key])
    db.delete(row)
    tell(db, actor, card, "file", (row.name, None))
    audit.record(db, actor, Action.card_file_deleted, card_id, name=row.name)


def forget_files(db: Session, cards: sa.ColumnElement[bool]) -> None:
    """The rows go with their cards, the bytes do not: call it before `cards`, a condition on CardRow, are deleted."""
    keys = sa.select(FileRow.key).join(CardRow, CardRow.id == FileRow.card_id).where(cards)
    delete_after_commit(db, list(db.scalars(keys)))


def _file(db: Session, card_id: UUID, file_id: UUID) -> FileRow:
    row = db.scalar(sa.select(FileRow).where(FileRow.card_id == card_id, FileRow.id == file_id))
    if row is None:
        raise NotFound("There is no such file on this card.")
    return row


def _first(key: str) -> bytes:
    with storage.open_file(key) as source:
        return source.read(FIRST_BYTES)


def _bytes(key: str) -> Iterator[bytes]:
    with storage.open_file(key) as source:
        while part := source.read(PIECE):
            yield part


def _named(db: Session, keys: Collection[str]) -> set[str]:
    return set(db.scalars(sa.select(FileRow.key).where(FileRow.key.in_(keys))))
