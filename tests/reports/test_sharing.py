"""Reports are made as the person who asks, and seen by those who have the template."""

from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import Forbidden
from app.datasets import service as datasets
from app.jobs.schemas import RunStatus
from app.jobs.work_off import work_off
from app.reports import service as reports
from app.reports.jobs import HANDLERS
from app.reports.schemas import Report, ReportRequest
from app.reports.service import ReportNotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate
from app.templates.service import SourcesNotShared, TemplateNotFound
from tests.reports.conftest import World, person

CRISIS = {"period": {"since": "2008-01-01", "until": "2010-01-01"}}
HIDDEN = "Not shared with Ben: the dataset “economics” and the board of the block “team”."


def close(kind: Kind, thing_id: UUID) -> None:
    """From now on only its owner sees it."""
    with transaction() as db:
        sharing.forget(db, kind, thing_id)


def share(kind: Kind, thing_id: UUID, to: Actor, level: Level = Level.view) -> None:
    with transaction() as db:
        sharing.grant(db, SYSTEM, kind, thing_id, ShareCreate(person_id=to.id, level=level))


def dataset_id() -> UUID:
    with transaction() as db:
        return datasets.access_dataset(db, SYSTEM, "economics").id


@pytest.fixture
def ben(world: World) -> Actor:
    """Has the template, but neither its dataset nor its board."""
    ben = person(Role.author, "Ben")
    close(Kind.dataset, dataset_id())
    close(Kind.board, world.board_id)
    close(Kind.template, world.template.id)
    share(Kind.template, world.template.id, ben)
    return ben


def request(actor: Actor, world: World) -> Report:
    with transaction() as db:
        return reports.request_report(db, actor, world.template.id, CRISIS)


def test_a_report_is_refused_by_name_when_its_data_is_not_shared_with_who_asks(world: World, ben: Actor) -> None:
    with pytest.raises(SourcesNotShared, match=HIDDEN):
        request(ben, world)
    with pytest.raises(SourcesNotShared, match=HIDDEN), transaction() as db:
        reports.preview_template(db, ben, world.template.id, CRISIS)
    with pytest.raises(SourcesNotShared, match=HIDDEN), transaction() as db:
        reports.preview(db, ben, world.template.content, CRISIS)
    share(Kind.dataset, dataset_id(), ben)
    with pytest.raises(SourcesNotShared, match="Ben: the board of the block “team”"):
        request(ben, world)
    share(Kind.board, world.board_id, ben)
    assert request(ben, world).owner_id == ben.id


def test_data_that_is_taken_back_while_a_report_waits_is_not_in_it(world: World, ben: Actor) -> None:
    share(Kind.dataset, dataset_id(), ben)
    share(Kind.board, world.board_id, ben)
    asked = request(ben, world)
    close(Kind.dataset, dataset_id())
    work_off(HANDLERS)
    with transaction() as db:
        seen = reports.report(db, ben, asked.id)
    assert (seen.status, seen.formats) == (RunStatus.failed, [])
    assert seen.error == ("Not shared with Ben: the dataset “economics”. Ask the owner or an administrator for access.")


def test_without_the_template_there_is_no_report_of_it(world: World) -> None:
    close(Kind.template, world.template.id)
    stan = person(Role.author, "Stan")
    for name in (world.template.name, str(world.template.id)):
        with pytest.raises(TemplateNotFound), transaction() as db:
            reports.request_by_name(db, stan, ReportRequest(template=name, parameters=CRISIS))


def plain_report(owner: Actor, to: Actor, level: Level = Level.view) -> Report:
    share_with = [ShareCreate(person_id=to.id, level=level)]
    with transaction() as db:
        wanted = TemplateCreate(name=f"Plain {uuid4().hex}", share_with=share_with)
        template = templates.create_template(db, owner, wanted)
        return reports.request_report(db, owner, template.id, {})


def test_a_report_is_for_those_who_have_its_template(database: str) -> None:
    ann, ben, stan = (person(Role.author, name) for name in ("Ann", "Ben", "Stan"))
    made = plain_report(ann, ben)
    work_off(HANDLERS)
    with transaction() as db:
        assert reports.report_html(db, ben, made.id)
        assert [each.id for each in reports.reports(db, ben).items] == [made.id]
        assert reports.reports(db, stan).items == []
        for read in (reports.report, reports.report_html, reports.report_pdf, reports.report_json):
            for key in (made.id, made.job_id):
                with pytest.raises(ReportNotFound, match="or you may not see it"):
                    read(db, stan, key)
        with pytest.raises(ReportNotFound):
            reports.delete_report(db, stan, made.id)


@pytest.mark.parametrize("level", Level)
def test_only_owner_and_administrators_delete_a_report(database: str, level: Level) -> None:
    ann, ben = person(Role.author, "Ann"), person(Role.author, "Ben")
    made = plain_report(ann, ben, level)
    with transaction() as db, pytest.raises(Forbidden):
        reports.delete_report(db, ben, made.id)
    with transaction() as db:
        reports.delete_report(db, ann, made.id)
        assert db.connection().exec_driver_sql("select count(*) from shares where kind = 'report'").scalar_one() == 0
