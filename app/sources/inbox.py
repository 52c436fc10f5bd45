"""What one pull has found so far. It lies in the storage and counts for nothing until it is saved."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Unavailable
from app.datasets import service as datasets
from app.jobs.context import JobContext
from app.sources.connectors.protocol import Watermark
from app.sources.schemas import ItemState
from app.sources.tables import SourceRow
from app.sources.take_in import Found, SourceMoved, Visit, lock_visit, take_in

MAX_KEY = 1000
FAILURES_IN_A_ROW = 3

log = structlog.stdlib.get_logger(__name__)


@dataclass
class PullInbox:
    """The inbox of `connectors.protocol`, for one visit to one source."""

    ctx: JobContext
    visit: Visit
    owner: Actor
    dataset: str
    source: SourceRow
    known: dict[tuple[str, str], ItemState]
    again: bool = False
    one_by_one: bool = False
    found: list[Found] = field(default_factory=list)
    count: int = 0
    size: int = 0
    failures: int = 0

    @property
    def source_id(self) -> UUID:
        return self.visit.source_id

    @property
    def is_full(self) -> bool:
        if self.one_by_one and self.failures:  # what comes after it must not be taken before it
            return True
        most = 1 if self.one_by_one else self.source.max_items
        return self.count >= most or self.size >= self.source.max_mb << 20

    def wants(self, item_key: str, fingerprint: str) -> bool:
        state = self.known.get((_key(item_key), fingerprint))
        return state in (None, ItemState.failed) or (self.again and state is ItemState.refused)

    def add(self, name: str, parts: Iterable[bytes], *, item_key: str, fingerprint: str | None = None) -> bool:
        key = _key(item_key)
        try:
            upload = datasets.new_upload(name).take(parts)
        except (Unavailable, OSError) as error:
            return self._failed(name, key, fingerprint or "", error)
        except AppError as error:
            self._note(Found(key, fingerprint or "", name, ItemState.refused, reason=error.message))
            return True
        self.failures = 0
        mark = upload.sha256 if fingerprint is None else fingerprint
        if not self.wants(item_key, mark):
            datasets.discard_upload(upload)
            return True
        self.size += upload.size
        self._note(Found(key, mark, name, ItemState.taken, upload=upload))
        return True

    def refuse(self, name: str, reason: str, *, item_key: str, fingerprint: str) -> None:
        if self.wants(item_key, fingerprint):
            self._note(Found(_key(item_key), fingerprint, name, ItemState.refused, reason=reason))

    def save(self, watermark: Watermark) -> None:
        """Raises SourceMoved, and then nothing of it counts."""
        try:
            with self.ctx.transaction() as db:
                row = lock_visit(db, self.visit)
                take_in(db, self.owner, self.visit, row, self.found)
                row.watermark = watermark
        except SourceMoved:
            self.discard()
            raise
        self.visit.watermark, self.found = watermark, []

    def discard(self) -> None:
        for upload in (one.upload for one in self.found if one.upload):
            datasets.discard_upload(upload)
        self.found = []

    def step(self, message: str, progress: float | None = None) -> None:
        self.ctx.step(message, progress)

    def transaction(self) -> AbstractContextManager[Session]:
        return self.ctx.transaction()

    def _failed(self, name: str, key: str, fingerprint: str, error: Exception) -> bool:
        self.failures += 1
        reason = error.message if isinstance(error, AppError) else "It could not be read."
        log.warning("item not fetched", source=str(self.source_id), item=name, error=f"{type(error).__name__}: {error}")
        self._note(Found(key, fingerprint, name, ItemState.failed, reason=reason))
        if self.failures >= FAILURES_IN_A_ROW:
            raise error
        return False

    def _note(self, found: Found) -> None:
        self.count += found.state is not ItemState.failed
        self.known[found.key, found.fingerprint] = found.state
        self.found.append(found)


def _key(text: str) -> str:
    """An index takes no longer ones."""
    return text if len(text.encode()) <= MAX_KEY else f"{text[: MAX_KEY // 5]}…{sha256(text.encode()).hexdigest()}"
