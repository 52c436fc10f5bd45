"""What goes in and out of accounts."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from app.core.actor import Role


def _email(text: str) -> str:
    """Lower case; one @ with something around it. Whether it is read is only known by writing to it."""
    address = text.strip().lower()
    if len(address) > 254 or not re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", address):
        raise ValueError(f"{text!r} is not an e-mail address such as ann@example.com")
    return address


Email = Annotated[str, AfterValidator(_email)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]


class Input(BaseModel):
    """Unknown fields are refused: nobody sets `is_active` by guessing its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Output(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Newcomer(Input):
    """Somebody who only comes by another provider, and has no password here."""

    email: Email
    name: Name
    role: Role = Role.member
    job_title: Title = ""


class PersonCreate(Newcomer):
    password: SecretStr


class PersonChange(Input):
    """What an administrator may change. A field left out stays as it is."""

    role: Role | None = None
    is_active: bool | None = None
    password: SecretStr | None = None


class ProfileChange(Input):
    """What people may change about themselves. A new e-mail needs the password again."""

    name: Name | None = None
    job_title: Title | None = None
    email: Email | None = None
    current_password: SecretStr | None = None


class PasswordChange(Input):
    current_password: SecretStr
    new_password: SecretStr


class Person(Output):
    id: UUID
    email: str
    name: str
    job_title: str
    role: Role
    is_active: bool
    created_at: datetime
    last_sign_in_at: datetime | None


class SignedIn(Output):
    """The token is known to the browser only; it cannot be read back."""

    token: str
    person: Person


class CodeNeeded(Output):
    """The first proof held; `token` stands for it until the second one is given or, at first, set up."""

    token: str
    must_enrol: bool = False


class Session(Output):
    id: UUID
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str
    is_current: bool = False


class Scope(StrEnum):
    """`read` may only ask, `write` may change what the person may, `admin` may also do what needs the role admin."""

    read = "read"
    write = "write"
    admin = "admin"


class KeyCreate(Input):
    name: Name
    scopes: list[Scope] = Field(default=[Scope.read], min_length=1)
    expires_at: datetime | None = None


class ApiKey(Output):
    id: UUID
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_ip: str | None


class NewKey(ApiKey):
    """`key` is shown this once; only its hash is kept."""

    key: str


class TwoFactor(Output):
    """`is_readable` is false when the key that encrypts the secret was lost: only recovery codes work then."""

    is_on: bool
    since: datetime | None
    is_readable: bool
    is_required: bool
    recovery_codes_left: int


class Enrolment(Output):
    """For the authenticator app: the secret as text, and the address that a QR code holds."""

    secret: str
    uri: str


class RecoveryCodes(Output):
    """Shown this once; only their hashes are kept."""

    codes: list[str]


class Enrolled(Output):
    signed_in: SignedIn
    recovery_codes: list[str]


class Code(Input):
    code: str = Field(max_length=64)


class PasswordAgain(Input):
    """People without a password leave it out; they must have signed in within the last five minutes."""

    current_password: SecretStr | None = None


class Policy(Output):
    """`two_factor_from`: the least role that must use two-factor sign-in; null for none."""

    two_factor_from: Role | None


class PolicyChange(Input):
    two_factor_from: Role | None


class PersonProof(Output):
    person: Person
    two_factor_since: datetime | None
