"""Every figure equals that of a replay of the log, over histories that nobody would think of."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.metrics.schemas import Metrics, MetricsQuery, Spread
from tests.tasks.metrics import oracle
from tests.tasks.metrics.histories import LANES, PEOPLE, History, Line, history, store

ZONE = "Europe/Berlin"
SINCE, UNTIL = date(2026, 3, 20), date(2026, 4, 12)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FILTERS: dict[str, tuple[dict[str, Any], Callable[[Line], bool]]] = {
    "all": ({}, lambda _: True),
    "label": ({"label": "red"}, lambda line: "red" in line.labels),
    "lane": ({"lane": LANES[0]}, lambda line: line.lane == LANES[0]),
    "no_lane": ({"lane": "none"}, lambda line: line.lane is None),
    "person": ({"assignee": UUID(PEOPLE[0][0])}, lambda line: PEOPLE[0] in line.people),
    "nobody": ({"assignee": "nobody"}, lambda line: not line.people),
    "priority": ({"priority": "high"}, lambda line: line.priority == "high"),
    "category": ({"category": "highlight"}, lambda line: line.category == "highlight"),
}
histories = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
invented = given(name=st.sampled_from(list(FILTERS)), random=st.randoms(use_true_random=False))


def measured(db: Session, made: History, **asked: Any) -> Metrics:
    with clock.use(FixedClock(NOW)):
        return tasks.board_metrics(db, SYSTEM, made.board, MetricsQuery(since=SINCE, until=UNTIL, zone=ZONE, **asked))


@histories
@invented
def test_the_flow_of_each_day_equals_a_replay(db: Session, name: str, random: Random) -> None:
    made = history(random)
    store(db, made)
    asked, fits = FILTERS[name]
    metrics = measured(db, made, **asked)
    assert [day.day for day in metrics.flow] == [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days)]
    for day in metrics.flow:
        want = oracle.flow_at(made, oracle.end_of_day(day.day, ZONE), fits)
        held = {column.id: n for column, n in zip(metrics.columns, day.columns, strict=True) if n}
        assert held | ({None: day.off_board} if day.off_board else {}) == want["columns"]
        assert (day.waiting, day.started, day.done) == tuple(want["stages"][s] for s in ("waiting", "started", "done"))
        assert (day.open_estimate, day.unestimated) == (want["estimate"], want["unestimated"])


@histories
@invented
def test_times_and_throughput_equal_a_replay(db: Session, name: str, random: Random) -> None:
    made = history(random)
    store(db, made)
    asked, fits = FILTERS[name]
    metrics = measured(db, made, **asked)
    since, end = oracle.midnight(SINCE, ZONE), oracle.midnight(UNTIL, ZONE)
    done = oracle.finished(made, since, end, fits)
    before = oracle.midnight(SINCE - timedelta(weeks=4), ZONE)
    earlier = [card for card in oracle.finished(made, before, end, fits) if card["at"] < since]
    assert same(metrics.totals.lead, [card["lead"] for card in done])
    assert same(metrics.totals.cycle, [card["cycle"] for card in done if card["cycle"] is not None])
    assert metrics.totals.not_started == sum(card["cycle"] is None for card in done)
    assert {card.card_id for card in metrics.finished} == {card["card"] for card in done}
    made_on = oracle.created(made, since, end, fits)
    for day in metrics.days:
        within = (oracle.midnight(day.day, ZONE), oracle.end_of_day(day.day, ZONE))
        assert day.created == sum(within[0] <= at < within[1] for at in made_on)
        assert day.completed == sum(within[0] <= card["at"] < within[1] for card in done)
    assert sum(week.completed for week in metrics.weeks) == metrics.totals.completed == len(done)
    assert metrics.totals.created == len(made_on)
    assert metrics.totals.completed_before == len(earlier)


@histories
@invented
def test_ages_loads_and_stays_equal_a_replay(db: Session, name: str, random: Random) -> None:
    made = history(random)
    store(db, made)
    asked, fits = FILTERS[name]
    metrics = measured(db, made, **asked)
    since, end = oracle.midnight(SINCE, ZONE), oracle.midnight(UNTIL, ZONE)
    ages = oracle.ageing(made, end, fits)
    assert {card.card_id: round(card.age_days, 6) for card in metrics.ageing} == {
        card: round(age, 6) for card, age in ages.items()
    }
    most = metrics.totals.cycle.p85
    assert metrics.late_cards == sum(most is not None and round(age - most, 6) > 0 for age in ages.values())
    loads = {each.name: [each.open, each.estimate, each.overdue, each.completed] for each in metrics.workload}
    assert loads == oracle.workload(made, since, end, UNTIL, fits)
    stays = oracle.stays(oracle.finished(made, since, end, fits))
    assert {stay.column_id for stay in metrics.stays} == set(stays)
    assert all(same(stay.time, stays[stay.column_id]) for stay in metrics.stays)


def same(found: Spread, seconds: list[float]) -> bool:
    shares = [(found.p50, 0.5), (found.p85, 0.85), (found.p95, 0.95)]
    wanted = [(p, oracle.days_of(seconds, share)) for p, share in shares]
    return found.cards == len(seconds) and all(
        got == want or (got is not None and want is not None and abs(got - want) < 1e-6) for got, want in wanted
    )
