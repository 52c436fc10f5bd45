"""How a stream is doing: who follows it, how far behind it is, and what was lost on the way."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid
from app.sources.access import access_source
from app.sources.connectors import connector
from app.sources.schemas import StreamPartition, StreamState, StreamWarning
from app.sources.streams.lease import NOW, STALE_SECONDS
from app.sources.streams.tables import OffsetRow, StreamRow, WarningRow

SHOWN_WARNINGS = 20


class NoStream(Invalid):
    """This source is pulled; only sources that are followed all the time have a state like this."""


def stream_state(db: Session, actor: Actor, source_id: UUID) -> StreamState:
    row, _ = access_source(db, actor, source_id)
    if not connector(row.kind).continuous:
        raise NoStream
    followed = StreamRow.token.is_not(None) & (StreamRow.beat_at > NOW - sa.text(f"interval '{STALE_SECONDS} seconds'"))
    stream, is_followed = db.execute(
        sa.select(StreamRow, followed).where(StreamRow.source_id == source_id)
    ).tuples().one_or_none() or (None, False)
    offsets = db.scalars(
        sa.select(OffsetRow).where(OffsetRow.source_id == source_id).order_by(OffsetRow.topic, OffsetRow.partition)
    )
    warnings = sa.select(WarningRow).where(WarningRow.source_id == source_id).order_by(WarningRow.id.desc())
    partitions = [StreamPartition.model_validate(one) for one in offsets]
    return StreamState(
        is_followed=bool(is_followed) and not row.paused,
        trouble=stream.trouble if stream else None,
        retry_at=stream.retry_at if stream and not is_followed else None,
        batch_id=stream.batch_id if stream else None,
        messages=stream.messages if stream else 0,
        rejected=stream.rejected if stream else 0,
        last_message_at=stream.last_message_at if stream else None,
        lag=sum(max((one.end_offset or 0) - one.next_offset, 0) for one in partitions),
        partitions=partitions,
        warnings=[StreamWarning.model_validate(one) for one in db.scalars(warnings.limit(SHOWN_WARNINGS))],
    )
