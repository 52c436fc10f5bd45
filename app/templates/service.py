"""Report templates. Every change is a new version; the old ones stay, because reports pin them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import children, clock
from app.core.actor import Actor, Role, require_role
from app.core.db import unless_taken
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.paging import MAX_LIMIT, Page, fetch_page
from app.queries import service as queries
from app.queries.schemas import Source
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level
from app.tasks import service as tasks
from app.templates.access import (
    SourcesNotShared,
    TemplateNotFound,
    access_template,
    check_sources,
    datasets_of,
    visible_templates,
)
from app.templates.schemas import (
    BoardSummaryBlock,
    Finding,
    Template,
    TemplateChange,
    TemplateContent,
    TemplateCreate,
    TemplateSummary,
    TemplateVersion,
    TextBlock,
)
from app.templates.tables import TemplateRow, TemplateVersionRow
from app.templates.texts import TooIntricate, may_be_intricate

__all__ = ["SourcesNotShared", "TemplateNotFound", "access_template", "check_sources", "datasets_of"]

sharing.offer_kind(Kind.template, TemplateRow)


class NameTaken(Conflict):
    """Another template has this name."""


class TemplateChanged(Conflict):
    """Somebody else saved this template in the meantime. Reload it and make your change again."""


def create_template(db: Session, actor: Actor, wanted: TemplateCreate) -> Template:
    require_role(actor, Role.author)
    check_sources(db, actor, wanted.blocks)
    now = clock.now()
    row = TemplateRow(
        name=wanted.name.strip(),
        description=wanted.description.strip(),
        version=1,
        owner_id=actor.id,
        created_at=now,
        changed_at=now,
    )
    with unless_taken(db, _taken(row.name)):
        db.add(row)
    content = TemplateContent(blocks=wanted.blocks, parameters=wanted.parameters, theme=wanted.theme)
    _add_version(db, actor, row, content)
    sharing.share_new(db, actor, Kind.template, row.id, share_with=wanted.share_with)
    audit.record(db, actor, Action.template_created, row.id, name=row.name)
    return _shown(row, content, Level.edit)


def templates(
    db: Session, actor: Actor, *, search: str = "", limit: int = 50, cursor: str | None = None
) -> Page[TemplateSummary]:
    """By name."""
    require_role(actor, Role.viewer)
    level = sharing.level_column(actor, Kind.template, TemplateRow.id, TemplateRow.owner_id)
    query = sa.select(TemplateRow, _block_count(), level).where(visible_templates(actor))
    if search.strip():
        query = query.where(TemplateRow.name.icontains(search.strip(), autoescape=True))
    return fetch_page(db, query, _summary, TemplateRow.name, limit=limit, cursor=cursor)


def template(db: Session, actor: Actor, template_id: UUID) -> Template:
    row = access_template(db, actor, template_id)
    level = sharing.level_for(db, actor, Kind.template, row.id, row.owner_id)
    return _shown(row, _content(db, row.id, row.version), level or Level.view)


def template_by_name(db: Session, actor: Actor, name: str) -> Template:
    """`name` may be the id too: scripts know one or the other."""
    query = sa.select(TemplateRow.id).where(sa.or_(TemplateRow.name == name, TemplateRow.id == _uuid(name)))
    found = db.scalar(query.where(visible_templates(actor)))
    if found is None:
        raise TemplateNotFound(f'There is no template "{name}", or you may not see it.')
    return template(db, actor, found)


def template_content(db: Session, actor: Actor, template_id: UUID, version: int) -> TemplateContent:
    """What a version held, however often the template was changed since."""
    access_template(db, actor, template_id)
    return _content(db, template_id, version)


def versions(db: Session, actor: Actor, template_id: UUID) -> list[TemplateVersion]:
    """Newest first."""
    return versions_page(db, actor, template_id, limit=MAX_LIMIT).items


def versions_page(
    db: Session, actor: Actor, template_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[TemplateVersion]:
    access_template(db, actor, template_id)
    query = sa.select(TemplateVersionRow).where(TemplateVersionRow.template_id == template_id)
    by = TemplateVersionRow.number
    return fetch_page(db, query, _version, by, limit=limit, cursor=cursor, newest_first=True)


def change_template(db: Session, actor: Actor, template_id: UUID, change: TemplateChange) -> Template:
    """A new version when blocks, parameters or theme are given; name and description are not versioned.

    Whoever changes a block must see its data: the template may be used, on schedule too, by those who see more.
    """
    row = access_template(db, actor, template_id, write=True)
    if row.version != change.version:
        raise TemplateChanged
    name = change.name.strip() if change.name else row.name
    with unless_taken(db, _taken(name)):
        row.name = name
    row.description = row.description if change.description is None else change.description.strip()
    row.changed_at = clock.now()
    content = _content(db, row.id, row.version)
    given = change.model_dump(include={"blocks", "parameters", "theme"}, exclude_none=True)
    if given:
        before, content = content, TemplateContent.model_validate({**content.model_dump(), **given})
        check_sources(db, actor, [block for block in content.blocks if block not in before.blocks])
        row.version += 1
        _add_version(db, actor, row, content)
    audit.record(db, actor, Action.template_changed, row.id, version=row.version)
    return _shown(row, content, Level.edit)


def restore_version(db: Session, actor: Actor, template_id: UUID, number: int) -> Template:
    """The old content as the newest version: nothing in between is lost."""
    row = access_template(db, actor, template_id, write=True)
    content = _content(db, template_id, number)
    return change_template(db, actor, template_id, TemplateChange(version=row.version, **dict(content)))


def duplicate_template(db: Session, actor: Actor, template_id: UUID, name: str) -> Template:
    original = template(db, actor, template_id)
    copy = TemplateCreate(name=name, description=original.description, **dict(original.content))
    return create_template(db, actor, copy)


def delete_template(db: Session, actor: Actor, template_id: UUID) -> None:
    """Reports made from it stay; they carry their own content."""
    row = access_template(db, actor, template_id, write=True)
    if row.owner_id != actor.id and not actor.role.includes(Role.admin):
        raise Forbidden("Only the owner of a template or an admin may delete it.")
    audit.record(db, actor, Action.template_deleted, row.id, name=row.name)
    sharing.forget(db, Kind.template, row.id)
    db.delete(row)
    db.flush()


def check_template(db: Session, actor: Actor, template_id: UUID) -> list[Finding]:
    return check_content(db, actor, template(db, actor, template_id).content)


def check_content(db: Session, actor: Actor, content: TemplateContent) -> list[Finding]:
    """What would go wrong, before it does. Templates of texts are parsed in a child: they are a person's code."""
    sources: dict[str, Source | None] = {}
    boards = {str(board.id) for board in tasks.boards(db, actor, archived=None)} if _uses_boards(content) else set()
    for name in datasets_of(content.blocks):
        sources[name] = _source_or_none(db, actor, name)
    today = clock.now().date()
    findings: list[Finding] = children.call("app.templates.check:check", content, sources, boards, today)
    return findings


