"""Many rejected rows at once, checked again by the rules of today: a job goes through them block by block.

Every block is one transaction with its own rows, so a job that is killed leaves whole blocks, and the next attempt
finds those that are still open. A dry run does the same up to the point where something would be written.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.db import raw
from app.datasets.access import definition_of
from app.datasets.load import encode
from app.datasets.named import named
from app.datasets.rejects.questions import Question, evidence_in
from app.datasets.rejects.recheck import Rechecked, parquet, recheck
from app.datasets.rejects.schemas import Failure, ReplayRequest
from app.datasets.rejects.search import matching
from app.datasets.rejects.store import (
    Author,
    Place,
    Refused,
    RulesChanged,
    await_rows,
    groups_of,
    locked,
    refused_rows,
    require_mendable,
    store_mended,
)
from app.datasets.tables import BatchRow, DatasetRow, RawBlockRow, RejectRow
from app.datasets.unique import Seen
from app.jobs.context import JobContext

ATTEMPTS = 5
REASONS_SHOWN = 20


class BulkReplay:
    """One run: what it is asked for, and what it found so far."""

    def __init__(self, ctx: JobContext) -> None:
        self.ctx, self.wanted = ctx, ReplayRequest.model_validate(ctx.args["wanted"])
        self.checked = self.passed = 0
        self.left: Counter[tuple[str, str]] = Counter()
        self.seen: dict[tuple[int, tuple[str, ...]], Seen] = {}

    def replay_block(self, at: tuple[int, int]) -> None:
        """Again from the start of the block when somebody changes the rules in between."""
        for attempt in range(1, ATTEMPTS + 1):
            with self.ctx.transaction() as db:
                asked = self.ask(db, at)
            if asked is None:
                return
            question, version = asked
            rechecked = self.recheck(question)
            try:
                passed, refused = self._settle(question, version, rechecked)
            except RulesChanged:
                if attempt == ATTEMPTS:
                    raise
                continue
            self.count(question, passed, rechecked, refused)
            return

    def ask(self, db: Session, at: tuple[int, int]) -> tuple[Question, int] | None:
        return question_of(db, at, self.wanted)

    def recheck(self, question: Question) -> Rechecked:
        return recheck(question, self.wanted.edits)

    def remember(self, db: Session, question: Question) -> None:
        """What a subclass knows about rows that are stored now, in their transaction."""

    def _settle(self, question: Question, version: int, rechecked: Rechecked) -> tuple[int, Refused]:
        """How many were, or would be, stored, and why the others were not."""
        valid = rechecked.valid
        if not len(valid):
            return 0, []
        with self.ctx.transaction() as db:
            place = locked(db, question.batch_id, question.schema, version)
            names = [column.name for column in question.schema.columns]
            await_rows(raw(db), place.dataset.id, names, encode(valid))
            refused = refused_rows(db, place)
            if self.wanted.dry_run:
                good = valid.filter(~pl.col("_row").is_in({row for row, _ in refused}))
                repeated = self._repeats(place, good)
                return len(good) - len({row for row, _ in repeated}), [*refused, *repeated]
            author = Author(self.ctx.actor.id, question.now, version, run_id=self.ctx.run_id)
            passed = store_mended(
                db, place, refused, author, lambda rows: parquet(valid.filter(pl.col("_row").is_in(rows)))
            )
            self.remember(db, question)
            return passed, refused

    def _repeats(self, place: Place, good: pl.DataFrame) -> Refused:
        """Nothing is stored in a dry run, so what would have been there by now must be remembered."""
        found: Refused = []
        for names in groups_of(place.schema):
            seen = self.seen.setdefault((place.batch.id, names), Seen())
            keys = good.select(map(named, names))
            given = keys.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
            places, _ = seen.repeats(keys, given, self.checked + 1)
            about = ", ".join(names)
            twice = Failure(column=about, rule="unique", value=None, message=f"{about} was there before.")
            found += [(int(one), twice) for one in places]
        return found

    def count(self, question: Question, passed: int, rechecked: Rechecked, refused: Refused) -> None:
        self.checked += len(question.rows)
        self.passed += passed
        for column, rule, count in rechecked.failures.group_by("column", "rule").len().rows():
            self.left[column, rule] += count
        self.left.update((failure.column, failure.rule) for _, failure in refused)

    def result(self) -> dict[str, Any]:
        left = [{"column": column, "rule": rule, "rows": rows} for (column, rule), rows in self.left.most_common()]
        return {
            "dry_run": self.wanted.dry_run,
            "checked": self.checked,
            "would_pass" if self.wanted.dry_run else "stored": self.passed,
            "still_rejected": self.checked - self.passed,
            "reasons": left[:REASONS_SHOWN],
        }


def replay(ctx: JobContext) -> dict[str, Any]:
    """May run again at any point: what is stored already is not open any more."""
    return work_through(BulkReplay(ctx), [int(one) for one in ctx.args["batches"]])


def work_through(work: BulkReplay, batches: list[int]) -> dict[str, Any]:
    ctx = work.ctx
    with ctx.transaction() as db:
        blocks = _blocks(db, batches)
    for number, block in enumerate(blocks, 1):
        work.replay_block(block)
        ctx.step(f"{work.checked:,} rows checked, {work.passed:,} good", progress=number / len(blocks) * 0.99)
    result = work.result()
    if not work.wanted.dry_run:
        with ctx.transaction() as db:
            _record(db, ctx, batches, result)
    return result


def _record(db: Session, ctx: JobContext, batches: list[int], result: dict[str, Any]) -> None:
    dataset_id = UUID(ctx.args["dataset_id"])
    name = db.scalar(sa.select(DatasetRow.name).where(DatasetRow.id == dataset_id))
    facts = {fact: result[fact] for fact in ("checked", "stored", "still_rejected")}
    audit.record(db, ctx.actor, Action.rows_replayed, dataset_id, dataset=name, batches=batches, **facts)


def _blocks(db: Session, batches: list[int]) -> list[tuple[int, int]]:
    found = sa.select(RawBlockRow.batch_id, RawBlockRow.block).where(
        RawBlockRow.batch_id.in_(batches), RawBlockRow.rows > 0
    )
    return [(batch, block) for batch, block in db.execute(found.order_by(RawBlockRow.batch_id, RawBlockRow.block))]


def question_of(
    db: Session, at: tuple[int, int], wanted: ReplayRequest, among: Collection[int] | None = None
) -> tuple[Question, int] | None:
    """None where nothing of the block is to be checked again. `among`: only these rows."""
    batch, block = db.get(BatchRow, at[0]), db.get(RawBlockRow, at)
    if batch is None or block is None:
        return None
    dataset = db.get_one(DatasetRow, batch.dataset_id)
    require_mendable(db, batch, dataset)
    inside = (RejectRow.batch_id == batch.id, RejectRow.row.between(block.first_row, block.first_row + block.rows - 1))
    query = sa.select(RejectRow.row).where(*inside, *matching(wanted.filter())).order_by(RejectRow.row)
    rows = [row for row in db.scalars(query) if among is None or row in among]
    if not rows:
        return None
    return Question(batch.id, evidence_in(batch, block), rows, definition_of(dataset), clock.now()), dataset.version
