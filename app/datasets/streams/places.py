"""Where a row of a stream came from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import zstandard
from sqlalchemy.orm import Session

from app.datasets.schemas import MessagePlace
from app.datasets.streams.tables import StreamBlockRow

SHOWN_KEY = 200


@dataclass(frozen=True, slots=True)
class Message:
    """`timestamp` in milliseconds. No value is a tombstone."""

    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None


class BatchMoved(Exception):
    """The batch was undone, replaced or closed, or the schema is another one: open again, and prepare again."""


def place_of(db: Session, batch_id: int, block: int, index: int) -> MessagePlace | None:
    """None for rows of files. `index` counts the rows of the block from 0."""
    row = db.get(StreamBlockRow, (batch_id, block))
    if row is None:
        return None
    places: dict[str, Any] = msgspec.json.decode(zstandard.ZstdDecompressor().decompress(row.places))
    at = places["timestamp"][index]
    return MessagePlace(
        topic=places["topic"],
        partition=places["partition"][index],
        offset=places["offset"][index],
        sent_at=None if at is None else datetime.fromtimestamp(at / 1000, UTC),
        key=places["key"][index],
    )
