"""Attempts in the calling process: states, retries, fencing, progress."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.errors import Invalid
from app.jobs import service as jobs
from app.jobs.claim import RunLost, claim
from app.jobs.context import JobContext
from app.jobs.schemas import Run, RunStatus
from app.jobs.work_off import run_inline, work_off

START = datetime(2026, 5, 1, 8, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


def enqueue(job: str = "test.job", **options: Any) -> uuid.UUID:
    with db.transaction() as session:
        return jobs.enqueue(session, SYSTEM, job, {"n": 1}, title="A test", **options).id


def read(run_id: uuid.UUID) -> Run:
    with db.transaction() as session:
        return jobs.run(session, SYSTEM, run_id)


def test_a_handler_gets_its_arguments_and_its_value_is_the_result() -> None:
    def handler(ctx: JobContext) -> dict[str, Any]:
        return {"doubled": ctx.args["n"] * 2, "who": ctx.actor.name, "run": ctx.run_id}

    run = run_inline(run_id := enqueue(), {"test.job": handler})
    assert (run.status, run.progress) == (RunStatus.completed, 1)
    assert run.result == {"doubled": 2, "who": "AutoReport", "run": str(run_id)}
    assert [step.message for step in run.steps] == ["Waiting for a worker", "Started", "Completed"]


def test_a_refusal_is_shown_as_it_is_and_not_tried_again() -> None:
    def handler(_: JobContext) -> None:
        raise Invalid("Column price is missing.")

    run = run_inline(enqueue(), {"test.job": handler})
    assert (run.status, run.error, run.attempt) == (RunStatus.failed, "Column price is missing.", 1)


def test_a_defect_is_tried_again_after_growing_pauses_and_can_succeed() -> None:
    attempts: list[int] = []

    def handler(ctx: JobContext) -> None:
        attempts.append(ctx.attempt)
        if ctx.attempt < 3:
            raise ZeroDivisionError("secret detail")

    with clock.use(clock.FixedClock(START)) as now:
        run_id = enqueue()
        for pause, expected in ((0, 1), (4, 1), (1, 2), (14, 2), (1, 3)):
            now.at += timedelta(seconds=pause)
            work_off({"test.job": handler})
            assert len(attempts) == expected
    assert read(run_id).status == RunStatus.completed
    assert attempts == [1, 2, 3]


def test_the_last_failure_hides_its_cause_behind_a_number() -> None:
    def handler(_: JobContext) -> None:
        raise ZeroDivisionError("secret detail")

    run = run_inline(enqueue(max_attempts=1), {"test.job": handler})
    assert run.status == RunStatus.failed
    assert run.error_id in run.error
    assert "secret" not in run.error + "".join(step.message for step in run.steps)
    assert "ZeroDivisionError: secret detail" in run.traceback


def test_partial_work_says_why() -> None:
    def handler(ctx: JobContext) -> dict[str, Any]:
        ctx.partial("2 of 5 recipients failed")
        return {"sent": 3}

    run = run_inline(enqueue(), {"test.job": handler})
    assert (run.status, run.error, run.result) == (RunStatus.partial, "2 of 5 recipients failed", {"sent": 3})


def test_progress_never_falls_and_stays_where_it_failed() -> None:
    def handler(ctx: JobContext) -> None:
        for progress in (0.25, 0.75, 0.5, -1, 0.6):
            ctx.step("Working", progress)
        raise Invalid("No more.")

    run = run_inline(enqueue(), {"test.job": handler})
    shown = [step.progress for step in run.steps]
    assert shown == sorted(shown)
    assert run.progress == 0.75


def test_what_an_attempt_writes_after_it_lost_its_run_is_rolled_back() -> None:
    def handler(ctx: JobContext) -> None:
        with ctx.transaction() as session:
            take_over(ctx.run_id)
            session.execute(sa.text("create table written_late (at int)"))

    run = run_inline(enqueue(), {"test.job": handler})
    assert (run.status, run.attempt) == (RunStatus.processing, 2)
    with db.transaction() as session:
        assert session.execute(sa.text("select to_regclass('written_late')")).scalar() is None


def take_over(run_id: uuid.UUID) -> None:
    with db.transaction() as session:
        session.execute(sa.text("update runs set status = 'pending', heartbeat_at = null"))
        assert claim(session, run_id) is not None


def test_a_step_of_a_lost_run_stops_the_handler() -> None:
    seen: list[str] = []

    def handler(ctx: JobContext) -> None:
        take_over(ctx.run_id)
        with pytest.raises(RunLost):
            ctx.step("Still here", 0.5)
        seen.append("stopped")

    run = run_inline(enqueue(), {"test.job": handler})
    assert seen == ["stopped"]
    assert (run.status, run.attempt, run.progress) == (RunStatus.processing, 2, 0)


def test_the_time_left_follows_the_speed_so_far() -> None:
    estimates: list[float | None] = []

    def handler(ctx: JobContext) -> None:
        estimates.append(read(ctx.run_id).eta_seconds)
        now.at += timedelta(seconds=10)
        ctx.step("A quarter", 0.25)
        estimates.append(read(ctx.run_id).eta_seconds)
        now.at += timedelta(seconds=6)
        estimates.append(read(ctx.run_id).eta_seconds)

    with clock.use(clock.FixedClock(START)) as now:
        run_inline(enqueue(), {"test.job": handler})
    assert estimates == [None, 30, 24]


def test_a_run_cancelled_meanwhile_ends_cancelled_at_its_next_step() -> None:
    def handler(ctx: JobContext) -> None:
        with db.transaction() as session:
            jobs.cancel_run(session, SYSTEM, ctx.run_id)
        ctx.step("Never reached", 0.5)

    run = run_inline(enqueue(), {"test.job": handler})
    assert (run.status, run.progress) == (RunStatus.cancelled, 0)


def test_due_runs_are_worked_off_by_priority_and_future_ones_wait() -> None:
    order: list[uuid.UUID] = []
    with clock.use(clock.FixedClock(START)):
        later = enqueue(run_at=START + timedelta(minutes=1))
        low, high = enqueue(), enqueue(priority=5)
        work_off({"test.job": lambda ctx: order.append(ctx.run_id)})
    assert order == [high, low]
    assert read(later).status == RunStatus.pending


def test_an_unknown_job_fails_with_its_name() -> None:
    run = run_inline(enqueue("test.gone"), {})
    assert (run.status, run.error) == (RunStatus.failed, "This installation knows no job named test.gone.")


def test_a_result_or_a_refusal_that_quotes_strange_data_is_kept_as_far_as_possible() -> None:
    run = run_inline(enqueue(), {"test.job": lambda _: {"text": "a\x00b", "share": float("nan"), "n": 1}})
    assert (run.status, run.result) == (RunStatus.completed, {"text": "a\ufffdb", "share": None, "n": 1})

    def refuse(_: JobContext) -> None:
        raise Invalid("The value 'a\x00b' is not a number.")

    assert run_inline(enqueue(), {"test.job": refuse}).error == "The value 'a\ufffdb' is not a number."
