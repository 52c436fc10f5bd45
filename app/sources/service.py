"""The one way into sources: what is fetched from where into which dataset, when, and what came of it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.db import unless_taken
from app.core.errors import AppError, Conflict, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.datasets import service as datasets
from app.datasets.schemas import Pins
from app.jobs import service as jobs
from app.queries import service as queries
from app.schedules import service as schedules
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.sources import vault
from app.sources.access import SourceNotFound, access_source
from app.sources.connectors import KINDS, connector
from app.sources.describe import FieldSpec, fields_of
from app.sources.history import items, pulls, running_pull
from app.sources.pushdown import SqlSources, connections, tables_of
from app.sources.schemas import (
    Probe,
    PullOrder,
    PullStarted,
    Source,
    SourceChange,
    SourceCreate,
)
from app.sources.streams.state import stream_state
from app.sources.streams.tables import OffsetRow
from app.sources.tables import ItemRow, PullRow, SourceRow

__all__ = [
    "KINDS",
    "FieldSpec",
    "SourceNotFound",
    "access_source",
    "connections",
    "fields_of",
    "items",
    "pulls",
    "stream_state",
    "tables_of",
]

PULL_JOB = "sources.pull"


class SourceChanged(Conflict):
    """Somebody else changed this source in the meantime. Reload and try again."""


class SourceNameTaken(Conflict):
    """A source with this name exists already. Choose another name."""


class SourcePaused(Conflict):
    """This source is paused. Resume it first."""


class FollowedAlready(Conflict):
    """This source is followed all the time: there is nothing to pull."""


class IngestOrder(BaseModel):
    """The payload of a schedule whose `what` is `ingest`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: UUID


def create_source(db: Session, actor: Actor, new: SourceCreate) -> Source:
    dataset = datasets.access_dataset(db, actor, new.dataset, write=True)
    kind = connector(new.kind)
    settings = vault.checked(kind.Settings, new.settings)
    kind.check(db, actor, dataset.name, settings)
    plain, sealed = vault.split(settings)
    now = clock.now()
    row = SourceRow(
        **new.model_dump(include={"name", "kind", "max_items", "max_mb"}),
        dataset_id=dataset.id,
        settings=plain,
        secrets=sealed,
        pins=new.pins.model_dump(exclude_none=True),
        owner_id=actor.id,
        created_at=now,
        changed_at=now,
    )
    with unless_taken(db, SourceNameTaken()):
        db.add(row)
    db.refresh(row)
    audit.record(db, actor, Action.source_created, row.id, name=row.name, kind=row.kind, dataset=dataset.name)
    return _seen(row, dataset.name)


def change_source(db: Session, actor: Actor, source_id: UUID, change: SourceChange) -> Source:
    """What is being fetched with the settings of before is not taken in any more."""
    row, dataset = access_source(db, actor, source_id, write=True)
    if row.version != change.version:
        raise SourceChanged
    if change.settings is not None:
        _change_settings(db, actor, row, dataset, change.settings)
    if change.pins is not None:
        row.pins = change.pins.model_dump(exclude_none=True)
    with unless_taken(db, SourceNameTaken()):
        given = change.model_dump(include={"name", "max_items", "max_mb", "paused"}, exclude_none=True)
        for name, value in given.items():
            setattr(row, name, value)
    _changed(db, row)
    names = sorted(change.model_fields_set - {"version"})
    audit.record(db, actor, Action.source_changed, row.id, name=row.name, changed=names)
    return _seen(row, dataset)


def reset_source(db: Session, actor: Actor, source_id: UUID) -> Source:
    """Forgets how far it came and what it saw. What is fetched again and has the same bytes is a duplicate."""
    row, dataset = access_source(db, actor, source_id, write=True)
    row.watermark, row.error = {}, None
    db.execute(sa.delete(ItemRow).where(ItemRow.source_id == row.id))
    db.execute(sa.delete(OffsetRow).where(OffsetRow.source_id == row.id))
    _changed(db, row)
    audit.record(db, actor, Action.source_reset, row.id, name=row.name)
    return _seen(row, dataset)


def delete_source(db: Session, actor: Actor, source_id: UUID) -> None:
    """Its schedules go with it; what it brought stays in the dataset."""
    row, _ = access_source(db, actor, source_id, write=True)
    schedules.drop_schedules(db, actor, "ingest", {"source_id": str(row.id)})
    db.delete(row)
    db.flush()
    audit.record(db, actor, Action.source_deleted, row.id, name=row.name)


def source(db: Session, actor: Actor, source_id: UUID) -> Source:
    return _seen(*access_source(db, actor, source_id))


