"""The sample workspace is made by the ordinary services and passes the whole way, from rows to a delivered report."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from app import sample
from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import Forbidden
from app.datasets import service as datasets
from app.deliveries import service as deliveries
from app.deliveries.schemas import DeliveryFilter
from app.jobs.work_off import work_off
from app.reports import service as reports
from app.schedules import service as schedules
from app.tasks import service as tasks
from app.worker import HANDLERS


def founder(role: Role = Role.admin) -> Actor:
    with transaction() as db:
        person = accounts.create_person(
            db,
            SYSTEM,
            PersonCreate(
                name="Ann", email=f"{role}@example.com", password=SecretStr("correct horse battery"), role=role
            ),
        )
        return accounts.actor_of(db, person.id)


def loaded() -> Actor:
    ann = founder()
    with transaction() as db:
        sample.load(db, ann)
    work_off(HANDLERS)
    return ann


def test_the_sample_holds_good_rows_and_honest_mistakes(database: str) -> None:
    ann = loaded()
    with transaction() as db:
        figures = {one.name: datasets.summary(db, ann, dataset=one.name) for one in datasets.datasets(db, ann)}
    for summary in figures.values():
        assert summary.rows_in == summary.rows_valid + summary.rows_rejected
        assert summary.success_rate is not None
        assert 0.95 < summary.success_rate < 0.99
    assert set(figures) == {"sample_sales", "sample_tickets"}


def test_the_board_has_a_past_that_its_summary_shows(database: str) -> None:
    ann = loaded()
    with transaction() as db:
        board = tasks.boards(db, ann)[0]
        now = clock.now()
        week = tasks.board_summary(db, ann, board.id, now - timedelta(days=7), now)
        past = tasks.board_summary(db, ann, board.id, now - timedelta(days=30), now - timedelta(days=20))
    assert (week.done, week.overdue) == (3, 2)
    assert past.done == 3


def test_the_sample_schedule_delivers_a_report_to_the_outbox(database: str) -> None:
    ann = loaded()
    with transaction() as db:
        schedules.run_now(db, ann, schedules.schedules(db, ann).items[0].id)
    work_off(HANDLERS)
    with transaction() as db:
        report = reports.reports(db, ann).items[0]
        rows = deliveries.deliveries(db, ann, DeliveryFilter()).items
    assert report.status == "completed"
    assert [(row.recipient, row.state, row.report_id) for row in rows] == [(ann.email, "sent", report.id)]


def test_it_is_loaded_once_and_by_administrators_only(database: str) -> None:
    ann = loaded()
    with transaction() as db, pytest.raises(sample.SampleExists):
        sample.load(db, ann)
    author = founder(Role.author)
    with transaction() as db, pytest.raises(Forbidden):
        sample.load(db, author)
