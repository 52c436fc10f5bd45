"""What a kind of source has to know: its settings, how to look whether it works, and how to fetch what is new."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.sources.schemas import Probe

Watermark = dict[str, Any]


class SourceSettings(BaseModel):
    """Every field of the type SecretStr, or dict[str, SecretStr], is kept encrypted and never shown again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def destination(self) -> tuple[object, ...]:
        """To whom the secrets are shown. When this changes, they have to be entered again."""
        return ()


S_contra = TypeVar("S_contra", bound=SourceSettings, contravariant=True)


class Inbox(Protocol):
    """Where a pull puts what it finds. Nothing counts before it is saved, all together with the watermark."""

    owner: Actor  # in whose name all of this happens
    dataset: str

    @property
    def source_id(self) -> UUID: ...

    def wants(self, item_key: str, fingerprint: str) -> bool:
        """Whether this thing in this state was not taken in yet: ask before fetching it."""

    def add(self, name: str, parts: Iterable[bytes], *, item_key: str, fingerprint: str | None = None) -> bool:
        """Stores one file. Without a fingerprint the content itself is it.

        True when this item is settled, also when it was refused for good (too large, known already). False when it may
        go better next time: a connector whose watermark moves over items must stop before this one. Raises what
        `parts` raised when that happens again and again.
        """

    def refuse(self, name: str, reason: str, *, item_key: str, fingerprint: str) -> None:
        """Something that can never be taken in as it is now; people see why."""

    @property
    def is_full(self) -> bool:
        """One pull takes so much and no more: stop, with the watermark of what was taken. The rest is for the next."""

    def save(self, watermark: Watermark) -> None:
        """What was added so far and this watermark, in one transaction. Done at the end of a pull in any case."""

    def step(self, message: str, progress: float | None = None) -> None:
        """Shown to whoever watches; also notices when somebody cancels."""

    def transaction(self) -> AbstractContextManager[Session]:
        """For what is read from the product's own database."""


class Connector(Protocol, Generic[S_contra]):
    """Runs in a child process with limits. What people should read is raised as an AppError."""

    kind: ClassVar[str]
    continuous: ClassVar[bool]  # followed by the worker all the time; a pull is not asked for
    Settings: ClassVar[type[SourceSettings]]

    def check(self, db: Session, actor: Actor, dataset: str, settings: S_contra) -> None:
        """When it is saved or tested: whether this person may ask for that. Raises Invalid."""

    def test(self, settings: S_contra, actor: Actor) -> Probe:
        """Connects for real and says what is there; nothing is taken. A failure is raised as an AppError."""

    def pull(self, settings: S_contra, watermark: Watermark, inbox: Inbox) -> Watermark:
        """Adds what is new since `watermark`, which is empty at first, and returns the new one."""
