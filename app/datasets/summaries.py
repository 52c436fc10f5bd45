"""How much of the data was good, and why the rest was not."""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.datasets.access import access_batch, access_dataset, visible_datasets
from app.datasets.queries import batch_of
from app.datasets.schemas import Combination, Day, FileFigures, Reason, Summary
from app.datasets.tables import BatchRow, DatasetRow, ReasonRow, ReplayRow

MAX_COMBINED = 300_000
MAX_FILES = 100
COMBINATIONS = sa.text(
    """
    select reasons, count(*) as rows
      from (select array(select concat_ws(': ', nullif(one ->> 'column', ''), one ->> 'rule')
                           from jsonb_array_elements(failures) as one order by 1) as reasons
              from rejects where batch_id = any(:ids) and not exists (
                   select from replays where replays.batch_id = rejects.batch_id
                      and replays.row = rejects.row and replays.stored)) as reject
     group by reasons order by 2 desc, 1 limit 20
    """
)


def summary(db: Session, actor: Actor, *, dataset: str | None = None, batch_id: int | None = None) -> Summary:
    """Of one batch, of one dataset, or of all that may be seen; undone, failed and duplicate batches do not count."""
    require_role(actor, Role.viewer)
    counted = _counted(db, actor, dataset, batch_id)
    ids = list(db.scalars(sa.select(BatchRow.id).where(*counted)))
    totals = db.execute(
        sa.select(
            *(sa.func.coalesce(sa.func.sum(column), 0) for column in (BatchRow.rows_in, BatchRow.rows_valid)),
            *(sa.func.coalesce(sa.func.sum(column), 0) for column in (BatchRow.rows_rejected, BatchRow.failures)),
        ).where(*counted)
    ).one()
    rows_in, valid, rejected, failures = (int(value) for value in totals)
    reasons, mended = _reasons(db, ids), _mended(db, ids)
    return Summary(
        dataset=dataset if batch_id is None else batch_of(db, access_batch(db, actor, batch_id)).dataset,
        batch=batch_id,
        batches=len(ids),
        rows_in=rows_in,
        rows_valid=valid,
        rows_rejected=rejected,
        success_rate=valid / rows_in if rows_in else None,
        failures=failures,
        by_reason=reasons,
        by_rule=_added_up(reasons, "rule"),
        by_column=_added_up(reasons, "column"),
        by_combination=_combinations(db, ids) if rejected + mended <= MAX_COMBINED else None,
        by_day=_days(db, counted),
        by_file=_files(db, counted),
        rows_mended=mended,
    )


def _counted(db: Session, actor: Actor, dataset: str | None, batch_id: int | None) -> list[sa.ColumnElement[bool]]:
    """Without a dataset or a batch: of everything that the actor may see."""
    seen = sa.select(DatasetRow.id).where(visible_datasets(actor))
    counted: list[sa.ColumnElement[bool]] = [
        BatchRow.status.in_(("loading", "held", "published")),
        BatchRow.dataset_id.in_(seen),
    ]
    if dataset is not None:
        counted.append(BatchRow.dataset_id == access_dataset(db, actor, dataset).id)
    if batch_id is not None:
        counted.append(BatchRow.id == access_batch(db, actor, batch_id).id)
    return counted


def _reasons(db: Session, ids: list[int]) -> list[Reason]:
    total = sa.func.sum(ReasonRow.rows)
    query = (
        sa.select(ReasonRow.column, ReasonRow.rule, total.label("rows"))
        .where(ReasonRow.batch_id.in_(ids))
        .group_by(ReasonRow.column, ReasonRow.rule)
        .order_by(total.desc(), ReasonRow.column, ReasonRow.rule)
    )
    return [Reason(column=row.column, rule=row.rule, rows=int(row.rows)) for row in db.execute(query)]


def _added_up(reasons: list[Reason], name: str) -> dict[str, int]:
    """Failures, not rows: a row that breaks two rules of one column counts twice there."""
    counts: Counter[str] = Counter()
    for reason in reasons:
        counts[getattr(reason, name)] += reason.rows
    return dict(counts.most_common())


def _combinations(db: Session, ids: list[int]) -> list[Combination]:
    return [Combination(reasons=row.reasons, rows=row.rows) for row in db.execute(COMBINATIONS, {"ids": ids})]


def _days(db: Session, counted: list[sa.ColumnElement[bool]]) -> list[Day]:
    day = sa.cast(sa.func.timezone("UTC", BatchRow.created_at), sa.Date)
    query = (
        sa.select(
            day.label("day"),
            sa.func.sum(BatchRow.rows_in).label("rows_in"),
            sa.func.sum(BatchRow.rows_valid).label("rows_valid"),
            sa.func.sum(BatchRow.rows_rejected).label("rows_rejected"),
        )
        .where(*counted)
        .group_by(day)
        .order_by(day)
    )
    return [Day.model_validate(dict(row)) for row in db.execute(query).mappings()]


def _files(db: Session, counted: list[sa.ColumnElement[bool]]) -> list[FileFigures]:
    query = (
        sa.select(
            BatchRow.id.label("batch"),
            DatasetRow.name.label("dataset"),
            *(BatchRow.file_name, BatchRow.part, BatchRow.created_at),
            *(BatchRow.rows_in, BatchRow.rows_valid, BatchRow.rows_rejected),
        )
        .join(DatasetRow, DatasetRow.id == BatchRow.dataset_id)
        .where(*counted)
        .order_by(BatchRow.id.desc())
        .limit(MAX_FILES)
    )
    return [FileFigures.model_validate(dict(row)) for row in db.execute(query).mappings()]


def _mended(db: Session, ids: list[int]) -> int:
    """Answered by the index of stored replays alone."""
    query = sa.select(sa.func.count()).where(ReplayRow.batch_id.in_(ids), ReplayRow.stored)
    return db.scalar(query) or 0
