"""Telling, reading and choosing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.notices import service as notices
from app.notices.schemas import MailMode, NoticeKind, NoticeSettingsChange
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.schemas import BoardLine
from app.tasks.tables import BoardRow
from tests.notices.conftest import about, subjects, tell
from tests.tasks.conftest import make_person

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_one_thing_is_told_to_each_person_once(db: Session, ann: Actor, bob: Actor) -> None:
    assert tell(db, ann, key="card 1") == 1
    assert tell(db, ann, bob, bob, key="card 1") == 1, "Ann knows already, Bob is named twice"
    assert subjects(db, ann) == subjects(db, bob) == ["News card 1"]


def test_unread_ones_come_first_and_newest_first_over_pages(db: Session, ann: Actor) -> None:
    now = clock.FixedClock(MONDAY)
    with clock.use(now):
        for number in range(5):
            now.at += timedelta(minutes=1)
            tell(db, ann, key=str(number))
    newest = notices.notices(db, ann).items[0]
    notices.mark_read(db, ann, newest.id)
    first = notices.notices(db, ann, limit=3)
    rest = notices.notices(db, ann, limit=3, cursor=first.next_cursor)
    assert [one.subject[-1] for one in first.items] == ["3", "2", "1"]
    assert [one.subject[-1] for one in rest.items] == ["0", "4"]
    assert rest.next_cursor is None
    assert notices.unread_count(db, ann).unread == 4


def test_what_is_read_stays_read_at_its_first_time(db: Session, ann: Actor, bob: Actor) -> None:
    tell(db, ann, bob)
    notice = notices.notices(db, ann).items[0]
    once = notices.mark_read(db, ann, notice.id).read_at
    assert notices.mark_read(db, ann, notice.id).read_at == once
    with pytest.raises(notices.NoticeNotFound):
        notices.mark_read(db, bob, notice.id)
    assert notices.unread_count(db, bob).unread == 1


def test_all_are_marked_at_once_and_only_ones_own(db: Session, ann: Actor, bob: Actor) -> None:
    for key in "abc":
        tell(db, ann, bob, key=key)
    assert notices.mark_all_read(db, ann) == 3
    assert notices.mark_all_read(db, ann) == 0
    assert subjects(db, ann, unread=True) == []
    assert len(subjects(db, bob, unread=True)) == 3


def test_the_count_stops_at_ninety_nine(db: Session, ann: Actor) -> None:
    for number in range(99):
        tell(db, ann, key=str(number))
    assert notices.unread_count(db, ann).model_dump() == {"unread": 99, "more": False}
    tell(db, ann, key="one more")
    assert notices.unread_count(db, ann).model_dump() == {"unread": 99, "more": True}


def test_a_muted_kind_is_not_told_until_it_is_wanted_again(db: Session, ann: Actor, bob: Actor) -> None:
    notices.change_settings(db, ann, NoticeSettingsChange(muted=[NoticeKind.stale, NoticeKind.stale]))
    assert notices.notice_settings(db, ann).muted == [NoticeKind.stale]
    assert tell(db, ann, bob, key="old", kind=NoticeKind.stale) == 1, "Bob only"
    assert tell(db, ann, key="other kind") == 1
    notices.change_settings(db, ann, NoticeSettingsChange(muted=[]))
    assert tell(db, ann, key="old", kind=NoticeKind.stale) == 1


def test_a_change_of_settings_keeps_the_others(db: Session, ann: Actor) -> None:
    notices.change_settings(db, ann, NoticeSettingsChange(mail=MailMode.daily, hour=7, zone="Europe/Berlin"))
    notices.change_settings(db, ann, NoticeSettingsChange(muted=[NoticeKind.overdue]))
    found = notices.notice_settings(db, ann)
    assert (found.mail, found.hour, found.zone) == (MailMode.daily, 7, "Europe/Berlin")


def test_whoever_loses_sight_of_a_board_loses_sight_of_what_was_told_about_it(
    db: Session, ann: Actor, bob: Actor, board: BoardLine
) -> None:
    admin = make_person(db, "Root", Role.admin)
    tell(db, ann, bob, admin, key="card", about=about(board))
    tell(db, bob, key="free")
    seen = notices.notices(db, bob, unread=True).items
    for share in sharing.shares(db, ann, Kind.board, board.id):
        sharing.revoke(db, ann, share.id)
    assert subjects(db, bob) == ["News free"]
    assert notices.unread_count(db, bob).unread == 1
    with pytest.raises(notices.NoticeNotFound):
        notices.mark_read(db, bob, next(one.id for one in seen if one.about))
    assert subjects(db, ann) == subjects(db, admin) == ["News card"]


def test_old_notices_and_those_of_a_deleted_board_go(db: Session, ann: Actor, board: BoardLine) -> None:
    now = clock.FixedClock(MONDAY)
    with clock.use(now):
        tell(db, ann, key="old")
        now.at += timedelta(days=notices.KEEP_DAYS, seconds=-1)
        tell(db, ann, key="new", about=about(board))
        assert notices.delete_old(db) == 0
        now.at += timedelta(seconds=2)
        assert notices.delete_old(db) == 1
        assert subjects(db, ann) == ["News new"]
        tell(db, ann, key="gone", about=about(board.model_copy(update={"id": ann.id})))
        assert notices.delete_old(db) == 1
    assert db.get(BoardRow, board.id)


def test_what_is_told_of_something_that_goes_is_taken_back(db: Session, ann: Actor, bob: Actor) -> None:
    tell(db, ann, bob, key="card 1", item_id=bob.id)
    tell(db, ann, key="comment 7", item_id=bob.id)
    tell(db, ann, key="card 2", item_id=ann.id)
    notices.take_back(db, key="comment 7")
    assert sorted(subjects(db, ann)) == ["News card 1", "News card 2"]
    assert bob.id
    notices.take_back(db, item_ids=[bob.id])
    assert (subjects(db, ann), subjects(db, bob)) == (["News card 2"], [])


def test_long_texts_are_cut(db: Session, ann: Actor) -> None:
    tell(db, ann, subject="s" * 1000, text="t" * 1000)
    notice = notices.notices(db, ann).items[0]
    assert (len(notice.subject), len(notice.text), notice.text[-1]) == (300, 500, "…")
