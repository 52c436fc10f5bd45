"""Notices on the pages: what is new, following it, and the settings."""

import pytest

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.notices import service as notices
from app.notices.schemas import About, MailMode, NoticeKind, NoticeSettingsChange
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, BoardLine
from app.ui.page import plain
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]


@pytest.fixture
def ann(database: str) -> Actor:
    return new_person(Role.member)


@pytest.fixture
def board(ann: Actor) -> BoardLine:
    with transaction() as db:
        return tasks.create_board(db, ann, BoardCreate(name="Team *one*"))


def tell(person: Actor, board: BoardLine, count: int) -> None:
    about, link = About(Kind.board, board.id, board.name), f"/board?board={board.id}"
    assert person.id
    with transaction() as db:
        for number in range(count):
            subject = f"News [{number}](http://evil)"
            kind, key = NoticeKind.assigned, f"key {number}"
            notices.tell(db, [person.id], kind, key=key, subject=subject, text="**", link=link, about=about)


def unread(person: Actor) -> int:
    with transaction() as db:
        return notices.unread_count(db, person).unread


def test_home_shows_what_is_new_and_to_follow_it_is_to_have_read_it(
    open_page: Open, ann: Actor, board: BoardLine
) -> None:
    tell(ann, board, 7)
    at = open_page(ann, "home")
    assert errors(at) == []
    news = [button for button in at.button if "News" in button.label]
    assert [one.label for one in news] == [
        f"**{plain(f'News [{number}](http://evil)')}**" for number in (6, 5, 4, 3, 2)
    ]
    at = news[0].click().run()
    assert errors(at) == []
    assert at.query_params["board"] in (str(board.id), [str(board.id)])
    assert unread(ann) == 6


def test_home_says_nothing_when_there_is_nothing(open_page: Open, ann: Actor) -> None:
    at = open_page(ann, "home")
    assert "New for me" not in [one.value for one in at.header]


def test_settings_persist_and_act(open_page: Open, ann: Actor, board: BoardLine) -> None:
    at = open_page(ann, "settings", tab="Notices")
    assert errors(at) == []
    at.checkbox[0].uncheck()
    at.radio[0].set_value(MailMode.daily)
    at.selectbox[0].set_value(6)
    at.selectbox[1].set_value("Asia/Kathmandu")
    at = press(at, "Save notices")
    assert errors(at) == []
    with transaction() as db:
        found = notices.notice_settings(db, ann)
    assert (found.mail, found.hour, found.zone) == (MailMode.daily, 6, "Asia/Kathmandu")
    assert found.muted == [NoticeKind.assigned]
    tell(ann, board, 1)
    assert unread(ann) == 0
    at = open_page(ann, "settings", tab="Notices")
    assert (at.checkbox[0].value, at.radio[0].value, at.selectbox[1].value) == (False, "daily", "Asia/Kathmandu")


def test_every_page_counts_what_is_unread_in_the_bell(open_page: Open, ann: Actor, board: BoardLine) -> None:
    tell(ann, board, 3)
    with transaction() as db:
        notices.change_settings(db, ann, NoticeSettingsChange(mail=MailMode.hourly))
    for name in ("datasets", "settings"):
        at = open_page(ann, name)
        assert [each.proto.popover.label for each in at.get("popover")] == ["Notices (3)"]
