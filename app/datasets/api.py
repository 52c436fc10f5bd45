"""Datasets over HTTP: schemas, files in, figures, rows and rejects out."""

from contextlib import contextmanager
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from app.accounts.web import Caller, Db, Limit, one_transaction
from app.core.db import transaction
from app.core.paging import MAX_LIMIT, Page
from app.datasets import service
from app.datasets.schemas import (
    Batch,
    BatchStatus,
    Dataset,
    DatasetChange,
    DatasetCreate,
    Pins,
    Proposal,
    Reject,
    RowsPreview,
    Summary,
    Trace,
)
from app.datasets.uploads import MULTIPART_BODY, NoFiles, Uploads
from app.jobs import service as jobs

WAIT_SECONDS = 300.0
BatchId = Annotated[int | None, Query(alias="batch", ge=1)]
Delimiter = Literal[",", ";", "\t", "|"]

router = APIRouter(tags=["datasets"])
receiving = contextmanager(one_transaction)


class Ingested(BaseModel):
    """What became of one file. `duplicate_of` names the batch that has the same bytes."""

    batch_id: int
    job_id: UUID | None
    file: str
    status: BatchStatus
    rows_in: int
    rows_valid: int
    rows_rejected: int
    duplicate_of: int | None
    error: str | None


class IngestQuery(Pins):
    """Where the files go and how they are to be read."""

    dataset: str
    wait: bool = Field(default=False, description="Answer when everything is loaded, or after five minutes")


class RejectQuery(BaseModel):
    """Only rows that broke this rule, or a rule of this column."""

    rule: str | None = None
    column: str | None = None
    limit: int = Field(default=50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class IngestAnswer(BaseModel):
    batches: list[Ingested]


@router.get("/datasets")
def list_datasets(db: Db, actor: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Dataset]:
    return service.datasets_page(db, actor, limit=limit, cursor=cursor)


@router.post("/datasets", status_code=201)
def create_dataset(db: Db, actor: Caller, new: DatasetCreate) -> Dataset:
    return service.create_dataset(db, actor, new)


@router.post("/datasets/infer", openapi_extra=MULTIPART_BODY)
def infer_schema(
    actor: Caller, files: Uploads, encoding: str | None = None, delimiter: Delimiter | None = None
) -> Proposal:
    if len(files) > 1:
        raise NoFiles("Send one file to get a schema for it.")
    proposal = service.infer_schema(actor, files[0], Pins(encoding=encoding, delimiter=delimiter))
    service.discard_upload(files[0])
    return proposal


@router.get("/datasets/{name}")
def read_dataset(db: Db, actor: Caller, name: str) -> Dataset:
    return service.dataset_by_name(db, actor, name)


@router.patch("/datasets/{name}")
def change_dataset(db: Db, actor: Caller, name: str, change: DatasetChange) -> Dataset:
    return service.change_dataset(db, actor, name, change)


@router.delete("/datasets/{name}", status_code=204)
def delete_dataset(db: Db, actor: Caller, name: str) -> None:
    service.delete_dataset(db, actor, name)


@router.get("/datasets/{name}/rows")
def list_rows(
    db: Db, actor: Caller, name: str, batch: BatchId = None, limit: Limit = 50, cursor: str | None = None
) -> RowsPreview:
    return service.rows(db, actor, name, batch_id=batch, limit=limit, cursor=cursor)


@router.post("/ingest", status_code=202, openapi_extra=MULTIPART_BODY)
def ingest(
    request: Request,
    response: Response,
    actor: Caller,
    files: Uploads,
    query: Annotated[IngestQuery, Query()],
) -> IngestAnswer:
    pins = Pins(encoding=query.encoding, delimiter=query.delimiter)
    with receiving(request, actor) as db:
        batches = [service.receive_file(db, actor, query.dataset, file, pins) for file in files]
    if query.wait:
        response.status_code = 200
        batches = _waited_for(actor, batches)
    return IngestAnswer(batches=[_ingested(batch) for batch in batches])


def _waited_for(actor: Caller, batches: list[Batch]) -> list[Batch]:
    """After the commit: a job can only see what is committed."""
    for batch in batches:
        if batch.run_id and batch.status == "loading":
            jobs.wait_for(batch.run_id, WAIT_SECONDS)
    with transaction() as db:
        return [service.batch(db, actor, batch.id) for batch in batches]


def _ingested(batch: Batch) -> Ingested:
    shared = batch.model_dump(include=set(Ingested.model_fields))
    return Ingested(batch_id=batch.id, job_id=batch.run_id, file=batch.file_name, **shared)


@router.get("/batches")
def list_batches(
    db: Db, actor: Caller, dataset: str | None = None, limit: Limit = 50, cursor: str | None = None
) -> Page[Batch]:
    return service.batches(db, actor, dataset, limit=limit, cursor=cursor)


@router.get("/batches/{batch_id}")
def read_batch(db: Db, actor: Caller, batch_id: int) -> Batch:
    return service.batch(db, actor, batch_id)


@router.post("/batches/{batch_id}/undo")
def undo_batch(db: Db, actor: Caller, batch_id: int) -> Batch:
    return service.undo_batch(db, actor, batch_id)


@router.post("/batches/{batch_id}/release")
def release_batch(db: Db, actor: Caller, batch_id: int) -> Batch:
    return service.release_batch(db, actor, batch_id)


@router.get("/batches/{batch_id}/rejects")
def list_rejects(db: Db, actor: Caller, batch_id: int, query: Annotated[RejectQuery, Query()]) -> Page[Reject]:
    return service.rejects(db, actor, batch_id, **query.model_dump())


@router.get("/summary")
def read_summary(db: Db, actor: Caller, dataset: str | None = None, batch: BatchId = None) -> Summary:
    return service.summary(db, actor, dataset=dataset, batch_id=batch)


@router.get("/errors/{form}", response_class=StreamingResponse)
def export_rejects(db: Db, actor: Caller, form: str, dataset: str, batch: BatchId = None) -> StreamingResponse:
    return _streamed(service.export_rejects(db, actor, dataset, form, batch_id=batch))


@router.get("/report/{form}", response_class=StreamingResponse)
def export_rows(db: Db, actor: Caller, form: str, dataset: str, batch: BatchId = None) -> StreamingResponse:
    return _streamed(service.export_rows(db, actor, dataset, form, batch_id=batch))


def _streamed(export: service.Export) -> StreamingResponse:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(export.file_name)}"}
    return StreamingResponse(export.parts(), media_type=export.media_type, headers=headers)


@router.get("/trace/{dataset}/{row_id}")
def trace_row(db: Db, actor: Caller, dataset: str, row_id: str) -> Trace:
    return service.trace_row(db, actor, dataset, row_id)
