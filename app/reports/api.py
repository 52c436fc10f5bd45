"""Reports over HTTP."""

from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.jobs.schemas import RunStatus
from app.reports import service as reports
from app.reports.schemas import Format, Preview, Report, ReportRequest, Requested

router = APIRouter(tags=["reports"])
READERS = {"html": reports.report_html, "pdf": reports.report_pdf, "json": reports.report_json}
MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}
# Whatever a report holds, a browser that opens it runs nothing and loads nothing.
HARMLESS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


class PreviewRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] = {}


def disposition(file_name: str, *, inline: bool = False) -> str:
    """As RFC 6266 has it: a plain name for old programs, the real one as ASCII whatever it holds."""
    kind = file_name.rpartition(".")[2]
    place = "inline" if inline else "attachment"
    return f"{place}; filename=\"report.{kind}\"; filename*=UTF-8''{quote(file_name, safe='')}"


@router.post("/reports", status_code=202)
def request_report(db: Db, caller: Caller, wanted: ReportRequest) -> Requested:
    """`template` is a name or an id. Follow `job_id`, or read the report by either id."""
    return reports.request_by_name(db, caller, wanted)


@router.get("/reports")
def list_reports(
    db: Db,
    caller: Caller,
    search: str = "",
    status: Literal["pending", "completed", "partial", "failed"] | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[Report]:
    """Newest first."""
    wanted = RunStatus(status) if status else None
    return reports.reports(db, caller, search=search, status=wanted, limit=limit, cursor=cursor)


@router.get("/reports/{report_id}.{format}")
def download_report(db: Db, caller: Caller, report_id: UUID, format: Format, inline: bool = False) -> Response:
    """As html, pdf or json; the json holds every figure with its query, data version and batches."""
    content = READERS[format](db, caller, report_id)
    title = reports.report(db, caller, report_id).title
    headers = {**HARMLESS, "Content-Disposition": disposition(f"{title}.{format}", inline=inline)}
    return Response(content, media_type=MEDIA_TYPES[format], headers=headers)


@router.get("/reports/{report_id}")
def read_report(db: Db, caller: Caller, report_id: UUID) -> Report:
    """By the id of the report or of the job that makes it."""
    return reports.report(db, caller, report_id)


@router.delete("/reports/{report_id}", status_code=204)
def delete_report(db: Db, caller: Caller, report_id: UUID) -> None:
    """Its files too."""
    reports.delete_report(db, caller, report_id)


@router.post("/templates/{template_id}/preview")
def preview_template(db: Db, caller: Caller, template_id: UUID, wanted: PreviewRequest) -> Preview:
    """What a report of this template would look like now. Nothing is kept."""
    return reports.preview_template(db, caller, template_id, wanted.parameters)
