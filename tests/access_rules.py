"""For whom each route is. Whoever adds a route adds its line here, or the suite fails.

`Rule(least, request)`: the least role that may do it, and what to send.
`on(Kind.board, EDIT, least, request)`: the route is about a thing that can be shared. VIEW and EDIT are the level that
takes, OWN means its owner and administrators only; `least` is the least role that may do it to a thing of its own,
`shared` that for things of others where it is a higher one, `hidden` the answer about a thing that may not be seen: 422
where it is named by a field of the body. `costly`: it is enough that one caller is really served for each relation.
What is sent are the arguments of a request, and `path` for parts of the address that are not what their name says.
`mine(request)`: about what is only ever one person's own. `admins=True`: administrators may do it too.
`written(request)`: about what one person has written on a board.
"""

from collections.abc import Callable
from enum import Enum
from json import dumps
from typing import Any, NamedTuple
from uuid import uuid4

from app.core.actor import Role
from app.sharing.schemas import Kind
from tests.access_objects import BLOCKS, CSV, SCHEMA, Objects
from tests.documents.made import pdf

VIEWER, MEMBER, AUTHOR, ADMIN = Role
Body = Callable[[Objects], dict[str, Any]]
FILE: dict[str, Any] = {"files": {"file": ("cities.csv", CSV, "text/csv")}}
TRIED = dumps(SCHEMA)
WINDOW = {"params": {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}}
RULE: dict[str, Any] = {"when": {"kind": "completed"}, "then": [{"kind": "archive"}]}
PDF = pdf("Cities and people")
PASSWORD = "three unrelated words"
WEB: dict[str, Any] = {"kind": "https", "settings": {"url": "https://127.0.0.1:1/cities.csv"}}
MAIL = {"host": "127.0.0.1", "from_address": "a@example.com"}


class Needs(Enum):
    view = 1
    edit = 2
    own = 3


VIEW, EDIT, OWN = Needs


def json(**body: Any) -> Body:
    return lambda _: {"json": body}


def nothing(_: Objects) -> dict[str, Any]:
    return {}


def of_dataset(things: Objects) -> dict[str, Any]:
    return {"params": {"dataset": things.name}}


class Rule(NamedTuple):
    least: Role
    request: Body = nothing
    about: Kind | None = None
    needs: Needs = VIEW
    shared: Role = VIEWER
    private: bool = False
    admins: bool = True
    hidden: int = 404
    costly: bool = False


def on(
    about: Kind, needs: Needs, least: Role, request: Body = nothing, *, shared: Role = VIEWER, hidden: int = 404
) -> Rule:
    return Rule(least, request, about, needs, shared, hidden=hidden)


def written(request: Body) -> Rule:
    """By one person on a board: even administrators put no words into the mouths of others."""
    return on(Kind.board, OWN, MEMBER, request)._replace(admins=False)


def mine(request: Body = nothing, *, admins: bool = False) -> Rule:
    return Rule(VIEWER, request, private=True, admins=admins)


