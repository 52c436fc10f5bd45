"""What goes in and out of admissions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from app.accounts.schemas import Email, Input, Name, Output, Title
from app.core.actor import Role
from app.deliveries.schemas import Address

MailAddress = Annotated[Address, AfterValidator(str.lower)]


class State(StrEnum):
    open = "open"
    accepted = "accepted"
    expired = "expired"
    revoked = "revoked"


class SignUp(Input):
    name: Name
    email: Email
    password: SecretStr
    job_title: Title = ""


class InvitationCreate(Input):
    email: MailAddress
    role: Role = Role.member
    team_ids: list[UUID] = Field(default=[], max_length=50)


class Acceptance(Input):
    """What somebody who was invited says about themselves."""

    name: Name
    password: SecretStr
    job_title: Title = ""


class Invitation(Output):
    id: UUID
    email: str
    role: Role
    team_ids: list[UUID]
    invited_by: UUID | None
    by_mail: bool
    state: State
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None


class NewInvitation(Invitation):
    """`link` is given once, and only when this installation can send no mail: pass it on to the person."""

    link: str | None = None


class ResetLink(Output):
    """`link` is given once, and only when this installation can send no mail: pass it on to the person."""

    sent_to: str | None
    expires_at: datetime
    link: str | None = None


class Claimed(Output):
    """What another provider says about somebody, checked to come from it; its words are still just words."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


class Identity(Output):
    id: UUID
    issuer: str
    subject: str
    email: str
    created_at: datetime
    last_used_at: datetime
