"""Who may do what with a source, what is kept of it, and schedules that pull it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from app.core import secrets
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.datasets import service as datasets
from app.schedules import service as schedules
from app.schedules.schemas import Schedule, ScheduleCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.sources import service as sources
from app.sources import vault
from app.sources.connectors.s3 import S3Settings
from app.sources.schemas import SourceChange
from tests.sources.conftest import dataset, load_all, person, pull, put, source, states

OSLO = "city,people\nOslo,700000\n"
STORE: dict[str, Any] = {
    "endpoint": "https://s3.example.com",
    "bucket": "box",
    "access_key": "AKIDEXAMPLE",
    "secret_key": "a-very-secret-key",
}
WITHOUT = {name: value for name, value in STORE.items() if name != "secret_key"}
NOON = datetime(2100, 1, 4, 12, tzinfo=UTC)


def change(source_id: Any, actor: Actor = SYSTEM, **given: Any) -> Any:
    with transaction() as db:
        given.setdefault("version", sources.source(db, SYSTEM, source_id).version)
        return sources.change_source(db, actor, source_id, SourceChange(**given))


def every_day(source_id: Any, actor: Actor = SYSTEM) -> Schedule:
    new = ScheduleCreate(name="Daily", what="ingest", cron="0 6 * * *", payload={"source_id": str(source_id)})
    with transaction() as db:
        return schedules.create_schedule(db, actor, new)


def test_a_viewer_sees_it_an_author_with_edit_changes_it_and_nobody_else_does(database: str) -> None:
    owner, author, viewer, stranger = person(), person(), person(Role.viewer), person()
    dataset(owner)
    one = source("s3", STORE, owner=owner)
    with transaction() as db:
        thing = datasets.dataset_by_name(db, SYSTEM, "cities").id
        sharing.forget(db, Kind.dataset, thing)
        for who, level in ((author, Level.edit), (viewer, Level.view)):
            sharing.grant(db, SYSTEM, Kind.dataset, thing, ShareCreate(person_id=who.id, level=level))
    with transaction() as db:
        seen = sources.source(db, viewer, one.id)
        assert "secret" not in str(seen.settings)
        assert sources.sources(db, stranger).items == []
    change(one.id, author, max_items=7)
    for who, refusal in ((viewer, Forbidden), (stranger, NotFound)):
        with pytest.raises(refusal):
            change(one.id, who, max_items=8)
        with transaction() as db, pytest.raises(refusal):
            sources.delete_source(db, who, one.id)


def test_secrets_stay_unless_they_would_be_shown_to_somebody_else(database: str) -> None:
    dataset()
    one = source("s3", STORE)
    assert change(one.id, settings={**WITHOUT, "prefix": "in/"}).secrets == ["secret_key"]
    for moved in ({"endpoint": "https://evil.example.com"}, {"bucket": "other"}, {"access_key": "AKIDOTHER"}):
        with pytest.raises(vault.SecretNeeded):
            change(one.id, settings={**WITHOUT, **moved})
    assert change(one.id, settings={**STORE, "bucket": "other"}).settings["bucket"] == "other"


def test_secrets_are_sealed_one_by_one_and_a_lost_key_is_said(database: str) -> None:
    dataset()
    one = source("s3", STORE)
    with transaction() as db:
        kept = db.scalar(sa.text("select secrets from sources"))
        assert secrets.decrypt(kept["secret_key"]) == "a-very-secret-key"
        db.execute(sa.text('update sources set secrets = \'{"secret_key": "00000000:gAAAAbroken"}\''))
    with transaction() as db:
        assert sources.source(db, SYSTEM, one.id).unreadable == ["secret_key"]
        assert "Enter it again" in sources.check_source(db, SYSTEM, one.id).message


def test_no_message_repeats_a_secret() -> None:
    settings = S3Settings(**{**STORE, "secret_key": SecretStr("a-very-secret-key")})
    assert "very-secret" not in vault.scrubbed("could not sign in with a-very-secret-key", settings)
    with pytest.raises(Invalid) as refused:
        vault.checked(S3Settings, {**STORE, "bucket": "Not A Bucket", "secret_key": ["a-very-secret-key"]})
    assert "very-secret" not in f"{refused.value.message}{refused.value.details}"


def test_an_old_version_and_a_taken_name_are_refused(database: str) -> None:
    dataset()
    one = source("s3", STORE)
    source("s3", STORE, name="second")
    with pytest.raises(sources.SourceChanged):
        change(one.id, version=9, max_items=3)
    with pytest.raises(Conflict, match="name exists"):
        change(one.id, name="second")
    with pytest.raises(Invalid, match="no kind of source"):
        source("carrier pigeon", {})


def test_a_schedule_pulls_it_once_for_each_moment(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)})
    made = every_day(one.id)
    with transaction() as db:
        schedules.tick(db, NOON)
    with transaction() as db:
        assert schedules.tick(db, NOON) == 0
    load_all()
    assert states(one.id) == {"oslo.csv": "taken"}
    with transaction() as db:
        [fire] = schedules.fire_history(db, SYSTEM, made.id).items
        [visit] = sources.pulls(db, SYSTEM, one.id).items
    assert (visit.run_id, visit.taken, visit.rows_in, fire.error) == (fire.run_id, 1, 1, None)


def test_the_history_of_a_schedule_says_why_a_pull_failed(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder)})
    made = every_day(one.id)
    inbox_folder.rmdir()
    with transaction() as db:
        schedules.run_now(db, SYSTEM, made.id)
    load_all()
    with transaction() as db:
        [fire] = schedules.fire_history(db, SYSTEM, made.id).items
    assert "cannot be read" in (fire.error or "")


def test_only_who_may_change_a_source_may_schedule_it(database: str) -> None:
    owner, stranger = person(), person()
    dataset(owner)
    one = source("s3", STORE, owner=owner)
    with transaction() as db:
        sharing.forget(db, Kind.dataset, datasets.dataset_by_name(db, SYSTEM, "cities").id)
    with pytest.raises(Invalid, match="no source"):
        every_day(one.id, stranger)
    every_day(one.id, owner)


def test_its_schedules_go_with_it_and_what_it_brought_stays(database: str, inbox_folder: Path) -> None:
    dataset()
    put(inbox_folder, "oslo.csv", OSLO)
    one = source("folder", {"folder": str(inbox_folder)})
    made = every_day(one.id)
    pull(one.id)
    with transaction() as db:
        sources.delete_source(db, SYSTEM, one.id)
        assert len(datasets.batches(db, SYSTEM, "cities").items) == 1
    with transaction() as db, pytest.raises(NotFound):
        schedules.schedule(db, SYSTEM, made.id)


def test_a_second_click_is_the_same_pull(database: str, inbox_folder: Path) -> None:
    dataset()
    one = source("folder", {"folder": str(inbox_folder)})
    with transaction() as db:
        first, second = (sources.pull_now(db, SYSTEM, one.id).job_id for _ in range(2))
    load_all()
    with transaction() as db:
        third = sources.pull_now(db, SYSTEM, one.id).job_id
    assert (first == second, first == third) == (True, False)


def test_each_kind_says_which_fields_it_has() -> None:
    for kind in sources.KINDS:
        fields = sources.fields_of(kind)
        assert fields
        assert not [one for one in fields if one.shape == "other"] or kind == "query"
    assert {one.name: one.shape for one in sources.fields_of("s3")}["secret_key"] == "secret"
