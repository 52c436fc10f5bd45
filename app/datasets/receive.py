"""A file arrives: looked at, refused or queued for loading, one batch for each of its tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.after_commit import delete_after_commit
from app.core.errors import AppError, Invalid, NotFound
from app.datasets.access import access_batch, access_inbox, definition_of
from app.datasets.formats.look import look
from app.datasets.header import match_header
from app.datasets.jobs import INGEST
from app.datasets.queries import batch_of
from app.datasets.schemas import Batch, DatasetSchema, Dialect, Part, Pins, Received, Refused, Upload
from app.datasets.stopped import go_on, stopped_before
from app.datasets.tables import LIVE, BatchRow, DatasetRow
from app.jobs import service as jobs

AS_IT_IS = ("csv", "ndjson")


class SeveralTables(Invalid):
    """This file has several tables. Say which one is meant."""


class NoPartFits(Invalid):
    """No table of this file fits the dataset."""


def receive_file(db: Session, actor: Actor, dataset: str, upload: Upload, pins: Pins | None = None) -> Batch:
    """For files of one table. A batch that is loading; or a duplicate that names the batch with the same bytes."""
    received = receive_parts(db, actor, dataset, upload, pins)
    if len(received.batches) != 1:
        names = ", ".join(repr(batch.part) for batch in received.batches)
        raise SeveralTables(f"{upload.file_name} has several tables: {names}. Pin one of them.")
    return received.batches[0]


def receive_parts(db: Session, actor: Actor, dataset: str, upload: Upload, pins: Pins | None = None) -> Received:
    """A batch for each table that fits: the pinned one, or all that are not hidden.

    Raises what is wrong with the file, or with all of its tables.
    """
    row = access_inbox(db, actor, dataset)
    pins = pins or Pins()
    try:
        fitting, skipped = _fitting(definition_of(row), look(upload, pins), pinned=pins.part or pins.sheet)
    except AppError as error:
        error.message = error.message if upload.file_name in error.message else f"{upload.file_name}: {error.message}"
        raise
    batches = [_receive(db, actor, row, upload, part) for part in fitting]
    _forget_unused(db, upload)
    return Received(batches=batches, skipped=skipped)


def receive_known(db: Session, actor: Actor, dataset: str, upload: Upload, part: str, dialect: Dialect) -> Batch:
    """For a table that was looked at just now, when its schema was proposed."""
    row = access_inbox(db, actor, dataset)
    batch = _receive(db, actor, row, upload, _fitted(definition_of(row), Part(name=part, dialect=dialect)))
    _forget_unused(db, upload)
    return batch


def _fitting(schema: DatasetSchema, parts: list[Part], *, pinned: str | None) -> tuple[list[Part], list[Refused]]:
    fitting: list[Part] = []
    skipped: list[Refused] = []
    for part in parts:
        if part.hidden and not pinned:
            skipped.append(Refused(part=part.name, reason="This sheet is hidden. Pin it to load it."))
            continue
        try:
            fitting.append(_fitted(schema, part))
        except AppError as error:
            if len(parts) == 1:
                raise
            skipped.append(Refused(part=part.name, reason=error.message))
    if not fitting:
        raise NoPartFits("; ".join(f"{one.part}: {one.reason}" for one in skipped[:5]))
    if len(fitting) > 1 and schema.mode == "replace":
        names = ", ".join(repr(part.name) for part in fitting)
        raise SeveralTables(
            f"Each load replaces this dataset, so only one table can be meant: {names}. Pin one of them."
        )
    return fitting, skipped


def _fitted(schema: DatasetSchema, part: Part) -> Part:
    if part.dialect is None:
        raise Invalid(part.problem or "There is no table in it.")
    return part.model_copy(update={"dialect": match_header(schema, part.dialect)})


def _receive(db: Session, actor: Actor, row: DatasetRow, upload: Upload, part: Part) -> Batch:
    values = _values(actor, row, upload, part)
    if stopped := stopped_before(db, row, upload.sha256, part.name):
        return _go_on(db, actor, row, stopped)
    batch = _insert(db, values)
    if batch is None:
        return _seen_before(db, actor, row, values)
    _enqueue(db, actor, row, batch, unique_key=f"ingest:{batch.id}")
    about = {"part": part.name} if part.name else {}
    audit.record(
        db, actor, Action.batch_received, batch.id, dataset=row.name, file=upload.file_name, size=upload.size, **about
    )
    return batch_of(db, batch)


def _values(actor: Actor, row: DatasetRow, upload: Upload, part: Part) -> dict[str, object]:
    assert part.dialect is not None
    plain = part.dialect.source in AS_IT_IS and not part.dialect.packed
    return {
        "dataset_id": row.id,
        "file_name": upload.file_name,
        "upload_key": upload.key if plain else None,
        "original_key": None if plain else upload.key,
        "part": part.name,
        "sha256": upload.sha256,
        "size": upload.size,
        "dialect": part.dialect.model_dump(),
        "definition": definition_of(row).model_dump(mode="json"),
        "schema_version": row.version,
        "created_by": actor.id,
        "created_at": clock.now(),
    }


def _insert(db: Session, values: dict[str, object]) -> BatchRow | None:
    """None when a live batch has these bytes. Two senders at once: the second one waits here and then gets None."""
    statement = (
        insert(BatchRow)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=[BatchRow.dataset_id, BatchRow.sha256, BatchRow.part], index_where=sa.text(LIVE)
        )
        .returning(BatchRow)
    )
    return db.scalar(statement)


def _enqueue(db: Session, actor: Actor, row: DatasetRow, batch: BatchRow, *, unique_key: str) -> None:
    what = f"{batch.file_name} ({batch.part})" if batch.part else batch.file_name
    title = f"Load {what} into {row.name}"
    run = jobs.enqueue(db, actor, INGEST, {"batch_id": batch.id}, title=title, unique_key=unique_key)
    batch.run_id = run.id
    db.flush()


def _seen_before(db: Session, actor: Actor, row: DatasetRow, values: dict[str, object]) -> Batch:
    same = (BatchRow.sha256 == values["sha256"], BatchRow.part == values["part"])
    first = db.scalars(
        sa.select(BatchRow).where(BatchRow.dataset_id == row.id, *same, sa.text(LIVE)).with_for_update()
    ).one()
    if first.status == "loading" and _has_stopped(db, first):
        return _go_on(db, actor, row, first)
    nothing = {"upload_key": None, "original_key": None}
    again = BatchRow(**values | nothing, status="duplicate", duplicate_of=first.id)
    db.add(again)
    db.flush()
    db.refresh(again)
    audit.record(db, actor, Action.batch_received, again.id, dataset=row.name, duplicate_of=first.id)
    return batch_of(db, again)


def load_again(db: Session, actor: Actor, batch_id: int) -> Batch:
    """A load that stopped goes on, in the name of whoever asks. Raises GivenUp, LoadedSince."""
    batch = access_batch(db, actor, batch_id, write=True)
    go_on(db, batch, batch.run_id)
    return _go_on(db, actor, db.get_one(DatasetRow, batch.dataset_id), batch)


def _go_on(db: Session, actor: Actor, row: DatasetRow, batch: BatchRow) -> Batch:
    _enqueue(db, actor, row, batch, unique_key=f"ingest:{batch.id}:after:{batch.run_id}")
    return batch_of(db, batch)


def _forget_unused(db: Session, upload: Upload) -> None:
    """Bytes that were here before are not kept twice."""
    used = sa.or_(BatchRow.upload_key == upload.key, BatchRow.original_key == upload.key)
    if not db.scalar(sa.select(sa.exists().where(used))):
        delete_after_commit(db, [upload.key])


def _has_stopped(db: Session, batch: BatchRow) -> bool:
    """The run behind it failed or was cancelled: sending the file again means going on."""
    if batch.run_id is None:
        return True
    try:
        return jobs.run(db, SYSTEM, batch.run_id).status.is_final
    except NotFound:
        return True
