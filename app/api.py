"""The HTTP door: every feature's routes under one roof, every error in one envelope."""

from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.accounts import service as accounts_service
from app.accounts.api import router as accounts
from app.accounts.asgi import IdempotentPosts, RequestIds, SmallBodies, error_answer
from app.accounts.idempotency import AnsweredBefore
from app.admissions.api import router as admissions
from app.core.errors import AppError, Forbidden, Invalid, TooMany, Unavailable
from app.datasets.api import router as datasets
from app.deliveries.api import router as deliveries
from app.documents.api import router as documents
from app.jobs.api import router as jobs
from app.monitoring.api import router as monitoring
from app.notices.api import router as notices
from app.queries.api import router as queries
from app.reports.api import router as reports
from app.schedules.api import router as schedules
from app.sharing.api import router as sharing
from app.sources.api import router as sources
from app.tasks.api import router as tasks
from app.tasks.automations.api import router as automations
from app.templates.api import router as templates

ROUTERS = [
    accounts,
    admissions,
    automations,
    datasets,
    deliveries,
    documents,
    jobs,
    monitoring,
    notices,
    queries,
    reports,
    schedules,
    sharing,
    sources,
    tasks,
    templates,
]

log = structlog.get_logger()


class ErrorBody(BaseModel):
    """Every error looks like this. `error` is a name for programs, `message` a sentence for people."""

    error: str
    message: str
    request_id: str
    details: list[dict[str, Any]]


DOCUMENTED = {status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)}
TAKE_FILES = (
    *("/ingest", "/upload", "/datasets/infer", "/datasets/try", "/documents", "/boards/import"),
    *("/cards/[^/]+/files", "/boards/[^/]+/cards/import", "/datasets/[^/]+/corrections"),
)  # patterns of whole paths
HTTP_NAMES = {404: "NotFound", 405: "MethodNotAllowed", 413: "TooLarge", 415: "UnsupportedMediaType"}
HTTP_MESSAGES = {404: "There is no such address.", 405: "This address does not answer to this method."}


def make_api() -> FastAPI:
    app = FastAPIOffline(
        title="AutoReport",
        version="1",
        summary="A team's work and data, turned into the right report, in the right inbox, on time.",
        redoc_url=None,
        responses=DOCUMENTED,
    )
    for router in ROUTERS:
        app.include_router(router)
    for error, answer in {
        AppError: _app_error,
        AnsweredBefore: _answered_before,
        RequestValidationError: _not_valid,
        HTTPException: _http_error,
        sa.exc.OperationalError: _database_away,
        sa.exc.TimeoutError: _database_away,
        sa.exc.DataError: _not_storable,
    }.items():
        app.add_exception_handler(error, answer)
    app.add_middleware(IdempotentPosts)
    app.add_middleware(SmallBodies, files_at=TAKE_FILES)
    app.add_middleware(RequestIds)
    return app


def _app_error(request: Request, error: Any) -> JSONResponse:
    actor = getattr(request.state, "actor", None)
    if isinstance(error, Forbidden) and actor:
        accounts_service.note_refusal(actor, f"{request.method} {request.url.path}", error.message)
    answer = error_answer(request.scope, error.status, error.code, error.message, error.details)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _answered_before(_request: Request, error: Any) -> Response:
    headers = {**error.answer.headers, "Idempotent-Replay": "true"}
    return Response(error.answer.body, error.answer.status, headers)


def _not_valid(request: Request, error: Any) -> JSONResponse:
    """Never repeats what was sent: it may be a password."""
    details = [{"field": _path(item["loc"]), "message": _sentence(item["msg"])} for item in error.errors()]
    first = details[0] if details else {"field": "body", "message": "This is not valid."}
    return error_answer(request.scope, 422, Invalid.__name__, f"{first['field']}: {first['message']}", details)


def _path(location: tuple[Any, ...]) -> str:
    """`items.2.name` for a body; a query, path or header parameter by its name."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".") + "."


def _http_error(request: Request, error: Any) -> JSONResponse:
    if isinstance(error.__cause__, AppError):  # raised while the body was read
        return _app_error(request, error.__cause__)
    name = HTTP_NAMES.get(error.status_code, "BadRequest")
    message = HTTP_MESSAGES.get(error.status_code, str(error.detail))
    answer = error_answer(request.scope, error.status_code, name, message)
    answer.headers.update(error.headers or {})
    return answer


def _database_away(request: Request, error: Any) -> JSONResponse:
    log.error(
        "database_unavailable", request_id=request.scope["state"]["request_id"], error=str(error.__cause__ or error)
    )
    away = Unavailable("The database does not answer right now. Try again in a moment.")
    return _app_error(request, away)


def _not_storable(request: Request, _error: Any) -> JSONResponse:
    return _app_error(request, Invalid("A value cannot be stored: it holds a NUL character or is out of range."))


api = make_api()
