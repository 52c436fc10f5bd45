"""Notices as people see them, and what they may choose about them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.settings import settings
from app.sharing.schemas import Kind


class NoticeKind(StrEnum):
    assigned = "assigned"
    mentioned = "mentioned"
    commented = "commented"
    unblocked = "unblocked"
    due_soon = "due_soon"
    overdue = "overdue"
    stale = "stale"
    automation = "automation"


class MailMode(StrEnum):
    off = "off"
    daily = "daily"
    hourly = "hourly"


class About(NamedTuple):
    """The shared thing that a notice is about, and its name for headings."""

    kind: Kind
    id: UUID
    name: str


class Notice(BaseModel):
    """`link` is a path of this AutoReport; `about` the name of the board, say."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    kind: NoticeKind
    subject: str
    text: str
    link: str
    about: str
    at: datetime
    read_at: datetime | None


class Unread(BaseModel):
    """`more`: there are more than that."""

    unread: int
    more: bool = False


class MarkedRead(BaseModel):
    read: int


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone. Use a name such as Europe/Berlin or UTC.")
    return name


Zone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]


class NoticeSettings(BaseModel):
    """`muted` kinds are not told at all; `hour` of the daily mail is one of `zone`, as are the days of due dates."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    muted: list[NoticeKind] = []
    mail: MailMode = MailMode.off
    hour: int = 8
    zone: str = Field(default_factory=lambda: settings().tz_default)


class NoticeSettingsChange(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    muted: list[NoticeKind] | None = Field(None, max_length=len(NoticeKind))
    mail: MailMode | None = None
    hour: int | None = Field(None, ge=0, le=23)
    zone: Zone | None = None


class Digest(BaseModel):
    """What one mail tells: never empty, newest last."""

    person_id: UUID
    occasion: str
    mail: MailMode
    notices: list[Notice]
