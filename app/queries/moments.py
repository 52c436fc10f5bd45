"""From "yesterday" and "last full month" to fixed days, once for each time that a question is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

from app.core import clock
from app.core.errors import Invalid
from app.core.settings import settings
from app.queries.periods import Period, RelativeDay, RelativePeriod, day_of, period_of
from app.queries.questions import Filter, Op, QuerySpec, SqlParameter

DAYS, PERIODS = set(RelativeDay), set(RelativePeriod)


class UnfitValue(Invalid):
    """This value does not fit the column."""


@dataclass(frozen=True)
class Moment:
    """When a question is asked. `today` is the day there in the zone of the installation, whatever it is in UTC."""

    at: datetime
    today: date


def present() -> Moment:
    at = clock.now()
    return Moment(at, local_date(at))


def local_date(at: datetime) -> date:
    """In the zone of the installation: "yesterday" is meant locally."""
    return at.astimezone(ZoneInfo(settings().tz_default)).date()


def fix_periods(spec: QuerySpec, today: date) -> QuerySpec:
    """Named periods become fixed ones, so that they can be shifted, and mean the same tomorrow."""
    if not any(rule.op is Op.in_period and isinstance(rule.value, str) for rule in spec.filters):
        return spec
    return spec.model_copy(update={"filters": [_fixed(rule, today) for rule in spec.filters]})


def _fixed(rule: Filter, today: date) -> Filter:
    if rule.op is not Op.in_period or not isinstance(rule.value, str):
        return rule
    return rule.model_copy(update={"value": period(rule.value, today, f'The filter on "{rule.column}"')})


def period(value: Any, today: date, where: str) -> Period:
    if isinstance(value, Period):
        return value
    if value in PERIODS:
        return period_of(RelativePeriod(value), today)
    known = ", ".join(RelativePeriod)
    raise UnfitValue(f"{where} needs a period with since and until, or one of {known}; not {value!r}.")


def typed(value: Any, kind: str, today: date, where: str) -> Any:
    """The value as the type's own: comparing text with a date would silently find nothing."""
    if kind in ("date", "timestamp") and isinstance(value, str) and value in DAYS:
        day = day_of(RelativeDay(value), today)
        return day if kind == "date" else datetime.combine(day, time())
    try:
        return _PARSERS[kind](value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise UnfitValue(f"{where}: {value!r} is not {_EXAMPLES[kind]}.") from error


def bound_values(parameters: Sequence[SqlParameter], today: date) -> dict[str, Any]:
    """What is bound to the `$names` of an SQL question."""
    values: dict[str, Any] = {}
    for each in parameters:
        where = f'The parameter "{each.name}"'
        if each.type == "period":
            found = period(each.value, today, where)
            values |= {f"{each.name}_since": found.since, f"{each.name}_until": found.until}
        else:
            values[each.name] = None if each.value is None else typed(each.value, each.type, today, where)
    return values


def _boolean(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError
    return str(value).lower() == "true"


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _exact(value: Any) -> Decimal:
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError
    return number


def _timestamp(value: Any) -> datetime:
    text = str(value)
    moment = datetime.fromisoformat(text) if len(text) > len("2026-01-31") else datetime.combine(_date(text), time())
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _date(value: Any) -> date:
    return date.fromisoformat(str(value))


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "integer": _integer,
    "decimal": _exact,
    "number": cast("Callable[[Any], Any]", float),
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
_EXAMPLES = {
    "text": "a text",
    "integer": "a whole number such as 12",
    "decimal": "a number such as 12.50",
    "number": "a number such as 12.5",
    "boolean": "true or false",
    "date": "a date such as 2026-01-31, or a day such as yesterday",
    "timestamp": "a time such as 2026-01-31T08:00, or a day such as yesterday",
}