def _source_or_none(db: Session, actor: Actor, dataset: str) -> Source | None:
    try:
        return queries.source_of(db, actor, dataset)
    except NotFound:
        return None


def _uses_boards(content: TemplateContent) -> bool:
    return any(isinstance(block, BoardSummaryBlock) for block in content.blocks)


def _refuse_intricate_texts(content: TemplateContent) -> None:
    """Reading a hostile text takes its time: only those that could be one are looked at."""
    suspects = {b.id: b.markdown for b in content.blocks if isinstance(b, TextBlock) and may_be_intricate(b.markdown)}
    found: list[str] = children.call("app.templates.texts:intricate", suspects) if suspects else []
    if found:
        raise TooIntricate(f'The block "{found[0]}": {TooIntricate().message}')


def _add_version(db: Session, actor: Actor, row: TemplateRow, content: TemplateContent) -> None:
    _refuse_intricate_texts(content)
    plain = content.model_dump(mode="json")
    db.add(
        TemplateVersionRow(
            template_id=row.id,
            number=row.version,
            blocks=plain["blocks"],
            parameters=plain["parameters"],
            theme=plain["theme"],
            person_id=actor.id,
            person=actor.name,
            created_at=clock.now(),
        )
    )


def _content(db: Session, template_id: UUID, number: int) -> TemplateContent:
    row = db.get(TemplateVersionRow, (template_id, number))
    if row is None:
        raise TemplateNotFound(f"This template has no version {number}.")
    return _content_of(row)


def _content_of(row: TemplateVersionRow) -> TemplateContent:
    return TemplateContent.model_validate({"blocks": row.blocks, "parameters": row.parameters, "theme": row.theme})


def _taken(name: str) -> NameTaken:
    return NameTaken(f'Another template is called "{name}". Choose another name.')


def _block_count() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.jsonb_array_length(TemplateVersionRow.blocks))
        .where(TemplateVersionRow.template_id == TemplateRow.id, TemplateVersionRow.number == TemplateRow.version)
        .scalar_subquery()
    )


def _facts(row: TemplateRow) -> dict[str, Any]:
    names = ("id", "name", "description", "version", "owner_id", "created_at", "changed_at")
    return {name: getattr(row, name) for name in names}


def _summary(row: TemplateRow, block_count: int, level: str) -> TemplateSummary:
    return TemplateSummary(**_facts(row), block_count=block_count, level=Level(level))


def _version(row: TemplateVersionRow) -> TemplateVersion:
    return TemplateVersion(number=row.number, person=row.person, created_at=row.created_at, content=_content_of(row))


def _shown(row: TemplateRow, content: TemplateContent, level: Level) -> Template:
    return Template(**_facts(row), block_count=len(content.blocks), content=content, level=level)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
