"""The form says a cron text in words, and finds the words again when the schedule is changed."""

from datetime import time

import pytest

from app.schedules.next_fire import check_timing, explain
from app.schedules.schemas import Timing
from app.ui.cron_presets import CRON, DAILY, HOURLY, LAST, MONTHLY, WEEKLY, WORKDAYS, Preset, from_cron


@pytest.mark.parametrize("name", [DAILY, WORKDAYS, WEEKLY, MONTHLY, LAST, HOURLY])
@pytest.mark.parametrize("weekday", [0, 4, 6])
def test_a_preset_survives_the_way_through_cron(name: str, weekday: int) -> None:
    cron = Preset(name, time(7, 5), weekday, 31).to_cron()
    check_timing(Timing(cron=cron))
    found = from_cron(cron)
    assert (found.name, found.to_cron()) == (name, cron)


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        (Preset(WEEKLY, time(9), 0), "At 09:00 on Monday"),
        (Preset(WEEKLY, time(9), 6), "At 09:00 on Sunday"),
        (Preset(LAST, time(16), 4), "At 16:00 on the last Friday of the month"),
        (Preset(MONTHLY, time(8), day=1), "At 08:00 on the first day of every month"),
    ],
)
def test_the_day_is_the_one_that_was_chosen(preset: Preset, words: str) -> None:
    assert explain(Timing(cron=preset.to_cron())).startswith(words)


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 9 * * 1,3", "0 9 1 1 *", "0 9 * * 7", "nonsense"])
def test_what_no_preset_can_say_stays_a_cron_expression(cron: str) -> None:
    assert (from_cron(cron).name, from_cron(cron).to_cron()) == (CRON, cron)
