"""What people write about a card: comments, and notes of how the work went."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.clock import FixedClock
from app.core.errors import Forbidden, Invalid
from app.tasks import service as tasks
from app.tasks.details import comments as comments_module
from app.tasks.details.schemas import CommentChange, CommentCreate, NoteChange, NoteCreate
from app.tasks.schemas import Board, Card
from tests.tasks.conftest import MONDAY, add, make_person


@pytest.fixture
def now() -> Iterator[FixedClock]:
    fixed = FixedClock(MONDAY)
    with clock.use(fixed):
        yield fixed


@pytest.fixture
def card(db: Session, ann: Actor, board: Board) -> Card:
    return add(db, ann, board, "Crane")[0]


def say(db: Session, actor: Actor, card: Card, *texts: str) -> None:
    for text in texts:
        tasks.write_comment(db, actor, card.id, CommentCreate(text=text))


def test_comments_come_in_pages_the_newest_last(db: Session, ann: Actor, bob: Actor, card: Card) -> None:
    say(db, ann, card, "one", "two")
    say(db, bob, card, "three")
    first = tasks.comments(db, ann, card.id, limit=2)
    rest = tasks.comments(db, ann, card.id, limit=2, cursor=first.next_cursor)
    assert [(one.author, one.text) for one in [*first.items, *rest.items]] == [
        ("Ann", "one"), ("Ann", "two"), ("Bob", "three")]  # fmt: skip
    latest = tasks.comments(db, ann, card.id, limit=1, newest_first=True).items
    assert [one.text for one in latest] == ["three"]


def test_a_comment_is_edited_by_who_wrote_it_only_and_says_so(db: Session, ann: Actor, bob: Actor, card: Card) -> None:
    written = tasks.write_comment(db, bob, card.id, CommentCreate(text="Tomorow"))
    assert written.edited_at is None
    edited = tasks.edit_comment(db, bob, card.id, written.id, CommentChange(text="Tomorrow"))
    assert (edited.text, edited.edited_at is not None) == ("Tomorrow", True)
    for other in (ann, make_person(db, "Ada", Role.admin), SYSTEM):
        with pytest.raises(Forbidden, match="Only who wrote this comment"):
            tasks.edit_comment(db, other, card.id, written.id, CommentChange(text="Never"))


def test_a_comment_is_deleted_by_its_author_the_boards_owner_or_an_administrator(
    db: Session, ann: Actor, bob: Actor, card: Card
) -> None:
    eve = make_person(db, "Eve", Role.author)
    for who in (bob, ann, make_person(db, "Ada", Role.admin)):
        written = tasks.write_comment(db, bob, card.id, CommentCreate(text="secret words"))
        with pytest.raises(Forbidden, match="the board's owner or an administrator"):
            tasks.delete_comment(db, eve, card.id, written.id)
        tasks.delete_comment(db, who, card.id, written.id)
    assert tasks.comments(db, ann, card.id).items == []
    history = tasks.card_history(db, ann, card.id)
    assert history[0].changes == {"comment": ["written", None]}
    assert "secret" not in str(history)


def test_whoever_listens_hears_of_each_comment_and_of_its_edits(
    db: Session, ann: Actor, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str, bool]] = []
    monkeypatch.setattr(comments_module, "_listeners", [])
    tasks.on_comment(
        lambda _db, actor, about, comment: heard.append(
            (actor.name, f"{about.title}: {comment.text}", comment.edited_at is not None)
        )
    )
    written = tasks.write_comment(db, ann, card.id, CommentCreate(text="@Bob look"))
    tasks.edit_comment(db, ann, card.id, written.id, CommentChange(text="@Bob look"))
    tasks.edit_comment(db, ann, card.id, written.id, CommentChange(text="@Bob look here"))
    assert heard == [("Ann", "Crane: @Bob look", False), ("Ann", "Crane: @Bob look here", True)]


def test_several_notes_a_day_each_keep_their_parts(db: Session, ann: Actor, card: Card, now: FixedClock) -> None:
    morning = NoteCreate(text="Crane ordered", issue="No crane before Friday", analysis="All rented out")
    tasks.write_note(db, ann, card.id, morning)
    now.at += timedelta(hours=3)
    tasks.write_note(db, ann, card.id, NoteCreate(resolution="Took the one from Bergen", timeline="Thursday"))
    tasks.write_note(db, ann, card.id, NoteCreate(day=date(2026, 2, 27), text="Asked three firms"))
    found = tasks.notes(db, ann, card.id).items
    assert [(note.day.isoformat(), note.text or note.resolution) for note in found] == [
        ("2026-03-02", "Took the one from Bergen"), ("2026-03-02", "Crane ordered"),
        ("2026-02-27", "Asked three firms")]  # fmt: skip
    assert (found[1].issue, found[1].analysis) == ("No crane before Friday", "All rented out")


def test_a_note_without_a_day_is_of_today_where_the_operator_lives(
    db: Session, ann: Actor, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tasks.details.notes.settings", lambda: type("S", (), {"tz_default": "Asia/Tokyo"}))
    with clock.use(FixedClock(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))):
        assert tasks.write_note(db, ann, card.id, NoteCreate(text="late")).day == date(2026, 3, 3)


def test_notes_are_changed_by_their_authors_and_never_emptied(
    db: Session, ann: Actor, bob: Actor, card: Card, now: FixedClock
) -> None:
    note = tasks.write_note(db, bob, card.id, NoteCreate(text="Crane is late"))
    with pytest.raises(Forbidden):
        tasks.edit_note(db, ann, card.id, note.id, NoteChange(text="Crane is here"))
    with pytest.raises(Invalid, match="a note says something"):
        tasks.edit_note(db, bob, card.id, note.id, NoteChange(text=""))
    changed = tasks.edit_note(db, bob, card.id, note.id, NoteChange(resolution="It came", day=date(2026, 3, 1)))
    assert (changed.text, changed.resolution, changed.day) == ("Crane is late", "It came", date(2026, 3, 1))
    tasks.delete_note(db, ann, card.id, note.id)
    assert [event.changes for event in tasks.card_history(db, ann, card.id)[:3]] == [
        {"note": ["2026-03-01", None]},
        {"note": ["2026-03-02", "2026-03-01"]},
        {"note": [None, "2026-03-02"]},
    ]


def test_a_note_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="write at least one of text, issue"):
        NoteCreate(day=date(2026, 3, 2), text="  ")


def test_reports_read_the_notes_of_a_time_with_their_cards(db: Session, ann: Actor, board: Board, card: Card) -> None:
    [other] = add(db, ann, board, "Slab")
    for day, about in ((1, card), (2, other), (8, card), (9, card)):
        tasks.write_note(db, ann, about.id, NoteCreate(day=date(2026, 3, day), text=f"day {day}"))
    found = tasks.notes_between(db, board.id, date(2026, 3, 2), date(2026, 3, 9), as_of=clock.now())
    assert [(note.number, note.title, note.text) for note in found] == [(2, "Slab", "day 2"), (1, "Crane", "day 8")]
    latest = tasks.notes_between(db, board.id, date.min, date.max, as_of=clock.now(), limit=1)
    assert [note.text for note in latest] == ["day 9"]
