"""A file arrives: stored while it is measured, looked at, refused or queued for loading."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import PureWindowsPath
from typing import BinaryIO
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, storage
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import AppError, NotFound, TooLarge
from app.core.settings import settings
from app.datasets.access import access_inbox, definition_of
from app.datasets.after_commit import delete_after_commit
from app.datasets.header import match_header
from app.datasets.queries import batch_of
from app.datasets.schemas import Batch, Dialect, Pins, Upload
from app.datasets.sniff import SAMPLE_BYTES, check_content, sniff
from app.datasets.tables import LIVE, BatchRow, DatasetRow
from app.jobs import service as jobs

MAX_NAME = 200


class FileTooLarge(TooLarge):
    """This file is larger than the limit."""


class UploadSink:
    """Bytes go in piece by piece; nothing is left behind unless `finish` was reached."""

    def __init__(self, file_name: str) -> None:
        self.file_name = safe_name(file_name)
        self.key = f"uploads/{uuid4().hex}"
        self._writer = storage.writer(self.key)
        self._target: BinaryIO = self._writer.__enter__()
        self._hash, self._size = sha256(), 0

    def write(self, part: bytes) -> None:
        """Raises FileTooLarge at the first byte too many."""
        self._size += len(part)
        if self._size > settings().max_upload_mb << 20:
            self.abort()
            raise FileTooLarge(f"{self.file_name} is larger than the limit of {settings().max_upload_mb} MB.")
        self._hash.update(part)
        self._target.write(part)

    def finish(self) -> Upload:
        self._writer.__exit__(None, None, None)
        return Upload(file_name=self.file_name, key=self.key, size=self._size, sha256=self._hash.hexdigest())

    def abort(self) -> None:
        self._writer.__exit__(None, None, None)
        storage.delete(self.key)


def safe_name(file_name: str) -> str:
    """Only the last part: some browsers send whole paths."""
    name = "".join(sign for sign in PureWindowsPath(file_name).name if sign.isprintable())
    return name[-MAX_NAME:] or "upload"


def store_upload(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """For bytes that are at hand already, in the browser door. Raises FileTooLarge."""
    require_role(actor, Role.member)
    sink = UploadSink(file_name)
    for part in parts:
        sink.write(part)
    return sink.finish()


def discard_upload(upload: Upload) -> None:
    storage.delete(upload.key)


def receive_file(db: Session, actor: Actor, dataset: str, upload: Upload, pins: Pins | None = None) -> Batch:
    """A batch that is loading; or a duplicate that names the batch with the same bytes. Raises what `sniff` does."""
    row = access_inbox(db, actor, dataset)
    try:
        dialect = look_at(upload, pins)
        dialect = match_header(definition_of(row), dialect)
    except AppError as error:
        error.message = error.message if upload.file_name in error.message else f"{upload.file_name}: {error.message}"
        raise
    batch = _insert(db, actor, row, upload, dialect)
    if batch is None:
        return _seen_before(db, actor, row, upload, dialect)
    _enqueue(db, actor, row, batch, unique_key=f"ingest:{batch.id}")
    audit.record(db, actor, Action.batch_received, batch.id, dataset=row.name, file=upload.file_name, size=upload.size)
    return batch_of(db, batch)


def look_at(upload: Upload, pins: Pins | None = None) -> Dialect:
    """Raises NotATable, BadHeader."""
    with storage.open_file(upload.key) as source:
        head = source.read(SAMPLE_BYTES)
    check_content(upload.file_name, head)
    return sniff(head, pins)


def _values(actor: Actor, row: DatasetRow, upload: Upload, dialect: Dialect) -> dict[str, object]:
    return {
        "dataset_id": row.id,
        "file_name": upload.file_name,
        "upload_key": upload.key,
        "sha256": upload.sha256,
        "size": upload.size,
        "dialect": dialect.model_dump(),
        "definition": definition_of(row).model_dump(mode="json"),
        "schema_version": row.version,
        "created_by": actor.id,
        "created_at": clock.now(),
    }


def _insert(db: Session, actor: Actor, row: DatasetRow, upload: Upload, dialect: Dialect) -> BatchRow | None:
    """None when a live batch has these bytes. Two senders at once: the second one waits here and then gets None."""
    statement = (
        insert(BatchRow)
        .values(**_values(actor, row, upload, dialect))
        .on_conflict_do_nothing(
            index_elements=[BatchRow.dataset_id, BatchRow.sha256, BatchRow.part], index_where=sa.text(LIVE)
        )
        .returning(BatchRow)
    )
    return db.scalar(statement)


def _enqueue(db: Session, actor: Actor, row: DatasetRow, batch: BatchRow, *, unique_key: str) -> None:
    title = f"Load {batch.file_name} into {row.name}"
    run = jobs.enqueue(db, actor, "datasets.ingest", {"batch_id": batch.id}, title=title, unique_key=unique_key)
    batch.run_id = run.id
    db.flush()


def _seen_before(db: Session, actor: Actor, row: DatasetRow, upload: Upload, dialect: Dialect) -> Batch:
    first = db.scalars(
        sa.select(BatchRow)
        .where(BatchRow.dataset_id == row.id, BatchRow.sha256 == upload.sha256, BatchRow.part == "", sa.text(LIVE))
        .with_for_update()
    ).one()
    delete_after_commit(db, [upload.key])
    if first.status == "loading" and _has_stopped(db, first):
        _enqueue(db, actor, row, first, unique_key=f"ingest:{first.id}:after:{first.run_id}")
        return batch_of(db, first)
    values = _values(actor, row, upload, dialect) | {"upload_key": None}
    again = BatchRow(**values, status="duplicate", duplicate_of=first.id)
    db.add(again)
    db.flush()
    db.refresh(again)
    audit.record(db, actor, Action.batch_received, again.id, dataset=row.name, duplicate_of=first.id)
    return batch_of(db, again)


def _has_stopped(db: Session, batch: BatchRow) -> bool:
    """The run behind it failed or was cancelled: sending the file again means going on."""
    if batch.run_id is None:
        return True
    try:
        return jobs.run(db, SYSTEM, batch.run_id).status.is_final
    except NotFound:
        return True
