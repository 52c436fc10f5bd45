"""What goes in and out of teams and shares."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator


class Kind(StrEnum):
    """What people own. All of it can be shared but mail accounts, which only administrators see, and sources, which
    are seen by who sees the dataset that they fill."""

    board = "board"
    dataset = "dataset"
    template = "template"
    report = "report"
    schedule = "schedule"
    query = "query"
    document = "document"
    source = "source"
    smtp_account = "smtp_account"


class Level(StrEnum):
    """`edit` may do what the person's role may do, `view` only look."""

    view = "view"
    edit = "edit"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_storable)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_storable)]


class Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Output(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class TeamCreate(Input):
    name: Name
    description: Text = ""


class TeamChange(Input):
    """Only what is given changes."""

    name: Name | None = None
    description: Text | None = None


class MemberAdd(Input):
    """For somebody who is in the team already, it changes whether they lead it."""

    person_id: UUID
    is_lead: bool = False


class TeamMember(Output):
    person_id: UUID
    name: str
    is_lead: bool
    is_active: bool


class Team(Output):
    """`shared_things` counts what is shared with the team as a whole."""

    id: UUID
    name: str
    description: str
    created_at: datetime
    members: list[TeamMember]
    shared_things: int


class TeamDeleted(Output):
    """`things` were shared with the team, and no longer are."""

    name: str
    things: int


class ShareCreate(Input):
    """Exactly one of person, team and everybody."""

    person_id: UUID | None = None
    team_id: UUID | None = None
    everybody: bool = False
    level: Level = Level.view

    @model_validator(mode="after")
    def _one_audience(self) -> "ShareCreate":
        if (self.person_id is not None) + (self.team_id is not None) + self.everybody != 1:
            raise ValueError("say with whom: exactly one of person_id, team_id and everybody")
        return self


class Share(Output):
    """`name` says with whom in words."""

    id: UUID
    kind: Kind
    thing_id: UUID
    level: Level
    person_id: UUID | None
    team_id: UUID | None
    everybody: bool
    name: str
    created_at: datetime


class Sharing(Output):
    """All there is to say about who may use a thing. `may_share` is about who asks."""

    kind: Kind
    thing_id: UUID
    name: str
    owner_id: UUID | None
    owner: str
    may_share: bool
    shares: list[Share]


class Entry(Output):
    id: UUID
    name: str


class Directory(Output):
    """Whom something can be shared with, by name."""

    people: list[Entry]
    teams: list[Entry]


class Owned(Output):
    kind: Kind
    id: UUID
    name: str


class HandOver(Input):
    to_person_id: UUID


class HandedOver(Output):
    """What has a new owner now."""

    things: list[Owned]


class Deactivation(Input):
    """Without `hand_over_to`, everything stays with the person who leaves, for somebody to take over later."""

    hand_over_to: UUID | None = None


class LeftThing(Owned):
    """Its owner, `person`, is deactivated."""

    person_id: UUID
    person: str
