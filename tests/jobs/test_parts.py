"""How a job reads on a page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.core import clock
from app.jobs.schemas import Run, RunStatus
from app.ui import job_parts

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def a_run(**facts: Any) -> Run:
    unset = dict.fromkeys(("person_id", "started_at", "finished_at", "error", "result"))
    usual = {"id": uuid4(), "job": "test.job", "title": "A test", "status": RunStatus.processing, "progress": 0.5}
    times = {"created_at": NOW, "run_at": NOW, "attempt": 1, "max_attempts": 3}
    return Run(**{**unset, **usual, **times, **facts})


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (65, "1 min 5 s"), (3600, "1 h"), (7322, "2 h 2 min 2 s")]
)
def test_a_span_is_said_in_the_largest_units(seconds: float, text: str) -> None:
    assert job_parts.span(seconds) == text


def test_the_time_left_is_said_only_when_it_is_known() -> None:
    assert job_parts.time_left(a_run()) == "50%"
    assert job_parts.time_left(a_run(eta_seconds=90)) == "50%, about 1 min 30 s left"
    assert job_parts.time_left(a_run(status=RunStatus.pending)) == "Waiting for a worker"


def test_a_run_for_later_says_when() -> None:
    with clock.use(clock.FixedClock(NOW)):
        later = a_run(status=RunStatus.pending, run_at=NOW + timedelta(hours=2))
        assert job_parts.start(later) == ", starts in 2 hours"
        assert job_parts.start(a_run()) == ""


def test_every_state_has_a_look_of_its_own() -> None:
    assert len({look.label for look in job_parts.LOOKS.values()}) == len(RunStatus)
