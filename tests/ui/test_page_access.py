"""Pages that take an id from the address or from what the tab remembers show nothing that is not shared."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.deliveries.tables import DeliveryRow
from app.jobs import service as jobs
from app.reports import service as reports
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]

SECRET = "Severance"
PAGES = {"templates": "template", "reports": "report", "schedules": "schedule", "deliveries": "delivery", "jobs": "job"}


@pytest.fixture
def ann(database: str) -> Actor:
    return new_person(Role.author, "ann@example.com")


@pytest.fixture
def stan(database: str) -> Actor:
    return new_person(Role.author, "stan@example.com")


@pytest.fixture
def things(ann: Actor) -> dict[str, Any]:
    """One of each, all of them only for Ann."""
    now = clock.now()
    with transaction() as db:
        template = templates.create_template(db, ann, TemplateCreate(name=f"{SECRET} pay", share_with=[]))
        report = reports.request_report(db, ann, template.id, {})
        payload = {"template_id": str(template.id), "recipients": ["severance@example.com"]}
        new = ScheduleCreate(name=f"{SECRET} on Mondays", cron="0 8 * * 1", payload=payload, share_with=[])
        schedule = schedules.create_schedule(db, ann, new)
        job = jobs.enqueue(db, ann, "reports.generate", {}, title=f"{SECRET} again")
        row = DeliveryRow(
            occasion="x", recipient="severance@example.com", channel="outbox", policy="never_twice", state="failed",
            message_id="x", subject=f"{SECRET} pay", sender="a@example.com", schedule_name=f"{SECRET} on Mondays",
            schedule_id=schedule.id, owner_id=ann.id, fire_at=now, account_name="", created_at=now, changed_at=now,
        )  # fmt: skip
        db.add(row)
        db.flush()
        ids = {"template": template.id, "report": report.id, "schedule": schedule.id, "job": job.id}
        return {**ids, "delivery": row.id}


def words_on(at: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "button", "expander", "selectbox", "table")
    found = [
        str(getattr(each, "value", "")) + str(getattr(each, "label", "")) for kind in kinds for each in at.get(kind)
    ]
    options = [str(option) for box in at.selectbox for option in box.options]
    return " ".join([*found, *options, *(str(table.value) for table in at.dataframe)])


@pytest.mark.parametrize("page", PAGES)
def test_the_address_of_a_foreign_thing_shows_a_refusal_and_nothing_else(
    open_page: Open, things: dict[str, Any], stan: Actor, page: str
) -> None:
    at = open_page(stan, page, **{PAGES[page]: str(things[PAGES[page]])})
    assert len(errors(at)) == 1
    assert "may not see it" in errors(at)[0].replace("\\", "") or "somebody else" in errors(at)[0]
    assert SECRET not in words_on(at)
    assert "severance" not in words_on(at)


@pytest.mark.parametrize("page", ["home", *PAGES])
def test_no_list_holds_what_is_not_shared(open_page: Open, things: dict[str, Any], stan: Actor, page: str) -> None:
    at = open_page(stan, page)
    assert SECRET not in words_on(at)
    assert "severance" not in words_on(at)


@pytest.mark.parametrize("page", ["templates", "reports", "schedules"])
def test_its_owner_sees_it(open_page: Open, things: dict[str, Any], ann: Actor, page: str) -> None:
    at = open_page(ann, page, **{PAGES[page]: str(things[PAGES[page]])})
    assert errors(at) == []
    assert SECRET in words_on(at)
    assert any("not shared" in text.value for text in at.caption)


@pytest.mark.parametrize(("page", "key"), [("reports", "new_report_from"), ("schedules", "new_schedule_from")])
def test_a_form_offers_no_foreign_template_whatever_the_tab_remembers(
    open_page: Open, things: dict[str, Any], stan: Actor, page: str, key: str
) -> None:
    at = open_page(stan, page, {key: str(things["template"])}, new=str(things["template"]))
    assert [text.replace("\\", "") for text in errors(at)] == [
        f'There is no template "{things["template"]}", or you may not see it.'
    ]
    assert SECRET not in words_on(at)


@pytest.mark.parametrize("level", Level)
def test_who_may_only_look_is_offered_nothing_to_change(
    open_page: Open, things: dict[str, Any], stan: Actor, level: Level
) -> None:
    with transaction() as db:
        for kind in (Kind.template, Kind.schedule):
            sharing.grant(db, SYSTEM, kind, things[kind.value], ShareCreate(person_id=stan.id, level=level))
    template = open_page(stan, "templates", template=str(things["template"]))
    assert ("Save" in labels(template)) is (level is Level.edit)
    schedule = open_page(stan, "schedules", schedule=str(things["schedule"]))
    for label in ("Run now", "Pause", "Change"):
        assert (label in labels(schedule)) is (level is Level.edit)
    assert "Delete" not in labels(schedule)
    assert "Share" not in [*labels(template), *labels(schedule)]


def labels(at: AppTest) -> list[str]:
    assert errors(at) == []
    return [button.label for button in at.button]
