"""Reads: lists, figures, rows, rejects, and the files that a question is answered from."""

from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.db import raw
from app.core.paging import MAX_LIMIT, Page, decode, encode, fetch_page
from app.datasets.access import access_batch, access_dataset, definition_of, level_on_dataset, visible_datasets
from app.datasets.filters import row_filter
from app.datasets.schemas import (
    Batch,
    Dataset,
    LiveFiles,
    RowsPreview,
)
from app.datasets.stage import table_of
from app.datasets.tables import BatchRow, DataFileRow, DatasetRow
from app.datasets.versions.tables import RevalidationRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level

Figures = dict[UUID, sa.RowMapping]


class BatchFigures(NamedTuple):
    status: str
    rows_in: int
    rows_rejected: int


LIVE = (BatchRow.status == "published", BatchRow.replaced_by.is_(None))


def datasets(db: Session, actor: Actor) -> list[Dataset]:
    require_role(actor, Role.viewer)
    figures = _figures(db)
    return [_dataset(*row, figures=figures) for row in db.execute(_seen_by(actor).order_by(DatasetRow.name))]


def datasets_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Dataset]:
    require_role(actor, Role.viewer)
    show = partial(_dataset, figures=_figures(db))
    return fetch_page(db, _seen_by(actor), show, DatasetRow.name, limit=limit, cursor=cursor)


def dataset_by_name(db: Session, actor: Actor, name: str) -> Dataset:
    return dataset_of(db, actor, access_dataset(db, actor, name))


def dataset_of(db: Session, actor: Actor, row: DatasetRow) -> Dataset:
    level = sharing.level_for(db, actor, Kind.dataset, row.id, row.owner_id)
    return _dataset(row, level, figures=_figures(db, row.id))


def batch_figures(db: Session, batch_ids: list[int]) -> dict[int, BatchFigures]:
    """For features that keep batch ids and have checked who asks."""
    query = sa.select(BatchRow.id, BatchRow.status, BatchRow.rows_in, BatchRow.rows_rejected)
    found = db.execute(query.where(BatchRow.id.in_(batch_ids))).tuples()
    return {row[0]: BatchFigures(*row[1:]) for row in found}


def _seen_by(actor: Actor) -> sa.Select[DatasetRow, str | None]:
    return sa.select(DatasetRow, level_on_dataset(actor)).where(visible_datasets(actor))


def _figures(db: Session, dataset_id: UUID | None = None) -> Figures:
    query = sa.select(
        BatchRow.dataset_id,
        sa.func.count().filter(*LIVE).label("batches"),
        sa.func.coalesce(sa.func.sum(BatchRow.rows_rejected).filter(*LIVE), 0).label("rejected"),
        sa.func.max(BatchRow.created_at).label("last_batch_at"),
        RevalidationRow.run_id,
    )
    query = query.outerjoin(RevalidationRow, RevalidationRow.dataset_id == BatchRow.dataset_id)
    query = query.group_by(BatchRow.dataset_id, RevalidationRow.run_id)
    if dataset_id is not None:
        query = query.where(BatchRow.dataset_id == dataset_id)
    return {row.dataset_id: row._mapping for row in db.execute(query)}


def _dataset(row: DatasetRow, level: str | None, *, figures: Figures) -> Dataset:
    own = figures.get(row.id)
    return Dataset(
        id=row.id,
        name=row.name,
        description=row.description,
        definition=definition_of(row),
        version=row.version,
        owner_id=row.owner_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
        rows=row.row_count,
        rejected=int(own["rejected"]) if own else 0,
        batches=own["batches"] if own else 0,
        last_batch_at=own["last_batch_at"] if own else None,
        level=Level(level or Level.view),
        job_id=own["run_id"] if own else None,
    )


def batch(db: Session, actor: Actor, batch_id: int) -> Batch:
    return batch_of(db, access_batch(db, actor, batch_id))


def batch_of(db: Session, row: BatchRow) -> Batch:
    name = db.scalars(sa.select(DatasetRow.name).where(DatasetRow.id == row.dataset_id)).one()
    return _batch(row, name)


def _batch(row: BatchRow, dataset: str) -> Batch:
    values = {field: getattr(row, field) for field in Batch.model_fields if field != "dataset"}
    return Batch.model_validate({**values, "dataset": dataset})


def batches(
    db: Session, actor: Actor, dataset: str | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[Batch]:
    """Newest first, of one dataset or of all that may be seen."""
    require_role(actor, Role.viewer)
    query = sa.select(BatchRow, DatasetRow.name).join(DatasetRow, DatasetRow.id == BatchRow.dataset_id)
    query = query.where(visible_datasets(actor))
    if dataset is not None:
        query = query.where(BatchRow.dataset_id == access_dataset(db, actor, dataset).id)
    return fetch_page(db, query, _batch, BatchRow.id, limit=limit, cursor=cursor, newest_first=True)


def live_files(db: Session, actor: Actor, dataset: str) -> LiveFiles:
    """The Parquet files that are the dataset at this moment, oldest batch first."""
    row = access_dataset(db, actor, dataset)
    ids = list(db.scalars(sa.select(BatchRow.id).where(BatchRow.dataset_id == row.id, *LIVE).order_by(BatchRow.id)))
    found = sa.select(DataFileRow.key, DataFileRow.rows).where(DataFileRow.batch_id.in_(ids))
    files = db.execute(found.order_by(DataFileRow.batch_id, DataFileRow.block)).all()
    schema = definition_of(row)
    return LiveFiles(
        dataset_id=row.id,
        dataset=row.name,
        columns=[(column.name, column.type) for column in schema.columns],
        files=[file.key for file in files],
        version=_version(row, ids, [file.rows for file in files]),
        batches=ids,
        key=schema.key if schema.mode == "upsert" else [],
        unique=[*([schema.key] if schema.key else []), *([column.name] for column in schema.columns if column.unique)],
        references={c.name: (c.references.dataset, c.references.column) for c in schema.columns if c.references},
    )


def _version(row: DatasetRow, ids: list[int], rows: list[int]) -> str:
    """Changes whenever the answer to a question could: files only ever grow in number within a batch."""
    return f"{row.version}-{len(ids)}-{max(ids, default=0)}-{sum(ids)}-{len(rows)}-{sum(rows)}"


def rows(
    db: Session,
    actor: Actor,
    dataset: str,
    *,
    batch_id: int | None = None,
    where: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> RowsPreview:
    """The stored rows that fulfil the condition `where`, batch by batch in the order of their files."""
    row = access_dataset(db, actor, dataset)
    limit, schema = min(limit, MAX_LIMIT), definition_of(row)
    names = [column.name for column in schema.columns]
    fulfilled = row_filter(schema, where) or sql.SQL("true")
    after = decode(cursor, [int, int]) if cursor else [batch_id or 0, 0]
    # No parameters: a per cent sign in the name of a column would be taken for one.
    query = sql.SQL(
        "select _batch, _row, {} from {} where (_batch, _row) > ({}, {}){} and {} order by 1, 2 limit {}"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        table_of(row.id),
        *map(sql.Literal, after),
        sql.SQL(" and _batch = {}").format(sql.Literal(batch_id)) if batch_id else sql.SQL(""),
        fulfilled,
        sql.Literal(limit + 1),
    )
    found: list[Any] = raw(db).execute(query).fetchall()
    shown = found[:limit]
    return RowsPreview(
        columns=names,
        rows=[list(one[2:]) for one in shown],
        row_ids=[f"{one[0]}.{one[1]}" for one in shown],
        next_cursor=encode(shown[-1][:2]) if len(found) > limit else None,
    )
