"""One rejected row, mended by a person and checked again as a load would. Each try stays in its history."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import children, clock
from app.core.actor import Actor
from app.core.db import raw, unless_taken
from app.core.errors import Conflict, Invalid
from app.datasets.access import access_repair, definition_of
from app.datasets.rejects.questions import Change, MendedRow, Question, evidence_of
from app.datasets.rejects.schemas import Failure, History, Mend, Mended, Record, Reject, Replay
from app.datasets.rejects.search import reject_of
from app.datasets.rejects.start import require_columns
from app.datasets.rejects.store import Author, Place, await_rows, locked, refused_rows, require_mendable, store_mended
from app.datasets.schemas import DatasetSchema
from app.datasets.tables import BatchRow, ReplayRow

CHECK_SECONDS = 30
CHECK_MEMORY_MB = 1024


class AlreadyReplayed(Conflict):
    """Somebody mended this row in the meantime; it is stored."""


class StillRejected(Invalid):
    """The row still breaks rules, so it stays rejected."""


@dataclass(frozen=True)
class Outcome:
    """Either the row is stored now, or these are all its failures. Both are written down."""

    mended: Mended | None
    failures: list[Failure] = field(default_factory=list)

    def require_stored(self) -> Mended:
        """After the commit: what was tried is kept even if it failed. Raises StillRejected."""
        if self.mended is None:
            words = " ".join(failure.message for failure in self.failures)
            details = [failure.model_dump() for failure in self.failures]
            raise StillRejected(f"The row stays rejected: {words}", details=details)
        return self.mended


def replay_reject(db: Session, actor: Actor, reject_id: str, mend: Mend) -> Outcome:
    """Raises AlreadyReplayed when somebody was faster, NotMendable, RulesChanged, NotOneRecord."""
    reject, batch = reject_of(db, actor, reject_id)
    batch, dataset = access_repair(db, actor, batch.id)
    _require_open(reject)
    require_mendable(db, batch, dataset)
    schema, version = definition_of(dataset), dataset.version
    require_columns(dataset, list(mend.values or {}))
    checked = _check(db, batch, reject.row, schema, mend)
    place = locked(db, batch.id, schema, version)
    _require_open(reject_of(db, actor, reject_id)[0])
    failures = checked.failures
    if checked.copy:
        await_rows(raw(db), dataset.id, [column.name for column in schema.columns], checked.copy)
        failures = [*failures, *(failure for _, failure in refused_rows(db, place))]
    author = Author(actor.id, clock.now(), version, values=mend.values or None, raw=mend.raw)
    if failures:
        _note_failure(db, reject, author, failures)
        return Outcome(None, failures)
    with unless_taken(db, AlreadyReplayed()):
        store_mended(db, place, [], author, lambda _rows: checked.parquet)
    return Outcome(_mended(db, actor, place, reject, mend))


def _require_open(reject: Reject) -> None:
    if reject.state != "open":
        raise AlreadyReplayed(f"Row {reject.batch_id}.{reject.row} was mended already; it is stored.")


def _check(db: Session, batch: BatchRow, row: int, schema: DatasetSchema, mend: Mend) -> MendedRow:
    question = Question(batch.id, evidence_of(db, batch, row), [row], schema, clock.now())
    checked: MendedRow = _in_child("mend_row", question, Change(mend.values, mend.raw))
    return checked


def _in_child(function: str, *arguments: Any) -> Any:
    target = f"app.datasets.rejects.recheck:{function}"
    return children.call(target, *arguments, wall_seconds=CHECK_SECONDS, memory_mb=CHECK_MEMORY_MB)


def _note_failure(db: Session, reject: Reject, author: Author, failures: list[Failure]) -> None:
    db.add(
        ReplayRow(
            batch_id=reject.batch_id,
            row=reject.row,
            at=author.at,
            person_id=author.person_id,
            schema_version=author.schema_version,
            values=author.values,
            raw=author.raw,
            failures=[failure.model_dump() for failure in failures],
            stored=False,
        )
    )
    db.flush()


def _mended(db: Session, actor: Actor, place: Place, reject: Reject, mend: Mend) -> Mended:
    row_id = f"{reject.batch_id}.{reject.row}"
    changed = sorted(mend.values or {}) if mend.raw is None else ["the whole record"]
    audit.record(db, actor, Action.row_mended, row_id, dataset=place.dataset.name, changed=changed)
    return Mended(
        row_id=row_id,
        dataset=place.dataset.name,
        batch_id=reject.batch_id,
        row=reject.row,
        rows_valid=place.batch.rows_valid,
        rows_rejected=place.batch.rows_rejected,
    )


def reject_history(db: Session, actor: Actor, reject_id: str) -> History:
    reject, _ = reject_of(db, actor, reject_id)
    return History(reject=reject, tries=tries_of(db, reject.batch_id, reject.row))


def tries_of(db: Session, batch_id: int, row: int) -> list[Replay]:
    tries = sa.select(ReplayRow).where(ReplayRow.batch_id == batch_id, ReplayRow.row == row).order_by(ReplayRow.id)
    return [Replay.model_validate(one) for one in db.scalars(tries)]


def read_reject(db: Session, actor: Actor, reject_id: str) -> Record:
    """With its texts by column, as a form needs them."""
    reject, batch = reject_of(db, actor, reject_id)
    values: dict[str, str] | None = _in_child("read_row", evidence_of(db, batch, reject.row), reject.row)
    return Record(reject=reject, values=values)
