"""When: a preset, a clock, a zone; and at once the next runs, with a word where the clocks change."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from app.core import clock
from app.core.errors import Invalid
from app.schedules import service as schedules
from app.schedules.schemas import Kind, Timing
from app.ui.cron_presets import (
    CRON,
    HOURLY,
    INTERVAL,
    LAST,
    MONTHLY,
    ONCE,
    PRESETS,
    WEEKDAYS,
    WEEKLY,
    Preset,
    from_cron,
)
from app.ui.page import zone

UNITS = {"minutes": 60, "hours": 3600, "days": 86_400}
SHOWN_RUNS = 5


def timing_input(given: Timing | None) -> Timing:
    """The widgets and the preview below them. May be a timing that cannot run: saving says why."""
    preset = _preset_of(given)
    left, right = st.columns(2)
    name = left.selectbox("When", PRESETS, PRESETS.index(preset.name))
    zones = sorted(available_timezones())
    chosen_zone = right.selectbox("Time zone", zones, zones.index(given.zone if given else zone().key))
    timing = _details(name, preset, given, chosen_zone)
    show_preview(timing)
    return timing


def show_preview(timing: Timing) -> None:
    try:
        found = schedules.preview(timing, SHOWN_RUNS)
    except Invalid as error:
        st.error(error.message, icon=":material/error:")
        return
    st.markdown(f"**{found.explanation}.**" + ("" if found.runs else " No run is left."))
    lines = []
    for run in found.runs:
        lines.append(two_clocks(run.at, timing.zone))
        lines += [f":orange[:material/schedule: {run.note}]"] if run.note else []
    st.caption("  \n".join(lines))


def two_clocks(at: datetime, there: str) -> str:
    """`Mon 23 Nov 2026, 09:00 UTC (10:00 Europe/Berlin)`: the schedule's clock, and the viewer's where it differs."""
    local, own = at.astimezone(ZoneInfo(there)), at.astimezone(zone())
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M} {there}"
    if local.utcoffset() == own.utcoffset():
        return text
    day = "" if own.date() == local.date() else f"{own:%a} "
    return f"{text} ({day}{own:%H:%M} {zone().key})"


def _preset_of(given: Timing | None) -> Preset:
    if given is None:
        return Preset()
    if given.kind is not Kind.cron:
        return Preset(name=ONCE if given.kind is Kind.once else INTERVAL)
    return from_cron(given.cron or "")


def _details(name: str, preset: Preset, given: Timing | None, chosen_zone: str) -> Timing:
    if name == CRON:
        text = st.text_input("Cron expression", preset.to_cron(), help="minute hour day-of-month month day-of-week")
        return Timing(cron=text, zone=chosen_zone)
    if name in (ONCE, INTERVAL):
        return _from_a_moment(name, given, chosen_zone)
    left, right = st.columns(2)
    weekday, day = preset.weekday, preset.day
    if name in (WEEKLY, LAST):
        weekday = WEEKDAYS.index(left.selectbox("Day", WEEKDAYS, weekday))
    elif name == MONTHLY:
        day = int(left.number_input("Day of the month", 1, 31, day, help="A month without this day is left out."))
    if name == HOURLY:
        at = time(0, int(left.number_input("Minute of the hour", 0, 59, preset.at.minute)))
    else:
        at = (right if name in (WEEKLY, LAST, MONTHLY) else left).time_input("Time of day", preset.at, step=300)
    return Timing(cron=Preset(name, at, weekday, day).to_cron(), zone=chosen_zone)


def _from_a_moment(name: str, given: Timing | None, chosen_zone: str) -> Timing:
    here = ZoneInfo(chosen_zone)
    start = (given.starts_at if given else None) or _next_full_hour()
    local = start.astimezone(here)
    left, right = st.columns(2)
    day, at = (
        left.date_input("Date" if name == ONCE else "First date", local.date(), format="YYYY-MM-DD"),
        right.time_input("At", local.time()),
    )
    moment = datetime.combine(day, at, here)
    if name == ONCE:
        return Timing(kind=Kind.once, starts_at=moment, zone=chosen_zone)
    seconds = (given.every_seconds if given else None) or UNITS["days"]
    unit = next(name for name in reversed(UNITS) if seconds % UNITS[name] == 0)
    count = int(left.number_input("Every", 1, 10_000, seconds // UNITS[unit]))
    unit = right.selectbox("Unit", list(UNITS), list(UNITS).index(unit))
    return Timing(kind=Kind.interval, every_seconds=count * UNITS[unit], starts_at=moment, zone=chosen_zone)


def _next_full_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
