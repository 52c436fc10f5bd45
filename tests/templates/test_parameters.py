from datetime import date
from typing import Any

import pytest

from app.queries.periods import Period
from app.queries.schemas import Filter, QuerySpec
from app.templates.parameters import BadParameter, bind, resolve
from app.templates.schemas import Parameter

TODAY = date(2026, 11, 22)


def one(kind: str, default: Any = None, **more: Any) -> list[Parameter]:
    return [Parameter.model_validate({"name": "p", "type": kind, "default": default, **more})]


@pytest.mark.parametrize(
    ("parameters", "given", "value"),
    [
        (one("text", "x"), None, "x"),
        (one("text"), None, ""),
        (one("integer", 3), "12", 12),
        (one("number"), "1.5", 1.5),
        (one("boolean", True), None, True),
        (one("date", "yesterday"), None, "2026-11-21"),
        (one("date"), "2026-01-31", "2026-01-31"),
        (one("choice", options=["a", "b"]), "b", "b"),
        (
            one("period", "last_full_week"),
            None,
            {"since": "2026-11-09", "until": "2026-11-16", "label": "9–15 Nov 2026"},
        ),
    ],
)
def test_values_and_defaults_become_fixed(parameters: list[Parameter], given: Any, value: Any) -> None:
    assert resolve(parameters, {} if given is None else {"p": given}, TODAY).values == {"p": value}


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        (one("integer"), "many", "'many' is not a whole number"),
        (one("integer"), 1.5, "not a whole number"),
        (one("date"), "2026-02-30", "not a date such as"),
        (one("choice", options=["a"]), "c", "not one of a"),
        (one("period"), "last_fortnight", "last_full_month"),
        (one("period"), {"since": "2026-02-01", "until": "2026-01-01"}, "not a period"),
        (one("number"), None, "needs a value"),
        (one("integer"), float("inf"), "not a whole number"),
        (one("integer"), 10**400, "not a whole number"),
        (one("number"), "1e400", "not a number"),
        (one("number"), float("nan"), "not a number"),
        (one("number"), 10**400, "not a number"),
    ],
)
def test_a_wrong_value_names_the_parameter_and_the_way_out(
    parameters: list[Parameter], given: Any, message: str
) -> None:
    with pytest.raises(BadParameter) as raised:
        resolve(parameters, {} if given is None else {"p": given}, TODAY)
    assert message in raised.value.message
    assert '"p"' in raised.value.message


def test_resolved_values_stay_the_same_when_resolved_again() -> None:
    parameters = one("period", "last_full_month")
    first = resolve(parameters, {}, TODAY)
    assert resolve(parameters, dict(first.values), date(2027, 5, 5)) == first


def test_filters_take_the_values_of_their_parameters() -> None:
    values = resolve(one("period", "last_full_month"), {}, TODAY)
    spec = QuerySpec(dataset="d", filters=[Filter(column="at", op="in_period", parameter="p")])
    [bound] = bind(spec, values).filters
    assert bound.value == Period(since=date(2026, 10, 1), until=date(2026, 11, 1))
    assert bound.parameter is None


def test_a_filter_on_a_parameter_that_does_not_exist_is_refused() -> None:
    spec = QuerySpec(dataset="d", filters=[Filter(column="at", parameter="other")])
    with pytest.raises(BadParameter, match="does not exist"):
        bind(spec, resolve(one("text"), {}, TODAY))
