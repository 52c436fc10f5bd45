"""From what a person typed, or a schedule stored, to the fixed values of one run. Pure."""

import math
from collections.abc import Callable
from datetime import date
from typing import Any

from app.core.errors import Invalid
from app.queries.periods import Period, RelativeDay, RelativePeriod, day_of, period_of
from app.queries.schemas import Filter, QuerySpec
from app.templates.schemas import RELATIVE_DAYS, RELATIVE_PERIODS, Parameter, Values


class BadParameter(Invalid):
    """A parameter of this template has no usable value."""


def resolve(parameters: list[Parameter], given: dict[str, Any], today: date) -> Values:
    """Moving days become fixed ones, so that a run that is repeated tomorrow still means the same."""
    known = {parameter.name for parameter in parameters}
    if strangers := sorted(set(given) - known):
        names = ", ".join(sorted(known)) or "none"
        raise BadParameter(f'There is no parameter "{strangers[0]}". Parameters of this template: {names}.')
    return Values(values={each.name: _resolve_one(each, given.get(each.name), today) for each in parameters})


def bind(spec: QuerySpec, values: Values) -> QuerySpec:
    """The query with parameters replaced by their values. Raises BadParameter for a name that does not exist."""
    bound = {name: [_bind_filter(each, values) for each in getattr(spec, name)] for name in ("filters", "having")}
    return spec.model_copy(update=bound)


def _bind_filter(rule: Filter, values: Values) -> Filter:
    if rule.parameter is None:
        return rule
    if rule.parameter not in values.values:
        raise BadParameter(
            f'The filter on "{rule.column}" uses the parameter "{rule.parameter}", which does not exist.'
        )
    value = values.period(rule.parameter) or values.values[rule.parameter]
    return rule.model_copy(update={"value": value, "parameter": None})


def _resolve_one(parameter: Parameter, given: Any, today: date) -> Any:
    value = parameter.default if given is None or given == "" else given
    if value is None:
        if parameter.type == "text":
            return ""
        raise BadParameter(f'The parameter "{parameter.name}" needs a value: it has no default.')
    try:
        return _READERS[parameter.type](value, parameter, today)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise BadParameter(
            f'The parameter "{parameter.name}": {value!r} is not {_expected(parameter)}.',
        ) from error


def _text(value: Any, _parameter: Parameter, _today: date) -> str:
    return str(value)


def _integer(value: Any, _parameter: Parameter, _today: date) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError
    return int(value)


def _number(value: Any, _parameter: Parameter, _today: date) -> float:
    if isinstance(value, bool):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: Any, _parameter: Parameter, _today: date) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _choice(value: Any, parameter: Parameter, _today: date) -> str:
    if str(value) not in parameter.options:
        raise ValueError
    return str(value)


def _date(value: Any, _parameter: Parameter, today: date) -> str:
    if str(value) in RELATIVE_DAYS:
        return day_of(RelativeDay(str(value)), today).isoformat()
    return date.fromisoformat(str(value)).isoformat()


def _period(value: Any, _parameter: Parameter, today: date) -> dict[str, str]:
    if str(value) in RELATIVE_PERIODS:
        period = period_of(RelativePeriod(str(value)), today)
    elif isinstance(value, Period):
        period = value
    else:
        period = Period(since=date.fromisoformat(value["since"]), until=date.fromisoformat(value["until"]))
    return {"since": period.since.isoformat(), "until": period.until.isoformat(), "label": period.label}


def _expected(parameter: Parameter) -> str:
    return {
        "text": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "choice": f"one of {', '.join(parameter.options)}",
        "date": f"a date such as 2026-01-31, or one of {', '.join(sorted(RELATIVE_DAYS))}",
        "period": 'a period such as {"since": "2026-01-01", "until": "2026-02-01"}, or one of '
        + ", ".join(sorted(RELATIVE_PERIODS)),
    }[parameter.type]


_READERS: dict[str, Callable[[Any, Parameter, date], Any]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "date": _date,
    "period": _period,
}
