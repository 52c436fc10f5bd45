"""When a schedule runs, across clock changes of many zones."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schedules.next_fire import TimingInvalid, check_timing, explain, fires, local_text, next_fire, next_runs
from app.schedules.schemas import Kind, Timing

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # shifts by half an hour
    "America/Santiago",  # shifts at midnight
    "Africa/Cairo",
    "America/St_Johns",
    "Asia/Kathmandu",  # +05:45, no shifts
    "Europe/Dublin",  # winter time is the negative shift
    "Africa/Casablanca",  # shifts around Ramadan
    "UTC",
]
START = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("time", ["30 2", "0 0"])
def test_a_daily_schedule_runs_once_on_every_day_of_ten_years(zone: str, time: str) -> None:
    runs = list(islice(fires(Timing(cron=f"{time} * * *", zone=zone), START), 3652))
    days = [run.astimezone(ZoneInfo(zone)).date() for run in runs]
    assert len(set(days)) == len(days)
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", ["2026-02-20T00:00", "2026-09-25T00:00"], ids=["spring", "autumn"])
def test_an_hourly_schedule_follows_real_time_through_clock_changes(zone: str, start: str) -> None:
    runs = list(islice(fires(Timing(cron="*/30 * * * *", zone=zone), utc(start)), 2 * 24 * 65))
    assert {later - earlier for earlier, later in pairwise(runs)} == {timedelta(minutes=30)}


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("0 9 * * 1", "Europe/Berlin", "2026-03-25T00:00", "2026-03-30T07:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("30 1 * * *", "America/New_York", "2026-11-01T05:30", "2026-11-02T06:30"),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:30"),
        ("0 9 * * 5L", "America/New_York", "2026-03-01T00:00", "2026-03-27T13:00"),
        ("0 9 LW * *", "UTC", "2026-05-01T00:00", "2026-05-29T09:00"),
        ("0 9 * * 5#2", "UTC", "2026-05-01T00:00", "2026-05-08T09:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_the_next_run_is(cron: str, zone: str, after: str, expected: str) -> None:
    assert next_fire(Timing(cron=cron, zone=zone), utc(after)) == utc(expected)


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(["30 2 * * *", "0 */2 * * *", "*/15 * * * *", "5 1 * * 1-5", "0 9 1 * *", "45 0 * * 0"]),
    hours=st.floats(0, 10 * 366 * 24),
)
def test_the_next_run_is_always_later_and_nothing_lies_between(zone: str, cron: str, hours: float) -> None:
    timing, moment = Timing(cron=cron, zone=zone), START + timedelta(hours=hours)
    following = next_fire(timing, moment)
    assert following is not None
    assert following > moment
    halfway = moment + (following - moment) / 2
    assert next_fire(timing, halfway) == following


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_an_interval_of_whole_days_keeps_its_wall_clock_time(zone: str) -> None:
    start = datetime(2026, 1, 1, 9, tzinfo=ZoneInfo(zone))
    timing = Timing(kind=Kind.interval, every_seconds=2 * 86_400, starts_at=start, zone=zone)
    runs = [run.astimezone(ZoneInfo(zone)) for run in islice(fires(timing, START), 400)]
    assert {run.time() for run in runs} == {start.time()}
    assert {(later.date() - earlier.date()).days for earlier, later in pairwise(runs)} == {2}


def test_a_short_interval_follows_real_time() -> None:
    timing = Timing(kind=Kind.interval, every_seconds=5400, starts_at=utc("2026-10-24T22:00"), zone="Europe/Berlin")
    assert next_fire(timing, utc("2026-10-20T00:00")) == utc("2026-10-24T22:00")
    assert next_fire(timing, utc("2026-10-24T22:00")) == utc("2026-10-24T23:30")
    assert next_fire(timing, utc("2026-10-25T01:15")) == utc("2026-10-25T02:30")


def test_once_is_once() -> None:
    timing = Timing(kind=Kind.once, starts_at=utc("2026-05-01T09:00"))
    assert list(fires(timing, START)) == [utc("2026-05-01T09:00")]


def test_clock_changes_are_said_in_words() -> None:
    daily = Timing(cron="30 2 * * *", zone="Europe/Berlin")
    gap, fold = next_runs(daily, utc("2026-03-28T12:00"), 1)[0], next_runs(daily, utc("2026-10-24T12:00"), 1)[0]
    assert gap.note == "The clocks go forward: 02:30 does not exist on this day, so it runs at 03:00."
    assert gap.local == "Sun 29 Mar 2026 03:00 +02:00"
    assert fold.note == "The clocks go back: 02:30 comes twice on this day; it runs the first time only."
    often = next_runs(Timing(cron="30 * * * *", zone="Europe/Berlin"), utc("2026-10-25T00:00"), 3)
    assert [bool(run.note) for run in often] == [True, True, False]
    assert "the second one" in (often[1].note or "")


@pytest.mark.parametrize("zone", ZONES)
def test_a_note_appears_only_on_days_whose_clock_changes(zone: str) -> None:
    for run in next_runs(Timing(cron="30 2 * * *", zone=zone), START, 800):
        midnight = datetime.combine(run.at.astimezone(ZoneInfo(zone)).date(), datetime.min.time(), ZoneInfo(zone))
        day = (midnight + timedelta(days=1)).astimezone(UTC) - midnight.astimezone(UTC)
        assert run.note is None or day != timedelta(days=1)


@pytest.mark.parametrize(
    ("timing", "field", "part"),
    [
        (Timing(cron="* * *"), "cron", "five fields"),
        (Timing(cron="0 0 9 * * 1"), "cron", "five fields"),
        (Timing(cron="0 25 * * *"), "cron", "hour"),
        (Timing(cron="0 9 31 2 *"), "cron", "day-of-month"),
        (Timing(cron="@daily"), "cron", "five fields"),
        (Timing(cron="0 9 * * 1", zone="Europe/Berln"), "zone", "Europe/Berln"),
        (Timing(kind=Kind.once), "starts_at", "starts_at"),
        (Timing(kind=Kind.interval, starts_at=START, every_seconds=5), "every_seconds", "60"),
        (Timing(kind=Kind.interval, starts_at=START, every_seconds=10**30), "every_seconds", "60"),
        (Timing(kind=Kind.once, starts_at=datetime.max.replace(tzinfo=UTC)), "starts_at", "9999"),
        (Timing(kind=Kind.once, starts_at=datetime.min.replace(tzinfo=UTC), zone="Asia/Tokyo"), "starts_at", "2000"),
    ],
)
def test_a_timing_that_can_never_run_is_refused_by_field(timing: Timing, field: str, part: str) -> None:
    with pytest.raises(TimingInvalid, match=part) as refused:
        check_timing(timing)
    assert refused.value.details[0]["field"] == field


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("0123456789*/-,#LWMONFRI?x", min_size=1, max_size=6), min_size=5, max_size=5))
def test_any_text_is_either_refused_or_has_a_next_run(parts: list[str]) -> None:
    timing = Timing(cron=" ".join(parts))
    try:
        check_timing(timing)
    except TimingInvalid:
        return
    assert next_fire(timing, START) is not None
    assert explain(timing)


def test_two_restricted_day_fields_are_explained_as_either() -> None:
    assert "or on Monday" in explain(Timing(cron="0 9 1,15 * 1"))


def test_local_text_shows_the_offset() -> None:
    assert local_text(utc("2026-03-30T07:00"), "Europe/Berlin") == "Mon 30 Mar 2026 09:00 +02:00"


def test_the_days_of_the_month_end_as_one_says_them() -> None:
    said = explain(Timing(cron="0 9 1,11,12,13,21,22,23,31 * *"))
    assert "the first, the 11th, the 12th, the 13th, the 21st, the 22nd, the 23rd, and the 31st day" in said
