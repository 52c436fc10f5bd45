"""When a mail comes due, also on the days when clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices.occasion import occasion
from app.notices.schemas import MailMode

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


@pytest.mark.parametrize(
    ("hour", "now", "key", "until"),
    [
        (8, "2026-03-02T06:59:59", "daily:2026-03-01", "2026-03-01T07:00:00"),
        (8, "2026-03-02T07:00:00", "daily:2026-03-02", "2026-03-02T07:00:00"),
        (2, "2026-03-29T00:59:59", "daily:2026-03-28", "2026-03-28T01:00:00"),  # 2:00 is left out
        (2, "2026-03-29T01:00:00", "daily:2026-03-29", "2026-03-29T01:00:00"),
        (2, "2026-10-25T00:00:00", "daily:2026-10-25", "2026-10-25T00:00:00"),  # 2:00 comes twice
        (2, "2026-10-25T01:30:00", "daily:2026-10-25", "2026-10-25T00:00:00"),
    ],
)
def test_the_daily_mail_comes_at_the_hour_of_its_zone(hour: int, now: str, key: str, until: str) -> None:
    found = occasion(MailMode.daily, hour, "Europe/Berlin", datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (key, datetime.fromisoformat(until).replace(tzinfo=UTC))


@given(
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.integers(0, 350 * 24 * 60),
    st.sampled_from([MailMode.daily, MailMode.hourly]),
)
def test_a_later_look_never_finds_an_earlier_mail(zone: str, hour: int, minute: int, mail: MailMode) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    moments = [start + timedelta(minutes=20 * step) for step in range(220)]
    found = [occasion(mail, hour, zone, moment) for moment in moments]
    assert all(one.until <= moment for one, moment in zip(found, moments, strict=True))
    assert found == sorted(found, key=lambda one: one.until)
    keys = list(dict.fromkeys(one.key for one in found))
    assert keys == sorted(keys)
    assert len(keys) in ({3, 4, 5} if mail is MailMode.daily else {74, 75})
