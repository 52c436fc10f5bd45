"""Mail accounts, what a schedule asks to be sent, and the ledger as others see it."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.core.mail import ADDRESS
from app.core.smtp_access import check_ca

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"


def _address(text: str) -> str:
    """Plain ASCII with an encoded domain: what every mail server understands."""
    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise ValueError(f"{text[:100]!r} is not a mail address: {error}") from error
    address = found.ascii_email or ""
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"{text[:100]!r} cannot be used in a mail")
    return address


def _certificate(pem: str) -> str:
    if pem.strip():
        check_ca(pem)
    return pem.strip()


def one_line(text: str) -> str:
    """Whatever would start a new header becomes a space."""
    return " ".join(CONTROL.sub(" ", text).split())


def _one_line(text: str) -> str:
    """Such a text goes into a header of the mail."""
    if CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text.strip()


Address = Annotated[str, Field(max_length=320), AfterValidator(_address)]
Pem = Annotated[str, Field(max_length=100_000), AfterValidator(_certificate)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]


class Channel(StrEnum):
    smtp = "smtp"
    outbox = "outbox"


class Policy(StrEnum):
    """What to do when nobody can tell whether a message was accepted: leave it to a person, or send it again."""

    never_twice = "never_twice"
    at_least_once = "at_least_once"


class State(StrEnum):
    queued = "queued"
    sending = "sending"
    sent = "sent"
    deferred = "deferred"
    failed = "failed"
    unknown = "unknown"


class ReportOrder(BaseModel):
    """The payload of a schedule whose `what` is `report`. Without an account the messages go to the built-in outbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: UUID
    parameters: dict[str, Any] = {}
    recipients: list[Address] = Field(min_length=1, max_length=500)
    subject: Line = ""
    message: str = Field("", max_length=10_000)
    smtp_account_id: UUID | None = None
    attach: list[Literal["pdf"]] = ["pdf"]
    unknown_policy: Policy = Policy.never_twice

    @field_validator("recipients")
    @classmethod
    def _each_once(cls, recipients: list[str]) -> list[str]:
        """Two spellings of one mailbox would get two mails."""
        first: dict[str, str] = {}
        for address in recipients:
            first.setdefault(address.casefold(), address)
        return list(first.values())


class Letter(BaseModel):
    """A mail to one person about their account: paragraphs, one button, and what follows it.

    It is in no schedule, and its body is never kept: its link opens a door. After `good_until` it is not sent any more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Address
    subject: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=300)]
    text: str
    button: str = ""
    link: str = ""
    after: str = ""
    good_until: datetime | None = None


class SmtpAccountCreate(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Line, Field(min_length=1)]
    host: str = Field(pattern=HOST, max_length=253)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls"] = "starttls"
    username: Line = ""
    password: SecretStr = SecretStr("")
    from_address: Address
    from_name: Line = ""
    ca_pem: Pem = ""
    is_system: bool = Field(False, description="Sends invitations and password mail; the first account always does")


class SmtpAccountChange(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Line, Field(min_length=1)] | None = None
    host: str | None = Field(None, pattern=HOST, max_length=253)
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["starttls", "tls"] | None = None
    username: Line | None = None
    password: SecretStr | None = None
    from_address: Address | None = None
    from_name: Line | None = None
    ca_pem: Pem | None = None
    is_system: Literal[True] | None = Field(None, description="Take over invitations and password mail")


class SmtpAccount(BaseModel):
    """The password never leaves the database in clear text, except to the mail server."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    name: str
    host: str
    port: int
    security: str
    username: str
    has_password: bool
    needs_password: bool = Field(description="The stored one cannot be read with the present key: enter it again")
    from_address: str
    from_name: str
    is_system: bool
    owner_id: UUID | None
    created_at: datetime
    changed_at: datetime


class AccountCheck(BaseModel):
    """`stage` is what failed: name, connect, greeting, tls, certificate or login; `done` when all is well."""

    model_config = ConfigDict(frozen=True)

    ok: bool
    stage: str
    message: str


class Delivery(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    schedule_id: UUID | None
    schedule_name: str
    fire_at: datetime
    recipient: str
    sender: str
    subject: str
    channel: Channel
    policy: Policy
    account_name: str
    state: State
    phase: str | None
    attempt: int
    message_id: str
    smtp_code: int | None
    reply: str | None
    error: str | None
    eml_key: str | None = Field(exclude=True)
    eml_sha256: str | None
    eml_size: int | None
    report_id: UUID | None
    run_id: UUID | None = Field(serialization_alias="job_id")
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None


class DeliveryFilter(BaseModel):
    model_config = ConfigDict(frozen=True)

    state: State | None = None
    channel: Channel | None = None
    schedule_id: UUID | None = None
    recipient: str | None = None
    run_id: UUID | None = None


class MessageView(BaseModel):
    """A kept message, taken apart for reading."""

    model_config = ConfigDict(frozen=True)

    subject: str
    sender: str
    to: str
    date: str
    message_id: str
    text: str
    html: str
    attachments: list[tuple[str, int]]