RULES: dict[str, Rule] = {
    "GET /me": Rule(VIEWER),
    "PATCH /me": Rule(VIEWER, json(job_title="Tester")),
    "POST /me/password": Rule(VIEWER, json(current_password="wrong", new_password="four quite other words")),
    "GET /me/two-factor": Rule(VIEWER),
    "POST /me/two-factor": Rule(VIEWER, json(current_password=PASSWORD)),
    "POST /me/two-factor/confirm": Rule(VIEWER, json(code="000000")),
    "POST /me/two-factor/recovery-codes": Rule(VIEWER, json(current_password=PASSWORD)),
    "DELETE /me/two-factor": Rule(VIEWER, json(current_password=PASSWORD)),
    "GET /people": Rule(ADMIN),
    "POST /people": Rule(
        ADMIN, lambda _: {"json": {"email": f"{uuid4().hex}@example.com", "name": "N", "password": "three words"}}
    ),
    "PATCH /people/{person_id}": Rule(ADMIN, json(role="author")),
    "POST /people/{person_id}/reset-link": Rule(ADMIN),
    "GET /invitations": Rule(ADMIN),
    "POST /invitations": Rule(ADMIN, lambda _: {"json": {"email": f"{uuid4().hex}@example.com"}}),
    "POST /invitations/{invitation_id}/resend": Rule(ADMIN),
    "DELETE /invitations/{invitation_id}": Rule(ADMIN),
    "GET /people/{person_id}/owned": Rule(ADMIN),
    "POST /people/{person_id}/deactivate": Rule(ADMIN, json()),
    "GET /left-behind": Rule(ADMIN),
    "GET /people/{person_id}/sessions": Rule(ADMIN),
    "DELETE /people/{person_id}/sessions/{session_id}": Rule(
        ADMIN, lambda things: {"path": {"person_id": things.owner.id}}
    ),
    "GET /people/{person_id}/keys": Rule(ADMIN),
    "POST /people/{person_id}/hand-over": Rule(ADMIN, lambda things: {"json": {"to_person_id": str(things.owner.id)}}),
    "DELETE /people/{person_id}/two-factor": Rule(ADMIN),
    "DELETE /people/{person_id}/sessions": Rule(ADMIN),
    "GET /policy": Rule(ADMIN),
    "PATCH /policy": Rule(ADMIN, json(two_factor_from=None)),
    "GET /keys": Rule(VIEWER),
    "POST /keys": Rule(VIEWER, json(name="new")),
    "DELETE /keys/{key_id}": mine(admins=True),
    "GET /sessions": Rule(VIEWER),
    "GET /notices": Rule(VIEWER),
    "GET /notices/count": Rule(VIEWER),
    "POST /notices/{notice_id}/read": mine(),
    "POST /notices/read": Rule(VIEWER),
    "GET /notices/settings": Rule(VIEWER),
    "PATCH /notices/settings": Rule(VIEWER, json(mail="daily", hour=7)),
    "POST /sessions/extend": Rule(VIEWER),
    "DELETE /sessions": Rule(VIEWER, json(current_password=PASSWORD)),
    "DELETE /sessions/{session_id}": mine(),
    "GET /audit": Rule(ADMIN),
    "GET /audit/export/{format}": Rule(ADMIN),
    "POST /audit/verify": Rule(ADMIN),
    "GET /teams": Rule(VIEWER),
    "POST /teams": Rule(ADMIN, lambda _: {"json": {"name": uuid4().hex}}),
    "GET /teams/{team_id}": Rule(VIEWER),
    "PATCH /teams/{team_id}": Rule(ADMIN, json(description="Changed")),
    "DELETE /teams/{team_id}": Rule(ADMIN),
    "POST /teams/{team_id}/members": Rule(ADMIN, lambda things: {"json": {"person_id": str(things.owner.id)}}),
    "DELETE /teams/{team_id}/members/{person_id}": Rule(ADMIN),
    "GET /directory": Rule(VIEWER),
    "GET /shares/{kind}/{thing_id}": on(Kind.board, VIEW, VIEWER),
    "POST /shares/{kind}/{thing_id}": on(Kind.board, OWN, MEMBER, json(everybody=True)),
    "DELETE /shares/{share_id}": on(Kind.board, OWN, MEMBER),
    "GET /boards": Rule(VIEWER),
    "POST /boards": Rule(MEMBER, json(name="New")),
    "GET /boards/{board_id}": on(Kind.board, VIEW, VIEWER),
    "PATCH /boards/{board_id}": on(Kind.board, EDIT, MEMBER, json(name="Renamed"), shared=AUTHOR),
    "GET /boards/{board_id}/changes": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/steps": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/undo": on(Kind.board, EDIT, MEMBER, json()),
    "POST /boards/{board_id}/redo": on(Kind.board, EDIT, MEMBER, json()),
    "POST /boards/{board_id}/archive": on(Kind.board, OWN, MEMBER),
    "POST /boards/{board_id}/revive": on(Kind.board, OWN, MEMBER),
    "DELETE /boards/{board_id}": on(Kind.board, OWN, MEMBER),
    "GET /boards/{board_id}/cards": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/cards": on(Kind.board, EDIT, MEMBER, json(title="New")),
    "POST /boards/import": Rule(
        MEMBER, lambda _: {"files": {"file": ("cards.csv", b"title\nOne\n", "text/csv")}, "params": {"again": True}}
    ),
    "POST /boards/{board_id}/cards/import": on(
        Kind.board, EDIT, MEMBER, lambda _: {"files": {"file": ("cards.csv", b"title\nOne\n", "text/csv")}}
    ),
    "GET /board-imports/{import_id}": mine(admins=True),
    "GET /boards/{board_id}/import": on(Kind.board, VIEW, VIEWER, lambda things: dict(things.imported)),
    "GET /boards/{board_id}/export": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/calendar-link": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/calendar-link": on(Kind.board, VIEW, VIEWER, json()),
    "DELETE /boards/{board_id}/calendar-link": Rule(VIEWER),
    "GET /boards/{board_id}/summary": on(Kind.board, VIEW, VIEWER, lambda _: WINDOW),
    "GET /boards/{board_id}/metrics": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/metrics/{table}.csv": on(Kind.board, VIEW, VIEWER),
    "GET /analytics/tasks": Rule(VIEWER),
    "GET /analytics/tasks/{table}.csv": Rule(VIEWER),
    "GET /boards/{board_id}/cards.csv": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/activity": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/cards/bulk": on(
        Kind.board,
        EDIT,
        MEMBER,
        lambda things: {"json": {"card_ids": [str(things.card_id)], "change": {"priority": "high"}}},
    ),
    "GET /boards/{board_id}/filters": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/filters": on(
        Kind.board, VIEW, VIEWER, lambda _: {"json": {"name": uuid4().hex, "text": "is:open"}}
    ),
    "PUT /boards/{board_id}/filters/default": on(Kind.board, VIEW, VIEWER, json(filter_id=None)),
    "PATCH /boards/{board_id}/filters/{filter_id}": on(Kind.board, EDIT, MEMBER, json(text="is:done")),
    "DELETE /boards/{board_id}/filters/{filter_id}": on(Kind.board, EDIT, MEMBER),
    "GET /boards/{board_id}/rules": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/rules": on(Kind.board, EDIT, MEMBER, json(name="New", **RULE), shared=AUTHOR),
    "POST /boards/{board_id}/rules/try": on(Kind.board, VIEW, VIEWER, json(**RULE)),
    "PATCH /rules/{rule_id}": on(Kind.board, EDIT, MEMBER, json(version=1, enabled=False), shared=AUTHOR),
    "DELETE /rules/{rule_id}": on(Kind.board, EDIT, MEMBER, shared=AUTHOR),
    "POST /rules/{rule_id}/try": on(Kind.board, VIEW, VIEWER),
    "GET /rules/{rule_id}/runs": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/recurring": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/recurring": on(
        Kind.board, EDIT, MEMBER, json(content={"title": "New"}, timing={"cron": "0 9 * * 1"})
    ),
    "PATCH /recurring/{recurrence_id}": on(Kind.board, EDIT, MEMBER, json(version=1, enabled=False)),
    "DELETE /recurring/{recurrence_id}": on(Kind.board, EDIT, MEMBER),
    "GET /recurring/{recurrence_id}/runs": on(Kind.board, VIEW, VIEWER),
    "GET /boards/{board_id}/card-templates": on(Kind.board, VIEW, VIEWER),
    "POST /boards/{board_id}/card-templates": on(
        Kind.board, EDIT, MEMBER, lambda _: {"json": {"name": uuid4().hex, "content": {"title": "New"}}}
    ),
    "PATCH /card-templates/{card_template_id}": on(Kind.board, EDIT, MEMBER, json(version=1, name="Changed")),
    "DELETE /card-templates/{card_template_id}": on(Kind.board, EDIT, MEMBER),
    "POST /card-templates/{card_template_id}/use": on(Kind.board, EDIT, MEMBER, json()),
    "GET /boards/{board_id}/auto-archive": on(Kind.board, VIEW, VIEWER, lambda _: {"params": {"days": 5}}),
    "GET /cards/{card_id}": on(Kind.board, VIEW, VIEWER),
    "PATCH /cards/{card_id}": on(Kind.board, EDIT, MEMBER, json(version=1, title="Changed")),
    "DELETE /cards/{card_id}": on(Kind.board, OWN, MEMBER),
    "POST /cards/{card_id}/move": on(
        Kind.board,
        EDIT,
        MEMBER,
        lambda things: {"json": {"column": str(things.board.columns[1].id), "version": 1}},
    ),
    "POST /cards/{card_id}/archive": on(Kind.board, EDIT, MEMBER),
    "POST /cards/{card_id}/revive": on(Kind.board, EDIT, MEMBER),
    "GET /cards/{card_id}/history": on(Kind.board, VIEW, VIEWER),
    "GET /cards/{card_id}/checklist": on(Kind.board, VIEW, VIEWER),
    "POST /cards/{card_id}/checklist": on(Kind.board, EDIT, MEMBER, json(text="New")),
    "PATCH /cards/{card_id}/checklist/{item_id}": on(Kind.board, EDIT, MEMBER, json(done=True)),
    "DELETE /cards/{card_id}/checklist/{item_id}": on(Kind.board, EDIT, MEMBER),
    "GET /cards/{card_id}/comments": on(Kind.board, VIEW, VIEWER),
    "POST /cards/{card_id}/comments": on(Kind.board, EDIT, MEMBER, json(text="New")),
    "PATCH /cards/{card_id}/comments/{comment_id}": written(json(text="Changed")),
    "DELETE /cards/{card_id}/comments/{comment_id}": on(Kind.board, OWN, MEMBER),
    "GET /cards/{card_id}/notes": on(Kind.board, VIEW, VIEWER),
    "POST /cards/{card_id}/notes": on(Kind.board, EDIT, MEMBER, json(text="New")),
    "PATCH /cards/{card_id}/notes/{note_id}": written(json(text="Changed")),
    "DELETE /cards/{card_id}/notes/{note_id}": on(Kind.board, OWN, MEMBER),
    "GET /cards/{card_id}/files": on(Kind.board, VIEW, VIEWER),
    "POST /cards/{card_id}/files": on(Kind.board, EDIT, MEMBER, lambda _: FILE),
    "GET /cards/{card_id}/files/{file_id}": on(Kind.board, VIEW, VIEWER),
    "DELETE /cards/{card_id}/files/{file_id}": on(Kind.board, OWN, MEMBER),
    "GET /cards/{card_id}/blockers": on(Kind.board, VIEW, VIEWER),
    "POST /cards/{card_id}/blockers": on(
        Kind.board, EDIT, MEMBER, lambda things: {"json": {"card": str(things.other_card_id)}}
    ),
    "DELETE /cards/{card_id}/blockers/{blocker_id}": on(Kind.board, EDIT, MEMBER),
    "GET /cards/{card_id}/waiting": on(Kind.board, VIEW, VIEWER),
    "GET /datasets": Rule(VIEWER),
    "POST /datasets": Rule(AUTHOR, lambda _: {"json": {"name": f"new-{uuid4().hex}", "schema": SCHEMA}}),
    "POST /datasets/infer": Rule(MEMBER, lambda _: FILE, costly=True),
    "POST /datasets/try": Rule(MEMBER, lambda _: {**FILE, "data": {"schema": TRIED}}, costly=True),
    "POST /datasets/{name}/try": on(Kind.dataset, EDIT, AUTHOR, json(schema=SCHEMA))._replace(costly=True),
    "GET /datasets/{name}/versions": on(Kind.dataset, VIEW, VIEWER),
    "POST /datasets/{name}/versions/{version}/use": on(Kind.dataset, EDIT, AUTHOR, json()),
    "GET /datasets/{name}": on(Kind.dataset, VIEW, VIEWER),
    "PATCH /datasets/{name}": on(Kind.dataset, EDIT, AUTHOR, json(description="Changed")),
    "DELETE /datasets/{name}": on(Kind.dataset, OWN, AUTHOR),
    "GET /datasets/{name}/rows": on(Kind.dataset, VIEW, VIEWER),
    "POST /upload": Rule(AUTHOR, lambda _: FILE),
    "POST /ingest": on(Kind.dataset, EDIT, MEMBER, lambda things: {**FILE, **of_dataset(things)}),
    "GET /batches": Rule(VIEWER),
    "GET /batches/{batch_id}": on(Kind.dataset, VIEW, VIEWER),
    "GET /batches/{batch_id}/original": on(Kind.dataset, VIEW, VIEWER),
    "POST /batches/{batch_id}/undo": on(Kind.dataset, OWN, MEMBER),
    "POST /batches/{batch_id}/release": on(Kind.dataset, OWN, MEMBER),
    "GET /batches/{batch_id}/rejects": on(Kind.dataset, VIEW, VIEWER),
    "GET /datasets/{name}/rejects": on(Kind.dataset, VIEW, VIEWER),
    "GET /rejects/{reject_id}": Rule(VIEWER, about=Kind.dataset, needs=VIEW, costly=True),
    "GET /rejects/{reject_id}/history": on(Kind.dataset, VIEW, VIEWER),
    "POST /rejects/{reject_id}/replay": on(Kind.dataset, EDIT, MEMBER, json(values={"people": "700000"})),
    "POST /batches/{batch_id}/replay": on(Kind.dataset, EDIT, MEMBER, json()),
    "POST /datasets/{name}/replay": on(Kind.dataset, EDIT, MEMBER, json()),
    "POST /datasets/{name}/corrections": on(
        Kind.dataset, EDIT, MEMBER, lambda _: {"files": {"file": ("mended.csv", b"batch,row,raw\n1,1,x\n", "text/csv")}}
    ),
    "GET /summary": on(Kind.dataset, VIEW, VIEWER, of_dataset),
    "GET /errors/{format}": on(Kind.dataset, VIEW, VIEWER, of_dataset),
    "GET /report/{format}": on(Kind.dataset, VIEW, VIEWER, of_dataset),
    "GET /trace/{dataset}/{row_id}": on(Kind.dataset, VIEW, VIEWER),
    "POST /queries/run": on(
        Kind.dataset, VIEW, MEMBER, lambda things: {"json": {"dataset": things.name, "columns": ["city"]}}
    )._replace(costly=True),
    "GET /queries": Rule(VIEWER),
    "POST /queries": on(
        Kind.dataset, VIEW, AUTHOR, lambda things: {"json": {"name": uuid4().hex, "question": things.question}}
    )._replace(costly=True),
    "GET /queries/{query_id}": on(Kind.query, VIEW, VIEWER),
    "PATCH /queries/{query_id}": on(Kind.query, EDIT, AUTHOR, json(version=1, description="Changed")),
    "DELETE /queries/{query_id}": on(Kind.query, OWN, AUTHOR),
    "POST /queries/{query_id}/run": on(Kind.query, VIEW, MEMBER, json(limit=1))._replace(costly=True),
    "GET /documents": Rule(VIEWER),
    "POST /documents": Rule(MEMBER, lambda _: {"files": {"file": ("cities.pdf", PDF, "application/pdf")}}),
    "GET /documents/search": Rule(VIEWER, lambda _: {"params": {"q": "cities"}}),
    "GET /documents/{document_id}": on(Kind.document, VIEW, VIEWER),
    "GET /documents/{document_id}/pages": on(Kind.document, VIEW, VIEWER),
    "GET /documents/{document_id}/file": on(Kind.document, VIEW, VIEWER),
    "PATCH /documents/{document_id}": on(Kind.document, EDIT, MEMBER, json(name="Changed")),
    "DELETE /documents/{document_id}": on(Kind.document, OWN, MEMBER),
    "GET /sources": Rule(VIEWER),
    "POST /sources": on(
        Kind.dataset, EDIT, AUTHOR, lambda things: {"json": {**WEB, "name": uuid4().hex, "dataset": things.name}}
    ),
    "GET /sources/{source_id}": on(Kind.dataset, VIEW, VIEWER),
    "PATCH /sources/{source_id}": on(Kind.dataset, EDIT, AUTHOR, json(version=1, paused=True)),
    "DELETE /sources/{source_id}": on(Kind.dataset, EDIT, AUTHOR),
    "POST /sources/{source_id}/test": on(Kind.dataset, EDIT, AUTHOR),
    "POST /sources/{source_id}/pull": on(Kind.dataset, EDIT, AUTHOR),
    "POST /sources/{source_id}/reset": on(Kind.dataset, EDIT, AUTHOR),
    "GET /sources/{source_id}/pulls": on(Kind.dataset, VIEW, VIEWER),
    "GET /sources/{source_id}/items": on(Kind.dataset, VIEW, VIEWER),
    "GET /sources/{source_id}/stream": on(Kind.dataset, VIEW, VIEWER),
    "GET /sources/{source_id}/tables": on(Kind.dataset, EDIT, AUTHOR),
    "GET /templates": Rule(VIEWER),
    "POST /templates": Rule(AUTHOR, lambda _: {"json": {"name": uuid4().hex, "blocks": BLOCKS}}),
    "GET /templates/{template_id}": on(Kind.template, VIEW, VIEWER),
    "PATCH /templates/{template_id}": on(Kind.template, EDIT, AUTHOR, json(version=1, description="Changed")),
    "DELETE /templates/{template_id}": on(Kind.template, OWN, AUTHOR),
    "GET /templates/{template_id}/versions": on(Kind.template, VIEW, VIEWER),
    "POST /templates/{template_id}/versions/{number}/restore": on(Kind.template, EDIT, AUTHOR),
    "POST /templates/{template_id}/duplicate": on(
        Kind.template, VIEW, AUTHOR, lambda _: {"json": {"name": uuid4().hex}}
    ),
    "POST /templates/{template_id}/check": on(Kind.template, VIEW, VIEWER)._replace(costly=True),
    "POST /templates/{template_id}/preview": on(Kind.template, VIEW, AUTHOR, json(parameters={"unknown": 1})),
    "POST /reports": on(Kind.template, VIEW, AUTHOR, lambda things: {"json": {"template": str(things.template_id)}}),
    "GET /reports": Rule(VIEWER),
    "GET /reports/{report_id}": on(Kind.report, VIEW, VIEWER),
    "GET /reports/{report_id}.{format}": on(Kind.report, VIEW, VIEWER),
    "DELETE /reports/{report_id}": on(Kind.report, OWN, MEMBER),
    "GET /schedules": Rule(VIEWER),
    "POST /schedules": on(
        Kind.template,
        VIEW,
        AUTHOR,
        lambda things: {"json": {"name": "New", "cron": "0 8 * * 1", "payload": things.order}},
        hidden=422,
    ),
    "GET /schedules/preview": Rule(VIEWER, lambda _: {"params": {"cron": "0 8 * * 1"}}),
    "GET /schedules/{schedule_id}": on(Kind.schedule, VIEW, VIEWER),
    "PATCH /schedules/{schedule_id}": on(Kind.schedule, EDIT, AUTHOR, json(version=1, name="Changed")),
    "DELETE /schedules/{schedule_id}": on(Kind.schedule, OWN, AUTHOR),
    "POST /schedules/{schedule_id}/run": on(Kind.schedule, EDIT, AUTHOR),
    "POST /schedules/{schedule_id}/pause": on(Kind.schedule, EDIT, AUTHOR),
    "POST /schedules/{schedule_id}/resume": on(Kind.schedule, EDIT, AUTHOR),
    "GET /schedules/{schedule_id}/fires": on(Kind.schedule, VIEW, VIEWER),
    "GET /deliveries": Rule(VIEWER),
    "GET /deliveries/{delivery_id}": on(Kind.schedule, VIEW, VIEWER),
    "POST /deliveries/{delivery_id}/retry": on(Kind.schedule, EDIT, AUTHOR),
    "GET /deliveries/{delivery_id}/message": on(Kind.schedule, VIEW, VIEWER),
    "GET /smtp-accounts": Rule(AUTHOR),
    "POST /smtp-accounts": Rule(ADMIN, lambda _: {"json": {**MAIL, "name": uuid4().hex}}),
    "PATCH /smtp-accounts/{account_id}": Rule(ADMIN, json(from_name="Changed")),
    "DELETE /smtp-accounts/{account_id}": Rule(ADMIN),
    "POST /smtp-accounts/{account_id}/test": Rule(ADMIN),
    "GET /jobs": Rule(VIEWER),
    "GET /jobs/{job_id}": mine(admins=True),
    "DELETE /jobs/{job_id}": mine(admins=True),
    "GET /jobs/{job_id}/events": mine(admins=True),
    "POST /jobs/{job_id}/cancel": mine(admins=True),
    "POST /jobs/{job_id}/retry": mine(admins=True),
    "GET /system": Rule(ADMIN),
}
