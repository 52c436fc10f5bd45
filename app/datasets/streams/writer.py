"""What the follower of a stream needs of a dataset: a batch that grows, whatever happens to the one before."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import storage
from app.core.actor import Actor
from app.datasets.streams import files, grow
from app.datasets.streams.grow import Growing, Portion
from app.datasets.streams.places import Message


class StreamWriter:
    """In this order, and again from `open` after any failure: `open`, `prepare`, `store`, `stored`."""

    def __init__(self, dataset_id: UUID, topic: str, batch_id: int | None) -> None:
        self.dataset_id, self.topic, self.batch_id = dataset_id, topic, batch_id
        self._growing: Growing | None = None
        self._portion: tuple[Portion, str] | None = None
        self._closed: list[int] = []
        self._next: Growing | None = None

    @property
    def is_ready(self) -> bool:
        return self._growing is not None and not self._growing.is_over

    def open(self, db: Session, actor: Actor) -> int:
        """The batch that grows now: the one of before, or a new one. Raises what `grow.open_batch` does."""
        found = grow.resume(db, actor, self.batch_id) if self.batch_id is not None else None
        if found is None:
            if self.batch_id is not None:
                grow.close(db, self.batch_id)
                self._closed.append(self.batch_id)
            found = grow.open_batch(db, actor, self.dataset_id, self.topic)
        self._growing, self.batch_id = found, found.batch_id
        return found.batch_id

    def prepare(self, messages: Sequence[Message]) -> None:
        """All of the work that needs no lock."""
        assert self._growing is not None
        portion = grow.prepare(self._growing, self.topic, messages)
        key = ""
        if portion.block.parquet:
            key = files.new_file(self.dataset_id, self._growing.batch_id)
            storage.write(key, portion.block.parquet)
        self._portion = portion, key

    def store(self, db: Session, actor: Actor) -> int:
        """In the transaction that moves the offsets. Returns how many were rejected. Raises BatchMoved."""
        assert self._growing is not None
        assert self._portion is not None
        portion, key = self._portion
        self._next = grow.append(db, actor, self._growing, portion, key)
        if key:
            files.adopt(db, key)
        return portion.block.rejected

    def stored(self) -> None:
        """The transaction was committed."""
        self._growing, self._portion = self._next, None

    def forget(self) -> None:
        """What was learnt from messages that were not stored must not be remembered."""
        self._growing = self._portion = None

    def tidy(self) -> None:
        """Now and then, when there is time."""
        while self._closed:
            files.merge_files(self._closed.pop(), all_of_them=True)
        if self.batch_id is not None:
            files.merge_files(self.batch_id)
        files.sweep()
