"""Rejected rows that came back mended in a file: each that was changed is checked by the rules of today and stored.

What was written for a row that is still rejected stays in its history, too: nothing that somebody typed is lost.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.after_commit import delete_after_commit
from app.datasets.access import definition_of
from app.datasets.decimal_comma import in_form
from app.datasets.rejects.bulk import BulkReplay, question_of, work_through
from app.datasets.rejects.named import RAW
from app.datasets.rejects.questions import Change, Question
from app.datasets.rejects.recheck import Rechecked, corrected
from app.datasets.rejects.records import read_records
from app.datasets.rejects.sheet import Line, read_sheet
from app.datasets.rejects.store import Refused
from app.datasets.schemas import Upload
from app.datasets.tables import BatchRow, DatasetRow, RejectRow, ReplayRow
from app.jobs.context import JobContext

SHOWN = 20
Rows = dict[int, dict[int, Line]]


class Corrections(BulkReplay):
    """One run of it. `lines` are the rows that are open, with what the file says of each."""

    def __init__(self, ctx: JobContext, lines: Rows) -> None:
        super().__init__(ctx)
        self.lines, self.unchanged = lines, 0
        self.changes: dict[int, Change] = {}

    def ask(self, db: Session, at: tuple[int, int]) -> tuple[Question, int] | None:
        among = self.lines.get(at[0], {})
        asked = question_of(db, at, self.wanted, among)
        if asked is None:
            return None
        question, version = asked
        self.changes = self._changes(db, question, among)
        return (replace(question, rows=list(self.changes)), version) if self.changes else None

    def recheck(self, question: Question) -> Rechecked:
        return corrected(question, [self.changes[row] for row in question.rows])

    def remember(self, db: Session, question: Question) -> None:
        for row, change in self.changes.items():
            if change.raw is not None:
                db.execute(
                    sa.update(ReplayRow)
                    .where(ReplayRow.batch_id == question.batch_id, ReplayRow.row == row)
                    .where(ReplayRow.run_id == self.ctx.run_id, ReplayRow.stored)
                    .values(raw=change.raw)
                )

    def count(self, question: Question, passed: int, rechecked: Rechecked, refused: Refused) -> None:
        super().count(question, passed, rechecked, refused)
        if self.wanted.dry_run:
            return
        failures: dict[int, list[dict[str, Any]]] = {}
        for one in rechecked.failures.select("row", "column", "rule", "value", "message").to_dicts():
            failures.setdefault(one.pop("row"), []).append(one)
        for row, failure in refused:
            failures.setdefault(row, []).append(failure.model_dump())
        with self.ctx.transaction() as db:
            self._note(db, question, failures)

    def _changes(self, db: Session, question: Question, among: dict[int, Line]) -> dict[int, Change]:
        """Only of rows in which something is different now."""
        batch, rows = question.batch_id, question.rows
        raw = dict(
            db.execute(
                sa.select(RejectRow.row, RejectRow.raw).where(RejectRow.batch_id == batch, RejectRow.row.in_(rows))
            )
            .tuples()
            .all()
        )
        columns = [name for name in among[rows[0]].texts if name != RAW]
        before = read_records(question.evidence, rows).frame if columns else None
        changes: dict[int, Change] = {}
        for place, row in enumerate(rows):
            texts = before.row(place, named=True) if before is not None else {}
            change = _change(among[row], raw[row], {name: texts.get(name) or "" for name in columns})
            if change is not None:
                changes[row] = _in_form(question, change) if among[row].exact and change.values else change
        self.unchanged += len(rows) - len(changes)
        return changes

    def _note(self, db: Session, question: Question, failures: dict[int, list[dict[str, Any]]]) -> None:
        """An attempt that was broken off may have noted them already."""
        mine = (ReplayRow.batch_id == question.batch_id, ReplayRow.run_id == self.ctx.run_id, ~ReplayRow.stored)
        db.execute(sa.delete(ReplayRow).where(*mine, ReplayRow.row.in_(failures)))
        schema_version = db.scalar(
            sa.select(DatasetRow.version)
            .join(BatchRow, BatchRow.dataset_id == DatasetRow.id)
            .where(BatchRow.id == question.batch_id)
        )
        for row, reasons in failures.items():
            change = self.changes[row]
            db.add(
                ReplayRow(
                    batch_id=question.batch_id,
                    row=row,
                    at=clock.now(),
                    person_id=self.ctx.actor.id,
                    run_id=self.ctx.run_id,
                    schema_version=schema_version,
                    values=dict(change.values) if change.values else None,
                    raw=change.raw,
                    failures=reasons,
                    stored=False,
                )
            )


def _change(line: Line, raw: str, texts: dict[str, str]) -> Change | None:
    """The record written anew says more than single columns of it."""
    if (text := line.changed(RAW, raw)) is not None:
        return Change(raw=text.replace("\0", ""))
    new = {name: line.changed(name, before) for name, before in texts.items()}
    values = {name: text.replace("\0", "") for name, text in new.items() if text is not None}
    return Change(values=values) if values else None


def _in_form(question: Question, change: Change) -> Change:
    """Workbooks and JSON hold 1234.56, where the file that the row comes from may write 1.234,56."""
    dialect, schema = question.evidence.dialect, question.schema
    values = change.values or {}
    return replace(change, values={name: in_form(schema.column(name), dialect, text) for name, text in values.items()})


def correct(ctx: JobContext) -> dict[str, Any]:
    """May run again at any point: rows that this run has stored count as its own."""
    upload = Upload(**ctx.args["upload"])
    with ctx.transaction() as db:
        dataset = db.get_one(DatasetRow, UUID(ctx.args["dataset_id"]))
        columns = [column.name for column in definition_of(dataset).columns]
    ctx.step(f"Reading {upload.file_name}", progress=0.0)
    sheet = read_sheet(upload, columns)
    with ctx.transaction() as db:
        told, stored_before = _sort_out(db, ctx, sheet.lines)
    work = Corrections(ctx, sheet.lines)
    work.checked = work.passed = stored_before
    result = work_through(work, sorted(sheet.lines))
    told = {"unreadable": sheet.unreadable, "repeated": sheet.repeated, **told}
    with ctx.transaction() as db:
        delete_after_commit(db, [upload.key])
    return result | {"unchanged": work.unchanged, "ignored_columns": ctx.args["ignored"]} | _counted(told)


def _sort_out(db: Session, ctx: JobContext, lines: Rows) -> tuple[dict[str, list[str]], int]:
    """Takes out of `lines` what cannot be mended, and says why; and how many this run has stored before."""
    told: dict[str, list[str]] = {"unknown": [], "already_mended": []}
    mine = 0
    for batch, rows in list(lines.items()):
        known = set(db.scalars(_known(ctx, batch).where(RejectRow.row.in_(rows))))
        told["unknown"] += [f"{batch}.{row}" for row in rows if row not in known]
        done = dict(
            db.execute(
                sa.select(ReplayRow.row, ReplayRow.run_id).where(
                    ReplayRow.batch_id == batch, ReplayRow.row.in_(known), ReplayRow.stored
                )
            )
            .tuples()
            .all()
        )
        mine += sum(run == ctx.run_id for run in done.values())
        told["already_mended"] += [f"{batch}.{row}" for row in sorted(done) if done[row] != ctx.run_id]
        lines[batch] = {row: line for row, line in rows.items() if row in known and row not in done}
        if not lines[batch]:
            del lines[batch]
    return told, mine


def _known(ctx: JobContext, batch: int) -> "sa.Select[int]":
    """Rejects of this dataset. Its batch may have been undone, or replaced by a newer one of the same rows."""
    return (
        sa.select(RejectRow.row)
        .join(BatchRow, BatchRow.id == RejectRow.batch_id)
        .where(RejectRow.batch_id == batch, BatchRow.dataset_id == UUID(ctx.args["dataset_id"]))
        .where(BatchRow.status.in_(("published", "held")), BatchRow.replaced_by.is_(None))
    )


def _counted(told: dict[str, list[str]]) -> dict[str, Any]:
    return {name: {"rows": len(rows), "such_as": rows[:SHOWN]} for name, rows in told.items() if rows}
