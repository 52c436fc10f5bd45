"""Lists of allowed values that turn away what they seem to let in: refused before they reject every row."""

from collections.abc import Callable

from app.core.errors import Invalid
from app.datasets.schemas import Column, DatasetSchema

STEPS: dict[str, Callable[[str], str]] = {"trim": str.strip, "upper": str.upper, "lower": str.lower}


def check_allowed(schema: DatasetSchema, before: DatasetSchema | None = None) -> None:
    """Raises Invalid. Only columns that are new or changed, and only texts: anything else is compared as a value."""
    known = before.columns if before else []
    for column in schema.columns:
        if column.type == "text" and column.allowed and column not in known:
            _check_values(column, column.allowed)
            _check_default(column, column.allowed)


def _check_values(column: Column, allowed: list[str]) -> None:
    """The default is filled in as it is; an empty text is a missing value, which no list is asked about."""
    for value in allowed:
        becomes = _transformed(column, value)
        if becomes and becomes not in allowed and value != column.default:
            raise Invalid(
                f"Column {column.name!r}: no value can be {value!r}, which is among those allowed, because "
                f"{' '.join(column.transform)} makes {becomes!r} of it. Write what is allowed as it is after that: "
                f"{becomes!r}."
            )


def _check_default(column: Column, allowed: list[str]) -> None:
    if column.default is not None and column.default not in allowed:
        raise Invalid(
            f"Column {column.name!r}: the default {column.default!r} is not among the allowed values, so each row "
            "without a value would be rejected. Add it to them as it is written here, or take another default."
        )


def _transformed(column: Column, value: str) -> str:
    for step in column.transform:
        value = STEPS[step](value)
    return value
