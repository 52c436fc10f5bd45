"""Versions of a schema, and what a schema would reject, over HTTP."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import ValidationError

from app.accounts.web import Caller, Db, Limit
from app.core.errors import Invalid
from app.core.paging import Page
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, DatasetSchema, DatasetVersion, Delimiter, Pins, Trial, TryChange, UseVersion
from app.datasets.uploads import Form, NoFiles, multipart_body

SCHEMA_FIELD: dict[str, Any] = {"type": "string", "description": "The schema as JSON"}

router = APIRouter()


class BadSchema(Invalid):
    """The field `schema` must hold a schema as JSON."""


@router.post("/datasets/try", openapi_extra=multipart_body(schema=SCHEMA_FIELD))
def try_schema(caller: Caller, form: Form, encoding: str | None = None, delimiter: Delimiter | None = None) -> Trial:
    """A file and a schema in; out comes how many of its rows each rule would reject. Nothing is kept."""
    if len(form.uploads) > 1:
        raise NoFiles("Send one file to try a schema on.")
    definition = _definition(bytes(form.fields.get("schema", b"")))
    trial = datasets.try_schema(caller, form.uploads[0], definition, Pins(encoding=encoding, delimiter=delimiter))
    datasets.discard_upload(form.uploads[0])
    return trial


def _definition(text: bytes) -> DatasetSchema:
    try:
        return DatasetSchema.model_validate_json(text)
    except ValidationError as error:
        details = [{"loc": list(one["loc"]), "msg": one["msg"]} for one in error.errors(include_url=False)]
        raise BadSchema(f"The field `schema`: {details[0]['msg']}.", details=details) from error


@router.post("/datasets/{name}/try")
def try_change(db: Db, caller: Caller, name: str, change: TryChange) -> Trial:
    """How many of the stored rows a changed schema would reject, the newest files first, as far as a few seconds go."""
    return datasets.try_change(db, caller, name, change)


@router.get("/datasets/{name}/versions")
def list_versions(
    db: Db, caller: Caller, name: str, limit: Limit = 50, cursor: str | None = None
) -> Page[DatasetVersion]:
    """Every definition that it had, the newest first, each with what it changed."""
    return datasets.versions(db, caller, name, limit=limit, cursor=cursor)


@router.post("/datasets/{name}/versions/{version}/use")
def use_version(db: Db, caller: Caller, name: str, version: int, use: UseVersion, response: Response) -> Dataset:
    """Makes an earlier definition the one that holds now. 202 while a job lays it over what is stored (`job_id`)."""
    dataset = datasets.use_version(db, caller, name, version, use)
    response.status_code = 202 if dataset.job_id else 200
    return dataset
