"""Settings of a source with and without their secrets, which are sealed one by one."""

from typing import Any, get_args

from pydantic import SecretStr, ValidationError

from app.core import secrets
from app.core.errors import Invalid
from app.sources.connectors.protocol import SourceSettings

MASK = "•••"
SHORTEST_SCRUBBED = 4
Sealed = dict[str, Any]


class SecretNeeded(Invalid):
    """Enter the secrets again: they are not shown to another host or user unasked."""


def checked(kind: type[SourceSettings], given: dict[str, Any]) -> SourceSettings:
    """Raises Invalid, which names each bad field and never what was sent."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        details = [
            {
                "field": ".".join(["settings", *map(str, each["loc"])]),
                "message": each["msg"].removeprefix("Value error, ").removesuffix(".") + ".",
            }
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid(f"{details[0]['field']}: {details[0]['message']}", details=details) from None


def split(settings: SourceSettings) -> tuple[dict[str, Any], Sealed]:
    """What may be shown, and the rest, encrypted."""
    hidden = secret_fields(type(settings))
    plain = settings.model_dump(mode="json", exclude=hidden)
    sealed = {name: _sealed(getattr(settings, name)) for name in hidden}
    return plain, {name: value for name, value in sealed.items() if value}


def joined(kind: type[SourceSettings], plain: dict[str, Any], sealed: Sealed) -> SourceSettings:
    """As the connector needs them. Raises SecretUnreadable, and Invalid where a newer version knows better."""
    return checked(kind, {**plain, **{name: _opened(value) for name, value in sealed.items()}})


def merged(kind: type[SourceSettings], given: dict[str, Any], plain: dict[str, Any], sealed: Sealed) -> SourceSettings:
    """For a change. Raises SecretNeeded when what is kept would be shown to somebody else."""
    kept = {name: value for name, value in sealed.items() if name not in given}
    if not kept:
        return checked(kind, given)
    new = joined(kind, given, kept)
    entered = {name: given[name] for name in secret_fields(kind) & given.keys()}
    if new.destination() != joined(kind, plain | entered, kept).destination():
        raise SecretNeeded(
            details=[{"field": f"settings.{name}", "message": "Enter it again."} for name in sorted(kept)]
        )
    return new


def secret_fields(kind: type[SourceSettings]) -> set[str]:
    return {name for name, field in kind.model_fields.items() if _is_secret(field.annotation)}


def names_of(sealed: Sealed) -> list[str]:
    """`password`, `headers.Authorization`."""
    return sorted(
        f"{name}.{inner}" if inner else name
        for name, value in sealed.items()
        for inner in (value if isinstance(value, dict) else [""])
    )


def unreadable(sealed: Sealed) -> list[str]:
    """The names of those that none of the present keys opens."""
    return [
        name
        for name, value in sorted(sealed.items())
        if not all(secrets.is_readable(text) for text in (value.values() if isinstance(value, dict) else [value]))
    ]


def scrubbed(text: str, settings: SourceSettings) -> str:
    """No word of a library about a secret gets anywhere."""
    for secret in sorted(_values(settings), key=len, reverse=True):
        if len(secret) >= SHORTEST_SCRUBBED:
            text = text.replace(secret, MASK)
    return text


def _values(settings: SourceSettings) -> list[str]:
    found: list[str] = []
    for name in secret_fields(type(settings)):
        value = getattr(settings, name)
        some = value.values() if isinstance(value, dict) else [value] if value else []
        found += [each.get_secret_value() for each in some]
    return found


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(each) for each in get_args(annotation))


def _sealed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: secrets.encrypt(each.get_secret_value()) for name, each in value.items()}
    return secrets.encrypt(value.get_secret_value()) if value and value.get_secret_value() else None


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: secrets.decrypt(each) for name, each in value.items()}
    return secrets.decrypt(value)
