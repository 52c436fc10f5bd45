"""A private link gives a calendar program the dates of one board, as long as its person may see them."""

from collections.abc import Iterator
from datetime import date

import icalendar
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.accounts.tables import PersonRow
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.calendar.routes import routes
from app.tasks.calendar.schemas import CalendarLinkCreate
from app.tasks.calendar.tables import CalendarFeedRow
from app.tasks.schemas import Board, BoardCreate, CardChange, CardCreate
from tests.tasks.conftest import make_person

HOSTILE = "Ä, b; c\\d\nEND:VEVENT\r\nATTACH:http://evil.example " + "é" * 80


@pytest.fixture
def web(database: str) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes)) as client:
        yield client


@pytest.fixture
def person(database: str) -> Actor:
    with transaction() as db:
        return make_person(db, "Ann", Role.member)


@pytest.fixture
def board(person: Actor) -> Board:
    with transaction() as db:
        made = tasks.create_board(db, person, BoardCreate(name="Team, one"))
        return tasks.board(db, person, made.id)


def link(person: Actor, board: Board, **wishes: int) -> str:
    with transaction() as db:
        url = tasks.make_calendar_link(db, person, board.id, CalendarLinkCreate(**wishes)).url
    return url[url.index("/calendar/") :]


def add(person: Actor, board: Board, title: str, **fields: object) -> None:
    new = CardCreate.model_validate({"title": title, **fields})
    with transaction() as db:
        tasks.create_card(db, person, board.id, new)


def test_open_cards_with_dates_are_all_day_events(web: TestClient, person: Actor, board: Board) -> None:
    add(person, board, "Span", start_on=date(2026, 3, 2), due_on=date(2026, 3, 4))
    add(person, board, "Due", due_on=date(2026, 3, 9))
    add(person, board, "No date")
    add(person, board, "Done", due_on=date(2026, 3, 9), column_id=board.columns[-1].id)
    answer = web.get(link(person, board, alarm_hours=15))
    calendar = icalendar.Calendar.from_ical(answer.content)
    events = {str(event["summary"]): event for event in calendar.walk("VEVENT")}
    assert answer.headers["content-type"].startswith("text/calendar")
    assert sorted(events) == ["Due", "Span"]
    assert (events["Span"].start, events["Span"].end) == (date(2026, 3, 2), date(2026, 3, 5))
    assert "\r\nNAME:Team\\, one\r\n" in answer.text
    assert len(events["Due"].walk("VALARM")) == 1


def test_an_archived_board_is_an_empty_calendar_that_says_so(web: TestClient, person: Actor, board: Board) -> None:
    add(person, board, "Due", due_on=date(2026, 3, 9))
    address = link(person, board)
    etag = web.get(address).headers["etag"]
    with transaction() as db:
        tasks.archive_board(db, person, board.id)
    answer = web.get(address, headers={"If-None-Match": etag})
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert (answer.status_code, calendar.walk("VEVENT")) == (200, [])
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]  # at least one part, says RFC 5545
    assert "NAME:Team\\, one (archived)" in answer.text
    assert "Its dates come back" in answer.text
    with transaction() as db:
        tasks.revive_board(db, person, board.id)
    assert "Due" in web.get(address).text


def test_titles_are_escaped_and_lines_folded(web: TestClient, person: Actor, board: Board) -> None:
    add(person, board, HOSTILE, due_on=date(2026, 3, 9))
    content = web.get(link(person, board)).content
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert b"\r\nATTACH" not in content
    assert len(icalendar.Calendar.from_ical(content).walk("VEVENT")) == 1


def test_a_reader_who_has_the_newest_state_is_sent_nothing(web: TestClient, person: Actor, board: Board) -> None:
    address = link(person, board)
    add(person, board, "One", due_on=date(2026, 3, 9))
    first = web.get(address)
    again = web.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    add(person, board, "Two", due_on=date(2026, 3, 9))
    assert web.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    assert "private" in first.headers["cache-control"]


def test_the_id_of_an_event_stays_when_the_card_changes(web: TestClient, person: Actor, board: Board) -> None:
    address = link(person, board)
    with transaction() as db:
        card = tasks.create_card(db, person, board.id, CardCreate(title="One", due_on=date(2026, 3, 9)))
    before = icalendar.Calendar.from_ical(web.get(address).content).walk("VEVENT")[0]
    with transaction() as db:
        tasks.change_card(db, person, card.id, CardChange(version=card.version, due_on=date(2026, 4, 1)))
    after = icalendar.Calendar.from_ical(web.get(address).content).walk("VEVENT")[0]
    assert before["uid"] == after["uid"]
    assert after.start == date(2026, 4, 1)


def test_a_link_is_kept_as_a_hash_and_ends_with_its_renewal_or_revocation(
    web: TestClient, person: Actor, board: Board
) -> None:
    first, second = link(person, board), link(person, board)
    with transaction() as db:
        kept = db.scalars(sa.select(CalendarFeedRow.token_hash)).all()
        assert tasks.calendar_link(db, person, board.id)
    assert not [hash_ for hash_ in kept if hash_ in second]
    assert (web.get(first).status_code, web.get(second).status_code) == (404, 200)
    with transaction() as db:
        tasks.revoke_calendar_link(db, person, board.id)
    assert web.get(second).status_code == 404


def test_unknown_revoked_and_forbidden_links_get_the_same_answer(web: TestClient, board: Board) -> None:
    with transaction() as db:
        gone, shut_out = make_person(db, "Bob", Role.member), make_person(db, "Cid", Role.member)
    addresses = ["/calendar/unknown.ics", link(gone, board), link(shut_out, board), "/calendar/x/y", "/calendar/"]
    with transaction() as db:
        db.execute(sa.update(PersonRow).where(PersonRow.id == gone.id).values(is_active=False))
        sharing.forget(db, Kind.board, board.id)
    answers = [web.get(address) for address in addresses]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, "There is no such calendar.")}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_guesses_are_limited(web: TestClient, person: Actor, board: Board) -> None:
    address = link(person, board)
    codes = [web.get(f"/calendar/guess{number}.ics").status_code for number in range(40)]
    assert set(codes) == {404, 429}
    assert web.get(address).status_code == 200


def test_a_card_on_the_last_of_all_days_does_not_break_the_calendar(
    web: TestClient, person: Actor, board: Board
) -> None:
    with transaction() as db:
        tasks.create_card(db, person, board.id, CardCreate(title="For ever", due_on=date.max))
    answer = web.get(link(person, board))
    assert (answer.status_code, "DTSTART;VALUE=DATE:99991231" in answer.text) == (200, True)
