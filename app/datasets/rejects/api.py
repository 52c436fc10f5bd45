"""Rejected rows over HTTP: found, mended, checked again."""

from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from app.accounts.web import Caller, Db, one_transaction
from app.core.paging import MAX_LIMIT, Page
from app.datasets import service as datasets
from app.datasets.rejects.schemas import (
    History,
    Mend,
    Mended,
    Record,
    Reject,
    RejectFilter,
    ReplayRequest,
    ReplayStarted,
)
from app.datasets.uploads import MULTIPART_BODY, NoFiles, Uploads

router = APIRouter(tags=["datasets"])
committed = contextmanager(one_transaction)


class RejectQuery(RejectFilter):
    limit: int = Field(default=50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None

    def parts(self) -> dict[str, Any]:
        wanted = RejectFilter.model_validate(self.model_dump(include=set(RejectFilter.model_fields)))
        return {"wanted": wanted, "limit": self.limit, "cursor": self.cursor}


@router.get("/batches/{batch_id}/rejects")
def list_rejects(db: Db, caller: Caller, batch_id: int, query: Annotated[RejectQuery, Query()]) -> Page[Reject]:
    """In the order of the file, each with every failure: column, rule, value and message.

    `q` looks in the record, in offending values and in messages. A search that takes longer than some seconds is
    stopped with 422.
    """
    return datasets.rejects(db, caller, batch_id, **query.parts())


@router.get("/datasets/{name}/rejects")
def list_dataset_rejects(db: Db, caller: Caller, name: str, query: Annotated[RejectQuery, Query()]) -> Page[Reject]:
    """Of all batches of a dataset, newest first."""
    return datasets.dataset_rejects(db, caller, name, **query.parts())


@router.get("/rejects/{reject_id}")
def read_reject(db: Db, caller: Caller, reject_id: str) -> Record:
    """With its texts by column as they stand in the file; null where the record cannot be told apart."""
    return datasets.read_reject(db, caller, reject_id)


@router.get("/rejects/{reject_id}/history")
def read_history(db: Db, caller: Caller, reject_id: str) -> History:
    """The reject as it was found, and every try to mend it: what was written, by whom, when, what came of it."""
    return datasets.reject_history(db, caller, reject_id)


@router.post("/rejects/{reject_id}/replay")
def replay_reject(request: Request, caller: Caller, reject_id: str, mend: Mend) -> Mended:
    """The row with other values, or written anew, is checked by the rules of today and stored if it passes."""
    with committed(request, caller) as db:
        outcome = datasets.replay_reject(db, caller, reject_id, mend)
    return outcome.require_stored()  # after the commit: a try that failed is part of the history


@router.post("/batches/{batch_id}/replay", status_code=202)
def replay_batch(db: Db, caller: Caller, batch_id: int, wanted: ReplayRequest) -> ReplayStarted:
    """All open rejects of a batch, or those that a filter finds, are checked again by a job."""
    return datasets.replay_batch(db, caller, batch_id, wanted)


@router.post("/datasets/{name}/corrections", status_code=202, openapi_extra=MULTIPART_BODY)
def correct_rejects(db: Db, caller: Caller, name: str, files: Uploads, dry_run: bool = False) -> ReplayStarted:
    """The file of `/errors`, mended in a spreadsheet: each row that was changed there is checked and stored by a job.

    Rows are found by the columns `batch` and `row`. What is new stands in `raw`, or in columns called as those of the
    dataset. The result of the job names rows that are unknown, mended already or named twice.
    """
    if len(files) > 1:
        raise NoFiles("Send one file of corrections.")
    return datasets.correct_rejects(db, caller, name, files[0], dry_run=dry_run)


@router.post("/datasets/{name}/replay", status_code=202)
def replay_dataset(db: Db, caller: Caller, name: str, wanted: ReplayRequest) -> ReplayStarted:
    """The same for all batches of a dataset."""
    return datasets.replay_dataset(db, caller, name, wanted)
