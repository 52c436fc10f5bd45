"""Datasets over HTTP: schemas, files in, figures, rows and rejects out."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from app.accounts.downloads import Download
from app.accounts.web import Caller, Db, Limit
from app.core.paging import MAX_LIMIT, Page
from app.datasets import service as datasets
from app.datasets.formats import api as files
from app.datasets.rejects import api as rejects
from app.datasets.rejects.schemas import RejectFilter
from app.datasets.schemas import (
    Batch,
    Dataset,
    DatasetChange,
    DatasetCreate,
    RowsPreview,
    Summary,
    Trace,
)
from app.datasets.versions import api as versions

BatchId = Annotated[int | None, Query(alias="batch", ge=1)]
Where = Annotated[str | None, Query(description='A condition such as amount > 100 and currency == "EUR"')]

router = APIRouter(tags=["datasets"])
router.include_router(files.router)
router.include_router(rejects.router)
router.include_router(versions.router)


class RowsQuery(BaseModel):
    """Which rows, and how many of them."""

    batch: int | None = Field(None, ge=1)
    where: Where = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class RowsExport(BaseModel):
    """Which rows of which dataset. `columns`: only these, in this order."""

    dataset: str
    batch: int | None = Field(None, ge=1)
    where: Where = None
    columns: list[str] | None = None


class RejectExport(RejectFilter):
    """Of which dataset, and which of its rejects."""

    dataset: str
    where: Where = None


@router.get("/datasets")
def list_datasets(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Dataset]:
    """By name, each with its schema and its figures."""
    return datasets.datasets_page(db, caller, limit=limit, cursor=cursor)


@router.post("/datasets", status_code=201)
def create_dataset(db: Db, caller: Caller, new: DatasetCreate) -> Dataset:
    """An empty one with this schema."""
    return datasets.create_dataset(db, caller, new)


@router.get("/datasets/{name}")
def read_dataset(db: Db, caller: Caller, name: str) -> Dataset:
    """Its schema and its figures."""
    return datasets.dataset_by_name(db, caller, name)


@router.patch("/datasets/{name}")
def change_dataset(db: Db, caller: Caller, name: str, change: DatasetChange, response: Response) -> Dataset:
    """Rules at any time, for files that come later. `apply: everything` lays the change over all that is stored: 202,
    and `job_id` is the job that does it."""
    dataset = datasets.change_dataset(db, caller, name, change)
    response.status_code = 202 if dataset.job_id else 200
    return dataset


@router.delete("/datasets/{name}", status_code=204)
def delete_dataset(db: Db, caller: Caller, name: str) -> None:
    """Its rows, rejects, evidence and files too, for good."""
    datasets.delete_dataset(db, caller, name)


@router.get("/datasets/{name}/rows")
def list_rows(db: Db, caller: Caller, name: str, query: Annotated[RowsQuery, Query()]) -> RowsPreview:
    """The valid rows for which `where` is true, in the order of their files. `row_ids` are for `/trace`."""
    asked = query.model_dump(exclude={"batch"})
    return datasets.rows(db, caller, name, batch_id=query.batch, **asked)


@router.get("/batches")
def list_batches(
    db: Db, caller: Caller, dataset: str | None = None, limit: Limit = 50, cursor: str | None = None
) -> Page[Batch]:
    """Newest first, of one dataset or of all."""
    return datasets.batches(db, caller, dataset, limit=limit, cursor=cursor)


@router.get("/batches/{batch_id}")
def read_batch(db: Db, caller: Caller, batch_id: int) -> Batch:
    """How far it is and what became of its rows."""
    return datasets.batch(db, caller, batch_id)


@router.get("/batches/{batch_id}/original", response_class=StreamingResponse)
def download_original(db: Db, caller: Caller, batch_id: int) -> Download:
    """The file as it was sent, byte for byte."""
    return _download(datasets.original_of(db, caller, batch_id))


@router.post("/batches/{batch_id}/undo")
def undo_batch(db: Db, caller: Caller, batch_id: int) -> Batch:
    """Takes its rows out of the dataset."""
    return datasets.undo_batch(db, caller, batch_id)


@router.post("/batches/{batch_id}/release")
def release_batch(db: Db, caller: Caller, batch_id: int) -> Batch:
    """Publishes a batch that was held because it has too many rejects."""
    return datasets.release_batch(db, caller, batch_id)


@router.get("/summary")
def read_summary(db: Db, caller: Caller, dataset: str | None = None, batch: BatchId = None) -> Summary:
    """Totals, success rate, and rejects by rule, column, combination, day and file; of a batch, a dataset or all."""
    return datasets.summary(db, caller, dataset=dataset, batch_id=batch)


@router.get("/errors/{format}", response_class=StreamingResponse)
def export_rejects(db: Db, caller: Caller, format: str, query: Annotated[RejectExport, Query()]) -> Download:
    """Every rejected row with its reasons and its raw text, filtered as in the list: csv, json, ndjson, xlsx, parquet.

    `where` is a condition over batch, file, row, line and raw (and reasons and messages, where they are columns).
    """
    return _download(datasets.export_rejects(db, caller, query.dataset, format, wanted=query, where=query.where))


@router.get("/report/{format}", response_class=StreamingResponse)
def export_rows(db: Db, caller: Caller, format: str, query: Annotated[RowsExport, Query()]) -> Download:
    """Every valid row for which `where` is true: csv, json, ndjson, xlsx, parquet."""
    asked = query.model_dump(include={"where", "columns"})
    return _download(datasets.export_rows(db, caller, query.dataset, format, batch_id=query.batch, **asked))


def _download(export: datasets.Export) -> Download:
    return Download(export.parts(), file_name=export.file_name, media_type=export.media_type)


@router.get("/trace/{dataset}/{row_id}")
def trace_row(db: Db, caller: Caller, dataset: str, row_id: str) -> Trace:
    """From a row back to its batch, its file, its line and its raw bytes."""
    return datasets.trace_row(db, caller, dataset, row_id)
