"""What the letters say. Pure."""

from datetime import datetime

from app.accounts.schemas import Person
from app.core.actor import Actor
from app.core.settings import settings
from app.deliveries.schemas import Letter

NOT_YOU = "If it was not you, tell an administrator of your AutoReport now: somebody else may know your password."


def invitation(email: str, inviter: Actor, link: str, expires_at: datetime) -> Letter:
    who = f"{inviter.name} ({inviter.email})" if inviter.id else "An administrator"
    return Letter(
        to=email,
        subject=f"{inviter.name} invites you to AutoReport" if inviter.id else "You are invited to AutoReport",
        text=f"Hello,\n\n{who} invites you to AutoReport at {settings().base_url}."
        " Choose a name and a password to come in.",
        button="Accept the invitation",
        link=link,
        after=f"The link works once, until {_when(expires_at)}. If you did not expect it, you need do nothing.",
        good_until=expires_at,
    )


def reset(person: Person, link: str, expires_at: datetime) -> Letter:
    return Letter(
        to=person.email,
        subject="Choose a new password for AutoReport",
        text=f"Hello {person.name},\n\nthis link lets you choose a new password for AutoReport"
        f" at {settings().base_url}.",
        button="Choose a new password",
        link=link,
        after=f"The link works once, until {_when(expires_at)}."
        " If you did not ask for it, you need do nothing: your password stays as it is.",
        good_until=expires_at,
    )


def password_changed(person: Person, address: str) -> Letter:
    return Letter(
        to=address,
        subject="Your AutoReport password was changed",
        text=f"Hello {person.name},\n\nyour password for AutoReport at {settings().base_url} was changed just now.",
        after=NOT_YOU,
    )


def email_changed(person: Person, address: str) -> Letter:
    return Letter(
        to=address,
        subject="Your AutoReport account has another e-mail address",
        text=f"Hello {person.name},\n\nyour account at {settings().base_url} belongs to {person.email} now."
        f" From now on {address} cannot be used to sign in.",
        after=NOT_YOU,
    )


def two_factor_on(person: Person, address: str) -> Letter:
    return Letter(
        to=address,
        subject="Two-factor sign-in is on for your AutoReport account",
        text=f"Hello {person.name},\n\nsigning in at {settings().base_url} takes a code of your authenticator app now.",
        after=NOT_YOU,
    )


def two_factor_off(person: Person, address: str) -> Letter:
    return Letter(
        to=address,
        subject="Two-factor sign-in is off for your AutoReport account",
        text=f"Hello {person.name},\n\nyour password alone is enough to sign in at {settings().base_url} now.",
        after=NOT_YOU,
    )


def recovery_code_used(person: Person, address: str) -> Letter:
    return Letter(
        to=address,
        subject="A recovery code of your AutoReport account was used",
        text=f"Hello {person.name},\n\nsomebody signed in at {settings().base_url} with your password and one of your"
        " recovery codes just now. Each works once; make new ones in the settings before you run out of them.",
        after=NOT_YOU,
    )


def _when(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M} UTC"
