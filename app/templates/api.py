"""Templates over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.templates import service as templates
from app.templates.schemas import Finding, Template, TemplateChange, TemplateCreate, TemplateSummary, TemplateVersion

router = APIRouter(tags=["templates"])


class NewName(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


@router.get("/templates")
def list_templates(
    db: Db,
    caller: Caller,
    search: str = "",
    limit: Limit = 50,
    cursor: str | None = None,
) -> Page[TemplateSummary]:
    """By name."""
    return templates.templates(db, caller, search=search, limit=limit, cursor=cursor)


@router.post("/templates", status_code=201)
def create_template(db: Db, caller: Caller, new: TemplateCreate) -> Template:
    """An ordered list of blocks, with parameters and a theme."""
    return templates.create_template(db, caller, new)


@router.get("/templates/{template_id}")
def read_template(db: Db, caller: Caller, template_id: UUID) -> Template:
    """The latest version, with all its blocks."""
    return templates.template(db, caller, template_id)


@router.patch("/templates/{template_id}")
def change_template(db: Db, caller: Caller, template_id: UUID, change: TemplateChange) -> Template:
    """`version` is the one the change is based on; blocks, parameters and theme replace what was there."""
    return templates.change_template(db, caller, template_id, change)


@router.delete("/templates/{template_id}", status_code=204)
def delete_template(db: Db, caller: Caller, template_id: UUID) -> None:
    """Reports made from it stay."""
    templates.delete_template(db, caller, template_id)


@router.get("/templates/{template_id}/versions")
def list_versions(
    db: Db, caller: Caller, template_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[TemplateVersion]:
    """Newest first, each with its blocks."""
    return templates.versions_page(db, caller, template_id, limit=limit, cursor=cursor)


@router.post("/templates/{template_id}/versions/{number}/restore")
def restore_version(db: Db, caller: Caller, template_id: UUID, number: int) -> Template:
    """As a new version on top."""
    return templates.restore_version(db, caller, template_id, number)


@router.post("/templates/{template_id}/duplicate", status_code=201)
def duplicate_template(db: Db, caller: Caller, template_id: UUID, new: NewName) -> Template:
    """A copy of the latest version under another name."""
    return templates.duplicate_template(db, caller, template_id, new.name)


@router.post("/templates/{template_id}/check")
def check_template(db: Db, caller: Caller, template_id: UUID) -> Page[Finding]:
    """What would go wrong: unknown datasets and columns, undefined variables, missing alternative texts."""
    return Page(items=templates.check_template(db, caller, template_id))
