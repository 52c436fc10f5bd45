"""The sources of a dataset on its page: added, tried, pulled, paused, taken away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from app.jobs.work_off import work_off
from app.schedules import service as schedules
from app.sources import service as sources
from app.sources.schemas import SourceCreate
from app.sources.streams.tables import StreamRow
from app.worker import HANDLERS
from tests.access_objects import Objects, new_person
from tests.sources.conftest import put
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SOURCE_FOLDERS", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def make(name: str, folder: Path) -> None:
    new = SourceCreate(name="Incoming", kind="folder", dataset=name, settings={"folder": str(folder)})
    with transaction() as db:
        sources.create_source(db, SYSTEM, new)


def words(at: AppTest) -> str:
    return " ".join(one.value for one in [*at.markdown, *at.caption, *at.success])


def author_and_dataset() -> tuple[Actor, str]:
    author = new_person(Role.author)
    return author, Objects(author, author).name


def form_of_a_source(person, dataset):  # type: ignore[no-untyped-def]  its text runs where no type is known
    """What the dialog shows: dialogs themselves are beyond this kind of test."""
    from app.ui.source_form import new_source_form

    new_source_form(person, dataset)


def form_of_a_schedule(person, source):  # type: ignore[no-untyped-def]
    from app.ui.source_schedule import ingest_form

    ingest_form(person, None, source)


def form(script: Any, *given: Any) -> AppTest:
    return AppTest.from_function(script, default_timeout=120, args=given).run()


def test_a_source_is_tried_and_saved(database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    put(folder, "oslo.csv", "city,people\nOslo,1\n")
    at = form(form_of_a_source, author, name)
    next(one for one in at.text_input if one.label == "Folder").set_value("/etc").run()
    assert any("SOURCE" in text for text in errors(press(at, "Test")))
    next(one for one in at.text_input if one.label == "Folder").set_value(str(folder)).run()
    assert "1 file fits" in words(press(at, "Test")).replace("\\", "")
    press(at, "Save")
    with transaction() as db:
        [made] = sources.sources(db, author, dataset=name).items
    assert (made.kind, made.settings["folder"], made.owner_id) == ("folder", str(folder), author.id)


def test_what_must_be_filled_in_is_named_as_on_the_form(database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    at = form(form_of_a_source, author, name)
    at.selectbox[0].select("Attachments in a mailbox").run()
    for button in ("Test", "Save"):
        assert errors(press(at, button)) == ["Fill in: Server, User, Password."]


def test_a_header_without_its_value_is_said_to_be_left_out(database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    at = form(form_of_a_source, author, name)
    at.selectbox[0].select("Web address").run()
    next(one for one in at.text_input if one.label == "Secret header").set_value("Authorization").run()
    assert "left out" in words(at)
    next(one for one in at.text_input if one.label == "Its value").set_value("Bearer x").run()
    assert "left out" not in words(at)


def test_every_kind_has_a_form_that_shows_no_secret(database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    at = form(form_of_a_source, author, name)
    for kind in at.selectbox[0].options:
        at.selectbox[0].select(kind).run()
        assert errors(at) == []
        secret = [one for one in at.text_input if one.label in ("Password", "Secret key", "Its value")]
        assert all(one.proto.type == one.proto.PASSWORD for one in secret), kind


def test_pulled_from_the_page_it_says_what_came(open_page: Open, database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    make(name, folder)
    put(folder, "oslo.csv", "city,people\nOslo,1\n")
    put(folder, "bad.csv", "nothing\n1\n")
    at = press(open_page(author, "datasets", dataset=name, tab="Sources"), "Pull now")
    assert errors(at) == []
    work_off(HANDLERS)
    shown = words(open_page(author, "datasets", dataset=name, tab="Sources"))
    assert "1 loaded, 1 refused" in shown.replace("\\", "")


def test_paused_it_is_not_pulled_by_a_click(open_page: Open, database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    make(name, folder)
    at = press(open_page(author, "datasets", dataset=name, tab="Sources"), "Pause")
    assert next(one for one in at.button if one.label == "Pull now").disabled
    with transaction() as db:
        assert sources.sources(db, author, dataset=name).items[0].paused


def test_a_topic_that_cannot_be_read_is_not_shown_as_followed(open_page: Open, database: str) -> None:
    author, name = author_and_dataset()
    place = {"topic": "gone", "bootstrap_servers": "kafka.example.com:9092"}
    new = SourceCreate(name="Topic", kind="kafka", dataset=name, settings=place)
    with transaction() as db:
        db.add(StreamRow(source_id=sources.create_source(db, author, new).id, trouble="There is no topic gone."))
    shown = words(open_page(author, "datasets", dataset=name, tab="Sources"))
    assert ("Trouble" in shown, "Followed" in shown) == (True, False)


def test_who_may_only_look_sees_it_without_buttons(open_page: Open, database: str, folder: Path) -> None:
    _, name = author_and_dataset()
    make(name, folder)
    at = open_page(new_person(Role.viewer), "datasets", dataset=name, tab="Sources")
    labels = {one.label for one in at.button}
    assert not {"New source", "Pull now", "Change", "Reset"} & labels
    assert "Incoming" in words(at)


def test_a_schedule_pulls_a_source(open_page: Open, database: str, folder: Path) -> None:
    author, name = author_and_dataset()
    make(name, folder)
    with transaction() as db:
        [one] = sources.sources(db, author, dataset=name).items
    assert errors(press(form(form_of_a_schedule, author, one), "Save")) == []
    with transaction() as db:
        [made] = schedules.schedules(db, author).items
    assert (made.what, made.name) == ("ingest", "Pull Incoming")
    at = open_page(author, "schedules", schedule=str(made.id))
    assert f"Pulls Incoming into {name}" in words(at).replace("\\", "")
