"""One input for each parameter of a template; what comes back is what a report is asked for with."""

from datetime import timedelta
from typing import Any

import streamlit as st

from app.core import clock
from app.queries.periods import Period, RelativeDay, RelativePeriod
from app.templates.schemas import Parameter
from app.ui.page import zone

FIXED = "fixed"


def parameter_inputs(parameters: list[Parameter], key: str) -> dict[str, Any]:
    return {each.name: _input(each, f"{key}_{each.name}") for each in parameters}


def _input(parameter: Parameter, key: str) -> Any:
    label, default = parameter.shown_as, parameter.default
    if parameter.type == "period":
        return period_input(label, default, key)
    if parameter.type == "date":
        return _date_input(label, default, key)
    if parameter.type == "boolean":
        return st.checkbox(label, value=bool(default), key=key)
    if parameter.type == "choice":
        place = parameter.options.index(str(default)) if default in parameter.options else None
        return st.selectbox(label, parameter.options, index=place, key=key)
    if parameter.type in ("integer", "number"):
        kind = int if parameter.type == "integer" else float
        value = kind(default) if isinstance(default, int | float) else None
        return st.number_input(label, value=value, step=kind(1), key=key)
    return st.text_input(label, value="" if default is None else str(default), key=key)


def period_input(label: str, default: Any, key: str) -> Any:
    """The name of a moving period, or fixed days with the last one included."""
    names = [each.value for each in RelativePeriod]
    start = str(default) if default in names else FIXED if isinstance(default, Period) else names[0]
    options = [*names, FIXED]
    name = st.selectbox(label, options, options.index(start), format_func=_period_label, key=key)
    if name != FIXED:
        return name
    today = clock.now().astimezone(zone()).date()
    days = (default.since, default.last_day) if isinstance(default, Period) else (today.replace(day=1), today)
    chosen = st.date_input(f"{label}: first and last day", days, format="YYYY-MM-DD", key=f"{key}_days")
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        return None
    return {"since": chosen[0].isoformat(), "until": (chosen[1] + timedelta(days=1)).isoformat()}


def _date_input(label: str, default: Any, key: str) -> Any:
    names = [each.value for each in RelativeDay]
    options = [*names, FIXED]
    start = str(default) if default in names else FIXED if default else names[0]
    name = st.selectbox(label, options, options.index(start), format_func=_day_label, key=key)
    if name != FIXED:
        return name
    fixed = default if default and default not in names else "today"
    return st.date_input(f"{label}: day", fixed, format="YYYY-MM-DD", key=f"{key}_day").isoformat()


def _period_label(name: str) -> str:
    return "Fixed days…" if name == FIXED else RelativePeriod(name).label


def _day_label(name: str) -> str:
    return "A fixed day…" if name == FIXED else RelativeDay(name).label
