"""One visit to a source, as its owner: look, fetch what is new, take it in."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import clock, db
from app.core.actor import Actor, Role, require_role
from app.core.errors import AppError, Conflict, Forbidden
from app.datasets import service as datasets
from app.jobs.context import JobContext, RunCancelled, RunLost
from app.schedules import service as schedules
from app.sources import vault
from app.sources.access import SourceNotFound, access_source
from app.sources.connectors import connector
from app.sources.connectors.protocol import SourceSettings
from app.sources.inbox import PullInbox
from app.sources.schemas import ItemState, PullStatus
from app.sources.service import IngestOrder, SourcePaused
from app.sources.tables import ItemRow, PullRow, SourceRow
from app.sources.take_in import Visit
from app.sources.turns import is_its_turn, pull_again

PULL_LOCKS = 74_219_022
BUSY_SECONDS, BUSY_POLL = 20.0, 0.5
GONE = "The source was deleted, or its dataset is gone."


class SourceOrphaned(Conflict):
    """The owner of this source may no longer use it."""


class SourceUnreadable(Conflict):
    """It cannot be read."""


class PullBroken(Exception):
    """A defect, told without secrets: for administrators."""


def pull_source(ctx: JobContext) -> dict[str, Any]:
    source_id = _source_of(ctx)
    with alone(source_id) as is_alone:
        if not is_alone:
            ctx.partial("Another pull of this source was still going on; this one left everything to it.")
            return {"skipped": True}
        with _noting_failure(ctx, source_id):
            inbox, settings = _begin(ctx, source_id)
            if inbox.one_by_one and not is_its_turn(ctx, source_id):
                pull_again(ctx, inbox.owner, source_id, inbox.source.name, at_once=False)
            else:
                _fetch(inbox, settings)
                if inbox.one_by_one and inbox.is_full and not inbox.failures:
                    pull_again(ctx, inbox.owner, source_id, inbox.source.name, at_once=True)
        return _conclude(ctx, source_id)


def note_refusal(ctx: JobContext, reason: str) -> None:
    """Told where people wait for it: at the source."""
    with ctx.transaction() as session:
        row = session.get(SourceRow, _source_of(ctx))
        if row:
            _open_pull(session, ctx, row.id)
            _end_pull(session, ctx, row, PullStatus.failed, reason)


@contextmanager
def alone(source_id: UUID, patience: float = BUSY_SECONDS) -> Iterator[bool]:
    """Whether nobody else visits this source. This saves work; that nothing comes twice is up to the constraints."""
    lock = {"space": PULL_LOCKS, "source": int.from_bytes(source_id.bytes[:4], signed=True)}
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        until, free = time.monotonic() + patience, False
        while not (free := bool(connection.scalar(sa.text("select pg_try_advisory_lock(:space, :source)"), lock))):
            if time.monotonic() >= until:
                break
            time.sleep(BUSY_POLL)
        try:
            yield free
        finally:
            if free:
                with suppress(sa.exc.DBAPIError):  # a lost connection holds no lock
                    connection.execute(sa.text("select pg_advisory_unlock(:space, :source)"), lock)


def _source_of(ctx: JobContext) -> UUID:
    if "fire_id" not in ctx.args:
        return UUID(ctx.args["source_id"])
    with ctx.transaction() as session:
        fire = schedules.fire(session, UUID(ctx.args["fire_id"]))
    return IngestOrder.model_validate(fire.payload).source_id


def _begin(ctx: JobContext, source_id: UUID) -> tuple[PullInbox, SourceSettings]:
    with ctx.transaction() as session:
        row = _row(session, source_id)
        pull_id = _open_pull(session, ctx, source_id)
        owner = owner_of(session, row)
        _, dataset = access_source(session, owner, source_id)
        mode = datasets.dataset_by_name(session, owner, dataset).definition.mode
        if row.paused:
            raise SourcePaused
        kind = connector(row.kind)
        settings = vault.joined(kind.Settings, row.settings, row.secrets)
        kind.check(session, owner, dataset, settings)
        seen = sa.select(ItemRow.key, ItemRow.fingerprint, ItemRow.state).where(ItemRow.source_id == source_id)
        known = {(key, mark): ItemState(state) for key, mark, state in session.execute(seen).tuples()}
    visit = Visit(source_id, pull_id, row.version, row.watermark)
    inbox = PullInbox(ctx, visit, owner, dataset, row, known)
    inbox.again, inbox.one_by_one = bool(ctx.args.get("again")), mode != "append"
    return inbox, settings


def _row(session: Session, source_id: UUID) -> SourceRow:
    row = session.get(SourceRow, source_id)
    if row is None:
        raise SourceNotFound(GONE)
    return row


def owner_of(session: Session, row: SourceRow) -> Actor:
    """Nothing comes in through somebody who was shut out or may no longer write. Raises SourceOrphaned."""
    try:
        owner = accounts.acting(session, row.owner_id)
        require_role(owner, Role.author)
        datasets.access_dataset(session, owner, row.dataset_id, write=True)
    except accounts.Deactivated as error:
        raise SourceOrphaned(f"{error.message} Hand the source over to somebody else.") from error
    except Forbidden as error:
        raise SourceOrphaned(f"The owner of this source may no longer change its dataset. {error.message}") from error
    return owner


def _fetch(inbox: PullInbox, settings: SourceSettings) -> None:
    """What was found before something broke is kept; the watermark moves only when the connector says so."""
    inbox.step(f"Looking at {inbox.source.name}", 0.0)
    try:
        watermark = connector(inbox.source.kind).pull(settings, inbox.visit.watermark, inbox)
    except (RunCancelled, RunLost):
        inbox.discard()
        raise
    except AppError as error:
        inbox.save(inbox.visit.watermark)
        error.message = vault.scrubbed(error.message, settings)
        raise
    except OSError as error:
        inbox.save(inbox.visit.watermark)
        raise SourceUnreadable(vault.scrubbed(f"It cannot be read: {error.strerror or error}.", settings)) from None
    except Exception:
        inbox.discard()
        raise PullBroken(vault.scrubbed(traceback.format_exc(), settings)) from None
    inbox.save(watermark)


@contextmanager
def _noting_failure(ctx: JobContext, source_id: UUID) -> Iterator[None]:
    try:
        yield
    except AppError as error:
        with ctx.transaction() as session:
            row = session.get(SourceRow, source_id)
            if row:
                _open_pull(session, ctx, row.id)
                _end_pull(session, ctx, row, PullStatus.failed, error.message)
        raise


def _conclude(ctx: JobContext, source_id: UUID) -> dict[str, Any]:
    """Green only when nothing was refused or could not be fetched."""
    with ctx.transaction() as session:
        row = _row(session, source_id)
        pull = session.scalars(sa.select(PullRow).where(PullRow.run_id == ctx.run_id)).one()
        bad = [ItemState.refused, ItemState.failed]
        of_pull = sa.select(ItemRow).where(ItemRow.pull_id == pull.id, ItemRow.state.in_(bad)).order_by(ItemRow.id)
        first = session.scalars(of_pull.limit(1)).first()
        reason = _in_words(pull, first) if first else None
        if reason:
            ctx.partial(reason)
        _end_pull(session, ctx, row, PullStatus.partial if reason else PullStatus.completed, reason)
        datasets.sweep_daily(session)
        batches = sa.select(sa.func.unnest(ItemRow.batch_ids)).where(ItemRow.pull_id == pull.id)
        counts = {name: getattr(pull, name) for name in ("taken", "duplicates", "refused", "failed", "size")}
        return {**counts, "batches": sorted(session.scalars(batches))}


def _in_words(pull: PullRow, first: ItemRow) -> str:
    parts = [
        f"{count} {word}"
        for count, word in ((pull.refused, "refused"), (pull.failed, "not fetched, tried again next time"))
        if count
    ]
    count = pull.taken + pull.duplicates + pull.refused + pull.failed
    reason = first.reason or ""
    reason = reason if reason.startswith(first.name) else f"{first.name}: {reason}"
    return f"Of {count} new things: {', '.join(parts)}. {reason}"


def _open_pull(session: Session, ctx: JobContext, source_id: UUID) -> int:
    """The same visit when the run was killed and is started again."""
    facts = {"source_id": source_id, "run_id": ctx.run_id, "started_at": clock.now()}
    new = (
        insert(PullRow)
        .values(**facts)
        .on_conflict_do_update(
            index_elements=[PullRow.run_id], set_={"status": PullStatus.running, "error": None, "ended_at": None}
        )
    )
    pull_id: int | None = session.scalar(new.returning(PullRow.id))
    assert pull_id is not None
    return pull_id


def _end_pull(session: Session, ctx: JobContext, row: SourceRow, status: PullStatus, error: str | None) -> None:
    ended = {"status": status, "error": error, "ended_at": clock.now()}
    session.execute(sa.update(PullRow).where(PullRow.run_id == ctx.run_id).values(ended))
    row.pulled_at, row.error = clock.now(), error
