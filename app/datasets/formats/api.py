"""Files in, over HTTP: into a dataset, into new ones, or only looked at."""

from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.accounts.web import Caller, one_transaction
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.schemas import Batch, BatchStatus, Created, Pins, Proposal, Refused
from app.datasets.uploads import MULTIPART_BODY, NoFiles, Uploads
from app.jobs import service as jobs

WAIT_SECONDS = 300.0

router = APIRouter()
receiving = contextmanager(one_transaction)


class Ingested(BaseModel):
    """What became of one table of a file. `duplicate_of` names the batch that has the same bytes."""

    batch_id: int
    job_id: UUID | None
    file: str
    part: str
    status: BatchStatus
    rows_in: int
    rows_valid: int
    rows_rejected: int
    duplicate_of: int | None
    error: str | None


class NotLoaded(Refused):
    """A table of a file that is no part of this dataset."""

    file: str


class IngestQuery(Pins):
    """Where the files go and how they are to be read."""

    dataset: str
    wait: bool = Field(default=False, description="Answer when everything is loaded, or after five minutes")


class IngestAnswer(BaseModel):
    batches: list[Ingested]
    skipped: list[NotLoaded]


class UploadQuery(Pins):
    """What the new datasets are called and how the files are to be read."""

    name: str | None = Field(
        None,
        max_length=80,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Default: after the file and the sheet",
    )
    wait: bool = Field(default=False, description="Answer when everything is loaded, or after five minutes")


class Uploaded(Ingested):
    dataset: str


class UploadAnswer(BaseModel):
    datasets: list[Uploaded]
    skipped: list[NotLoaded]


class InferAnswer(Proposal):
    """The proposal for the first table, and all of them in `parts`."""

    parts: list[Proposal]
    skipped: list[Refused]


@router.post("/datasets/infer", openapi_extra=MULTIPART_BODY)
def infer_schema(caller: Caller, files: Uploads, query: Annotated[Pins, Query()]) -> InferAnswer:
    """A file in, a schema out for each of its tables: types as they look, with examples. Nothing is kept."""
    if len(files) > 1:
        raise NoFiles("Send one file to get a schema for it.")
    found = datasets.infer_parts(caller, files[0], query)
    datasets.discard_upload(files[0])
    return InferAnswer(**dict(found.parts[0]), parts=found.parts, skipped=found.skipped)


@router.post("/ingest", status_code=202, openapi_extra=MULTIPART_BODY)
def ingest(
    request: Request, response: Response, caller: Caller, files: Uploads, query: Annotated[IngestQuery, Query()]
) -> IngestAnswer:
    """One batch for each table of each file that fits. With `wait=true` the answer comes when all are loaded."""
    batches: list[Batch] = []
    skipped: list[NotLoaded] = []
    with receiving(request, caller) as db:
        for file in files:
            received = datasets.receive_parts(db, caller, query.dataset, file, _pins(query))
            batches += received.batches
            skipped += _not_loaded(file.file_name, received.skipped)
    if query.wait:
        response.status_code = 200
        batches = _waited_for(caller, batches)
    return IngestAnswer(batches=[_ingested(batch) for batch in batches], skipped=skipped)


@router.post("/upload", status_code=202, openapi_extra=MULTIPART_BODY)
def upload(
    request: Request, response: Response, caller: Caller, files: Uploads, query: Annotated[UploadQuery, Query()]
) -> UploadAnswer:
    """A new dataset for each table of each file, with a schema read off it. A name that is taken gets a number."""
    proposals = [datasets.infer_parts(caller, file, _pins(query)) for file in files]
    made: list[Created] = []
    with receiving(request, caller) as db:
        for file, found in zip(files, proposals, strict=True):
            made += datasets.create_from(db, caller, file, found, name=query.name)
    batches = [one.batch for one in made]
    if query.wait:
        response.status_code = 200
        batches = _waited_for(caller, batches)
    pairs = zip(made, batches, strict=True)
    skipped = [_not_loaded(file.file_name, found.skipped) for file, found in zip(files, proposals, strict=True)]
    return UploadAnswer(
        datasets=[Uploaded(dataset=one.dataset, **dict(_ingested(batch))) for one, batch in pairs],
        skipped=[one for few in skipped for one in few],
    )


def _pins(query: Pins) -> Pins:
    return Pins(**{name: getattr(query, name) for name in Pins.model_fields})


def _not_loaded(file_name: str, skipped: list[Refused]) -> list[NotLoaded]:
    return [NotLoaded(file=file_name, part=one.part, reason=one.reason) for one in skipped]


def _waited_for(caller: Caller, batches: list[Batch]) -> list[Batch]:
    """After the commit: a job can only see what is committed."""
    for batch in batches:
        if batch.run_id and batch.status == "loading":
            jobs.wait_for(batch.run_id, WAIT_SECONDS)
    with transaction() as db:
        return [datasets.batch(db, caller, batch.id) for batch in batches]


def _ingested(batch: Batch) -> Ingested:
    shared = batch.model_dump(include=set(Ingested.model_fields))
    return Ingested(batch_id=batch.id, job_id=batch.run_id, file=batch.file_name, **shared)
