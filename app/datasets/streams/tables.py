"""Which batches still grow, where each message came from, and files that are in no catalogue yet or any more."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class StreamBatchRow(Base):
    """`closed_at` is empty while messages are still being added."""

    __tablename__ = "stream_batches"

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class StreamBlockRow(Base):
    """Topic, and partition, offset, time and key of each message of a block: compressed JSON, read for one trace."""

    __tablename__ = "stream_blocks"

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    places: Mapped[bytes]


class StrayFileRow(Base):
    """A file goes into this list before it is written and leaves it when it is in the catalogue: none is forgotten."""

    __tablename__ = "stray_files"

    key: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
