"""The settings of each kind as fields of a form."""

from dataclasses import dataclass
from datetime import date
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.sources.connectors import connector
from app.sources.vault import secret_fields

LONG = 5_000
Shape = Literal["line", "text", "number", "flag", "choice", "secret", "secrets", "other"]


@dataclass(frozen=True)
class FieldSpec:
    """`other` is for what a form of its own asks."""

    name: str
    label: str
    help: str
    shape: Shape
    default: Any
    required: bool
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


def fields_of(kind: str) -> list[FieldSpec]:
    """In the order in which people fill them in. Raises Invalid for an unknown kind."""
    model = connector(kind).Settings
    return [_spec(name, field, is_secret=name in secret_fields(model)) for name, field in model.model_fields.items()]


def _spec(name: str, field: FieldInfo, *, is_secret: bool) -> FieldSpec:
    bounds = {type(rule): rule for rule in field.metadata}
    least, most = bounds.get(annotated_types.Ge), bounds.get(annotated_types.Le)
    default = field.get_default(call_default_factory=True)
    return FieldSpec(
        name=name,
        label=field.title or name.replace("_", " ").capitalize(),
        help=field.description or "",
        shape=_shape(field, bounds, is_secret=is_secret),
        default=None if default is PydanticUndefined or is_secret else default,
        required=field.is_required(),
        choices=tuple(get_args(field.annotation)) if get_origin(field.annotation) is Literal else (),
        least=int(str(least.ge)) if isinstance(least, annotated_types.Ge) else None,
        most=int(str(most.le)) if isinstance(most, annotated_types.Le) else None,
    )


def _shape(field: FieldInfo, bounds: dict[type, Any], *, is_secret: bool) -> Shape:
    kind = field.annotation
    if is_secret:
        return "secret" if kind in (SecretStr, SecretStr | None) else "secrets"
    if get_origin(kind) is Literal:
        return "choice"
    if kind is str:
        longest = bounds.get(annotated_types.MaxLen)
        return "text" if isinstance(longest, annotated_types.MaxLen) and longest.max_length >= LONG else "line"
    if set(get_args(kind)) in ({int, NoneType}, {date, NoneType}):
        return "line"
    return {bool: "flag", int: "number"}.get(kind, "other")  # type: ignore[arg-type, return-value]
