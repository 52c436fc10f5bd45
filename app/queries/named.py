"""Questions with a name. They are asked as the person who asks: a name gives nobody more than they may see."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.db import unless_taken
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.queries.ask import run
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import NamedQuery, QueryChange, QueryCreate, QueryResult, QueryRun, ResultColumn
from app.queries.tables import QueryRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level

# Where a query is used, in words for people. A feature above adds its own when its service is loaded.
Usage = Callable[[Session, UUID], list[str]]
USAGES: list[Usage] = []


class QueryNotFound(NotFound):
    """There is no such query, or you may not see it."""


class QueryNameTaken(Conflict):
    """Another query has this name."""


class QueryChanged(Conflict):
    """Somebody else saved this query in the meantime. Reload it and make your change again."""


class QueryInUse(Conflict):
    """Others build on the columns of this query."""


class UnknownParameter(Invalid):
    """The query has no such parameter."""


def offer_usage(usage: Usage) -> None:
    USAGES.append(usage)


def used_by(db: Session, query_id: UUID) -> list[str]:
    return [place for usage in USAGES for place in usage(db, query_id)]


def queries_page(
    db: Session, actor: Actor, *, search: str = "", limit: int = 50, cursor: str | None = None
) -> Page[NamedQuery]:
    """By name."""
    require_role(actor, Role.viewer)
    level = sharing.level_column(actor, Kind.query, QueryRow.id, QueryRow.owner_id)
    query = sa.select(QueryRow, level).where(_visible(actor))
    if search.strip():
        query = query.where(QueryRow.name.icontains(search.strip(), autoescape=True))
    return fetch_page(db, query, _shown, QueryRow.name, limit=limit, cursor=cursor)


def query(db: Session, actor: Actor, query_id: UUID) -> NamedQuery:
    row = _access(db, actor, query_id)
    return _shown(row, sharing.level_for(db, actor, Kind.query, row.id, row.owner_id) or Level.view)


def named_query(db: Session, actor: Actor, name: str) -> NamedQuery:
    found = db.scalar(sa.select(QueryRow.id).where(QueryRow.name == name, _visible(actor)))
    if found is None:
        raise QueryNotFound(f'There is no query "{name}", or you may not see it.')
    return query(db, actor, found)


def create_query(db: Session, actor: Actor, wanted: QueryCreate) -> NamedQuery:
    """Asks it once: only a question that has an answer is kept."""
    require_role(actor, Role.author)
    columns = _columns(db, actor, wanted.question)
    now = clock.now()
    row = QueryRow(
        name=wanted.name.strip(),
        description=wanted.description.strip(),
        question=wanted.question.model_dump(mode="json"),
        columns=columns,
        version=1,
        owner_id=actor.id,
        created_at=now,
        changed_at=now,
    )
    with unless_taken(db, _taken(row.name)):
        db.add(row)
    sharing.share_new(db, actor, Kind.query, row.id, share_with=wanted.share_with)
    audit.record(db, actor, Action.query_created, row.id, name=row.name)
    return _shown(row, Level.edit)


def change_query(db: Session, actor: Actor, query_id: UUID, change: QueryChange) -> NamedQuery:
    row = _access(db, actor, query_id, write=True)
    if row.version != change.version:
        raise QueryChanged
    if change.question is not None:
        columns = _columns(db, actor, change.question)
        if columns != row.columns and not change.even_if_used:
            _refuse_if_used(db, row, "Its columns would change.")
        row.question, row.columns = change.question.model_dump(mode="json"), columns
    name = change.name.strip() if change.name else row.name
    with unless_taken(db, _taken(name)):
        row.name = name
    row.description = row.description if change.description is None else change.description.strip()
    row.version, row.changed_at = row.version + 1, clock.now()
    audit.record(db, actor, Action.query_changed, row.id, version=row.version)
    db.flush()
    return _shown(row, Level.edit)


def delete_query(db: Session, actor: Actor, query_id: UUID, *, even_if_used: bool = False) -> None:
    row = _access(db, actor, query_id, write=True)
    if row.owner_id != actor.id and not actor.role.includes(Role.admin):
        raise Forbidden("Only the owner of a query or an admin may delete it.")
    if not even_if_used:
        _refuse_if_used(db, row, "It would be gone.")
    audit.record(db, actor, Action.query_deleted, row.id, name=row.name)
    sharing.forget(db, Kind.query, row.id)
    db.delete(row)
    db.flush()


def run_named(db: Session, actor: Actor, query_id: UUID, wanted: QueryRun) -> QueryResult:
    return run(db, actor, question_with(query(db, actor, query_id), wanted))


def question_with(named: NamedQuery, wanted: QueryRun) -> QuerySpec | SqlQuery:
    """Raises UnknownParameter."""
    question = named.question
    changes: dict[str, Any] = {} if wanted.limit is None else {"limit": wanted.limit}
    known = {each.name for each in question.parameters} if isinstance(question, SqlQuery) else set()
    if strangers := sorted(set(wanted.parameters) - known):
        names = ", ".join(sorted(known)) or "none"
        raise UnknownParameter(f'There is no parameter "{strangers[0]}". Parameters of this query: {names}.')
    if isinstance(question, SqlQuery):
        given = wanted.parameters
        changes["parameters"] = [
            each.model_copy(update={"value": given.get(each.name, each.value)}) for each in question.parameters
        ]
    return question.model_copy(update=changes)


def _columns(db: Session, actor: Actor, question: QuerySpec | SqlQuery) -> list[dict[str, Any]]:
    answer = run(db, actor, question.model_copy(update={"limit": 1}))
    return [column.model_dump(mode="json") for column in answer.columns]


def _refuse_if_used(db: Session, row: QueryRow, what: str) -> None:
    if places := used_by(db, row.id):
        raise QueryInUse(
            f"{what} “{row.name}” is used by {', '.join(places)}. Change that first, or say to do it anyway.",
            details=[{"used_by": place} for place in places],
        )


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.query, QueryRow.id, QueryRow.owner_id)


def _access(db: Session, actor: Actor, query_id: UUID, *, write: bool = False) -> QueryRow:
    require_role(actor, Role.viewer)
    row = db.get(QueryRow, query_id, with_for_update=write)
    if row is None:
        raise QueryNotFound
    sharing.check_level(db, actor, Kind.query, row, edit=write, missing=QueryNotFound())
    if write:
        require_role(actor, Role.author)
    return row


def _taken(name: str) -> QueryNameTaken:
    return QueryNameTaken(f'Another query is called "{name}". Choose another name.')


def _shown(row: QueryRow, level: Level | str) -> NamedQuery:
    facts = ("id", "name", "description", "question", "version", "owner_id", "created_at", "changed_at")
    return NamedQuery(
        **{name: getattr(row, name) for name in facts},
        columns=[ResultColumn.model_validate(column) for column in row.columns],
        level=Level(level),
    )
