"""Days of a zone: they begin when the clocks there say so, also when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.metrics.schemas import MetricsQuery
from app.tasks.metrics.window import window_of
from app.tasks.schemas import Board
from tests.tasks.conftest import add, column, move

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def ask(since: date, until: date, zone: str = "Europe/Berlin") -> MetricsQuery:
    return MetricsQuery(since=since, until=until, zone=zone)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)])
def test_a_day_is_as_long_as_its_zone_makes_it(day: date, hours: int) -> None:
    edges = window_of(ask(day, day + timedelta(days=1)), "UTC", datetime(2026, 12, 1, tzinfo=UTC)).edges
    assert edges[1] - edges[0] == timedelta(hours=hours)


def test_a_card_done_around_midnight_of_the_long_day_counts_on_the_right_one(
    db: Session, ann: Actor, board: Board
) -> None:
    done = column(board, "Completed")
    for hour, minute in ((23, 59), (0, 0), (0, 1)):  # of the 29th or 30th of March, the day after the short night
        at = datetime(2026, 3, 29 if hour else 30, hour, minute, tzinfo=BERLIN)
        with clock.use(FixedClock(at.astimezone(UTC))):
            move(db, ann, add(db, ann, board, f"{hour}:{minute}")[0], done)
    with clock.use(FixedClock(NOW)):
        here = tasks.board_metrics(db, ann, board.id, ask(date(2026, 3, 29), date(2026, 3, 31)))
        there = tasks.board_metrics(db, ann, board.id, ask(date(2026, 3, 29), date(2026, 3, 31), "America/New_York"))
    assert [day.completed for day in here.days] == [1, 2]
    assert [day.completed for day in there.days] == [3, 0]


def test_days_that_have_not_begun_are_left_out(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(FixedClock(NOW)):
        query = MetricsQuery(since=date(2026, 5, 31), until=date(2026, 7, 1), zone="UTC", target=date(2026, 6, 9))
        metrics = tasks.board_metrics(db, ann, board.id, query)
    assert [day.day for day in metrics.flow] == [date(2026, 5, 31), date(2026, 6, 1)]
    assert metrics.as_of == NOW


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (MetricsQuery(since=date(2026, 5, 2), until=date(2026, 5, 2)), "not after since"),
        (MetricsQuery(since=date(2026, 6, 3)), "has not come yet|not after since"),
        (MetricsQuery(since=date(2026, 7, 1), until=date(2026, 8, 1)), "has not come yet"),
        (MetricsQuery(since=date(2020, 1, 1)), "too many, at most 1,100"),
        (MetricsQuery(zone="Europe/Atlantis"), "no time zone"),
        (MetricsQuery(until=date.min), "from 1971 to 2199"),
        (MetricsQuery(since=date(2026, 5, 1), until=date.max), "from 1971 to 2199"),
    ],
)
def test_an_impossible_window_is_refused(query: MetricsQuery, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        window_of(query, "UTC", NOW)


def test_a_day_that_a_zone_left_out_is_empty_and_harms_nothing() -> None:
    window = window_of(ask(date(2011, 12, 29), date(2012, 1, 1), "Pacific/Apia"), "UTC", NOW)
    assert window.edges == sorted(window.edges)
    assert window.edges[1] == window.edges[2]
