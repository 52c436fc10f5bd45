"""From a request to the finished report, through the real ingest, queue and storage."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa

from app.core import clock, storage
from app.core.actor import Actor, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.errors import Forbidden, NotFound
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.jobs.work_off import work_off
from app.reports import service as reports
from app.reports.jobs import HANDLERS
from app.reports.schemas import KpiDone, Report
from app.reports.service import ReportNotFound, ReportNotReady
from app.reports.tables import ReportRow
from app.templates import service as templates
from app.templates.parameters import BadParameter
from app.templates.schemas import Template, TemplateChange
from tests.queries.stored import economics
from tests.reports.conftest import World, person
from tests.reports.material import BLOCKS

CRISIS = {"period": {"since": "2008-01-01", "until": "2010-01-01"}}


def request(world: World, **wanted: Any) -> Report:
    with transaction() as db:
        return reports.request_report(db, world.author, world.template.id, CRISIS, **wanted)


def finished(world: World, **wanted: Any) -> Report:
    asked = request(world, **wanted)
    work_off(HANDLERS)
    with transaction() as db:
        return reports.report(db, world.author, asked.id)


def test_a_report_carries_the_figures_of_its_data_and_where_they_come_from(world: World) -> None:
    made = finished(world)
    assert (made.status, made.error, made.formats) == (RunStatus.completed, None, ["html", "pdf", "json"])
    total = sum(n for month, _, n, _ in economics() if date(2008, 1, 1) <= month < date(2010, 1, 1))
    with transaction() as db:
        pdf = reports.report_pdf(db, world.author, made.id)
        content = reports.report_content(db, world.author, made.id)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert f"{total:,}" in text
    assert "Ship the importer" in text
    [figure] = [block for block in content.blocks if isinstance(block, KpiDone)]
    assert figure.answer.rows == [[total]]
    assert (len(figure.answer.batches), figure.answer.dataset) == (1, "economics")
    assert 'sum("unemploy")' in figure.answer.sql


def test_stored_files_are_those_that_the_row_vouches_for(world: World) -> None:
    made = finished(world)
    with transaction() as db:
        row = db.get_one(ReportRow, made.id)
        assert sha256(storage.read(str(row.html_key))).hexdigest() == row.html_sha256
        assert sha256(storage.read(str(row.pdf_key))).hexdigest() == row.pdf_sha256


def test_the_same_request_at_the_same_moment_gives_the_same_bytes(world: World) -> None:
    with clock.use(FixedClock(datetime(2026, 11, 22, 8, tzinfo=UTC))):
        first, second = finished(world), finished(world)
    with transaction() as db:
        assert reports.report_pdf(db, world.author, first.id) == reports.report_pdf(db, world.author, second.id)
        assert reports.report_html(db, world.author, first.id) == reports.report_html(db, world.author, second.id)


def test_moving_periods_are_fixed_when_a_report_is_asked_for(world: World) -> None:
    late = FixedClock(datetime(2026, 3, 31, 23, tzinfo=UTC))
    with clock.use(late), transaction() as db:
        asked = reports.request_report(db, world.author, world.template.id, {"period": "last_full_month"})
        late.at += timedelta(hours=2)
        assert asked.parameters["period"] == {"since": "2026-02-01", "until": "2026-03-01", "label": "1–28 Feb 2026"}
        assert asked.title == "Economy, 1–28 Feb 2026"


def test_a_report_uses_the_version_of_the_template_that_it_was_asked_with(world: World) -> None:
    asked = request(world)
    with transaction() as db:
        templates.change_template(db, world.author, world.template.id, TemplateChange(version=1, blocks=[]))
    work_off(HANDLERS)
    with transaction() as db:
        assert len(reports.report_content(db, world.author, asked.id).blocks) == 5


def test_a_report_with_a_failed_block_is_incomplete_and_says_so(
    world: World, make_template: Callable[..., Template]
) -> None:
    broken = make_template(world.author, [BLOCKS[2], {"kind": "table", "id": "x", "query": {"dataset": "gone"}}], "Two")
    with transaction() as db:
        asked = reports.request_report(db, world.author, broken.id, {})
    [run] = work_off(HANDLERS)
    with transaction() as db:
        made = reports.report(db, world.author, asked.id)
        html = reports.report_html(db, world.author, asked.id).decode()
    assert (made.status, made.failed_blocks, run.status) == (RunStatus.partial, 1, RunStatus.partial)
    assert made.error == "1 of 2 blocks failed."
    assert "Missing: table" in html


def test_one_key_gives_one_report(world: World) -> None:
    assert request(world, unique_key="monday").id == request(world, unique_key="monday").id
    with transaction() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ReportRow)) == 1
        assert len(jobs.list_runs(db, world.author, job="reports.generate").items) == 1


def test_deleting_a_report_deletes_its_files(world: World) -> None:
    made = finished(world)
    with transaction() as db:
        keys = db.get_one(ReportRow, made.id)
        files = [str(keys.html_key), str(keys.pdf_key)]
        reports.delete_report(db, world.author, made.id)
        assert storage.read(files[0])
    with transaction() as db, pytest.raises(ReportNotFound):
        reports.report(db, world.author, made.id)
    for file in files:
        with pytest.raises(NotFound):
            storage.read(file)


def test_a_report_deleted_while_it_waits_is_not_made(world: World) -> None:
    asked = request(world)
    with transaction() as db:
        reports.delete_report(db, world.author, asked.id)
    [run] = work_off(HANDLERS)
    assert (run.status, run.error) == (RunStatus.failed, "The report was deleted while it was being made.")


def test_an_unfinished_report_has_no_documents(world: World) -> None:
    asked = request(world)
    assert (asked.status, asked.formats) == (RunStatus.pending, [])
    with transaction() as db, pytest.raises(ReportNotReady, match="pending"):
        reports.report_pdf(db, world.author, asked.id)


def test_wrong_parameters_are_refused_at_once(world: World) -> None:
    with transaction() as db, pytest.raises(BadParameter, match='no parameter "perod"'):
        reports.request_report(db, world.author, world.template.id, {"perod": "last_full_month"})


@pytest.mark.parametrize("role", [Role.viewer, Role.member])
def test_who_may_not_write_templates_may_read_reports_only(world: World, role: Role) -> None:
    made, reader = finished(world), person(role)
    with transaction() as db:
        assert reports.report_html(db, reader, made.id)
        for forbidden in (
            lambda: reports.request_report(db, reader, world.template.id, {}),
            lambda: reports.delete_report(db, reader, made.id),
            lambda: reports.preview_template(db, reader, world.template.id, {}),
        ):
            with pytest.raises(Forbidden):
                forbidden()


def test_another_author_may_not_delete_my_report(world: World) -> None:
    made, other = finished(world), person(Role.author, "Bob")
    with transaction() as db, pytest.raises(Forbidden, match="Only the owner"):
        reports.delete_report(db, other, made.id)


def test_lists_are_searched_filtered_and_paged(world: World) -> None:
    for title in ("Alpha", "Beta 100%", "Gamma"):
        finished(world, title=title)

    def titles(actor: Actor, **wanted: Any) -> list[str]:
        with transaction() as db:
            return [found.title for found in reports.reports(db, actor, **wanted).items]

    assert titles(world.author, search="0%") == ["Beta 100%"]
    assert titles(world.author, status=RunStatus.failed) == []
    with transaction() as db:
        first = reports.reports(db, world.author, limit=2)
        rest = reports.reports(db, world.author, limit=2, cursor=first.next_cursor)
    assert [found.title for found in [*first.items, *rest.items]] == ["Gamma", "Beta 100%", "Alpha"]
    assert rest.next_cursor is None