def sources(
    db: Session, actor: Actor, *, dataset: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Source]:
    """By name; those of one dataset, or all that this person may see."""
    require_role(actor, Role.viewer)
    names = datasets.visible_names(actor).subquery()
    query = sa.select(SourceRow, names.c.name).join(names, names.c.id == SourceRow.dataset_id)
    if dataset is not None:
        query = query.where(names.c.id == datasets.access_dataset(db, actor, dataset).id)
    return fetch_page(db, query, _seen, SourceRow.name, limit=limit, cursor=cursor)


def check_source(db: Session, actor: Actor, source_id: UUID) -> Probe:
    """Connects with the kept settings and says what is there; nothing is taken."""
    row, dataset = access_source(db, actor, source_id, write=True, lock=False)
    kind = connector(row.kind)
    try:
        settings = vault.joined(kind.Settings, row.settings, row.secrets)
    except AppError as error:
        return Probe(ok=False, message=error.message)
    found = _probe(db, actor, row.kind, dataset, settings)
    audit.record(db, actor, Action.source_tested, row.id, name=row.name, ok=found.ok)
    return found


def check_settings(db: Session, actor: Actor, wanted: SourceCreate) -> Probe:
    """Before anything is saved."""
    dataset = datasets.access_dataset(db, actor, wanted.dataset, write=True)
    settings = vault.checked(connector(wanted.kind).Settings, wanted.settings)
    return _probe(db, actor, wanted.kind, dataset.name, settings)


def pull_now(db: Session, actor: Actor, source_id: UUID, order: PullOrder | None = None) -> PullStarted:
    """While one is going on, it is that one."""
    row, _ = access_source(db, actor, source_id, write=True)
    if row.paused:
        raise SourcePaused
    if connector(row.kind).continuous:
        raise FollowedAlready
    if running := running_pull(db, row.id):
        return PullStarted(job_id=running)
    args = {"source_id": str(row.id), "again": order is not None and order.again}
    run = jobs.enqueue(db, actor, PULL_JOB, args, title=f"Pull {row.name}")
    db.add(PullRow(source_id=row.id, run_id=run.id, started_at=clock.now()))
    audit.record(db, actor, Action.source_pulled, row.id, name=row.name)
    return PullStarted(job_id=run.id)


def check_order(db: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Called when a schedule is saved: whoever may change the source may say when it is pulled."""
    try:
        order = IngestOrder.model_validate(payload)
        row, _ = access_source(db, actor, order.source_id, write=True)
    except ValidationError as error:
        raise _order_invalid("give the id of a source") from error
    except NotFound as error:
        raise _order_invalid(f"there is no source {order.source_id}, or you may not see it") from error
    if connector(row.kind).continuous:
        raise _order_invalid(f"{row.name} is followed all the time and needs no schedule")
    return order.model_dump(mode="json")


def _order_invalid(text: str) -> Invalid:
    return Invalid(
        f"payload.source_id: {text}.",
        details=[{"field": "payload.source_id", "message": f"{text[0].upper()}{text[1:]}."}],
    )


def _change_settings(db: Session, actor: Actor, row: SourceRow, dataset: str, given: dict[str, Any]) -> None:
    kind = connector(row.kind)
    settings = vault.merged(kind.Settings, given, row.settings, row.secrets)
    kind.check(db, actor, dataset, settings)
    row.settings, row.secrets = vault.split(settings)


def _changed(db: Session, row: SourceRow) -> None:
    row.version += 1
    row.changed_at = clock.now()
    db.flush()


def _probe(db: Session, actor: Actor, kind: str, dataset: str, settings: Any) -> Probe:
    try:
        connector(kind).check(db, actor, dataset, settings)
        return connector(kind).test(settings, actor)
    except AppError as error:
        return Probe(ok=False, message=vault.scrubbed(error.message, settings))


def _seen(row: SourceRow, dataset: str) -> Source:
    return Source(
        **{name: getattr(row, name) for name in Source.model_fields.keys() & set(SourceRow.__table__.columns.keys())}
        | {
            "dataset": dataset,
            "secrets": vault.names_of(row.secrets),
            "unreadable": vault.unreadable(row.secrets),
            "pins": Pins.model_validate(row.pins),
            "continuous": connector(row.kind).continuous,
        },
    )


def _filled_by(db: Session, query_id: UUID) -> list[str]:
    """Where a saved query is used, for whoever would delete it."""
    here = SourceRow.settings.contains({"query_id": str(query_id)})
    return [f"the source {name}" for name in db.scalars(sa.select(SourceRow.name).where(here).order_by(SourceRow.name))]


queries.offer_usage(_filled_by)
schedules.offer_action("ingest", job=PULL_JOB, check=check_order)
sharing.offer_kind(Kind.source, SourceRow, shareable=False)
queries.offer_engine("sql", SqlSources())
