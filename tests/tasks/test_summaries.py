"""A board in a past window, against figures counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.details.schemas import BlockerAdd, NoteChange, NoteCreate
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardChange, ColumnEdit
from app.tasks.summaries.schemas import BoardSummary
from tests.tasks.conftest import MONDAY, add, column, move

WEEK = (MONDAY.replace(hour=0), MONDAY.replace(hour=0) + timedelta(days=7))


def worked_board(db: Session, ann: Actor) -> Board:
    """Before: `old` is done. In the week: four cards, one done, one done and reopened, one archived when done."""
    now = FixedClock(MONDAY - timedelta(days=3))
    with clock.use(now):
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        done, doing = column(board, "Completed"), column(board, "In progress")
        [old, waiting] = add(db, ann, board, "old", "waiting", due_on=(MONDAY + timedelta(days=2)).date())
        move(db, ann, old, done)
        now.at = MONDAY
        a, b, c, _ = add(db, ann, board, "a", "b", "c", "d", category="highlight")
        now.at = MONDAY + timedelta(days=1)
        move(db, ann, move(db, ann, a, doing), done)
        b = move(db, ann, b, done)
        c = move(db, ann, c, done)
        now.at = MONDAY + timedelta(days=2)
        move(db, ann, b, doing)
        tasks.archive_card(db, ann, c.id)
        now.at = MONDAY + timedelta(days=9)
        move(db, ann, waiting, done)
    return board


def counts(summary: BoardSummary) -> dict[str, int]:
    return {column.name: column.cards for column in summary.columns}


def test_the_figures_of_a_past_week_equal_those_counted_by_hand(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    week = tasks.board_summary(db, ann, board.id, *WEEK)
    assert counts(week) == {"To do": 2, "In progress": 1, "Pending": 0, "Completed": 2}
    assert (week.created, week.moved, week.done, week.open, week.overdue) == (4, 3, 2, 3, 1)
    assert [card.title for card in week.done_cards] == ["a", "c"]
    assert [card.title for card in week.overdue_cards] == ["waiting"]
    assert [card.title for card in week.open_cards] == ["waiting", "d", "b"]
    assert sorted(card.title for card in week.highlights) == ["a", "b", "c", "d"]


def test_the_week_after_sees_only_its_own_events(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    later = tasks.board_summary(db, ann, board.id, WEEK[1], WEEK[1] + timedelta(days=7))
    assert (later.created, later.moved, later.done, later.overdue) == (0, 1, 1, 0)
    assert counts(later) == {"To do": 1, "In progress": 1, "Pending": 0, "Completed": 3}


def test_what_happens_later_does_not_change_a_past_summary(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    before = tasks.board_summary(db, ann, board.id, *WEEK)
    shown = tasks.board(db, ann, board.id)
    card = shown.columns[0].cards[0]
    tasks.change_card(db, ann, card.id, CardChange(version=card.version, title="Other", due_on=None))
    tasks.archive_card(db, ann, card.id)
    tasks.delete_card(db, ann, card.id)
    columns = [ColumnEdit(id=c.id, name=f"New {c.name}", is_done=False) for c in shown.columns if c.cards]
    tasks.change_board(db, ann, board.id, BoardChange(columns=columns))
    assert tasks.board_summary(db, ann, board.id, *WEEK) == before


def test_a_window_before_the_board_is_empty(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    early = tasks.board_summary(db, ann, board.id, WEEK[0] - timedelta(days=30), WEEK[0] - timedelta(days=20))
    assert (early.columns, early.open, early.created, early.done) == ([], 0, 0, 0)


def test_windows_that_touch_count_each_event_once(db: Session, ann: Actor) -> None:
    board = worked_board(db, ann)
    edge = MONDAY + timedelta(days=1)  # the very moment of three moves
    halves = [
        tasks.board_summary(db, ann, board.id, WEEK[0], edge),
        tasks.board_summary(db, ann, board.id, edge, WEEK[1]),
    ]
    whole = tasks.board_summary(db, ann, board.id, *WEEK)
    assert sum(half.created for half in halves) == whole.created
    assert sum(half.done for half in halves) == whole.done


def test_a_card_is_overdue_from_the_day_after_it_was_due(db: Session, ann: Actor) -> None:
    with clock.use(FixedClock(MONDAY)):
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        add(db, ann, board, "a", due_on=MONDAY.date())
    day = timedelta(days=1)
    assert tasks.board_summary(db, ann, board.id, WEEK[0], WEEK[0] + day - timedelta(seconds=1)).overdue == 0
    assert tasks.board_summary(db, ann, board.id, WEEK[0], WEEK[0] + day).overdue == 1


def test_an_impossible_window_is_refused(db: Session, ann: Actor, board: Board) -> None:
    with pytest.raises(Invalid, match="is not after since"):
        tasks.board_summary(db, ann, board.id, WEEK[1], WEEK[0])
    with pytest.raises(Invalid, match="needs its zone"):
        tasks.board_summary(db, ann, board.id, WEEK[0], datetime(2026, 3, 9))  # noqa: DTZ001
    with pytest.raises(Invalid, match="needs its zone"):
        tasks.board_summary(db, ann, board.id, datetime(2026, 3, 1), datetime(2026, 3, 9, tzinfo=UTC))  # noqa: DTZ001
    for window in ((datetime.min.replace(tzinfo=UTC), WEEK[1]), (WEEK[0], datetime.max.replace(tzinfo=UTC))):
        with pytest.raises(Invalid, match="1971 to 2199"):
            tasks.board_summary(db, ann, board.id, *window)


def planned_week(db: Session, ann: Actor) -> Board:
    """Planned: started before (ends done), due in the week (waits, blocked), dropped. Besides: one more is done."""
    now = FixedClock(MONDAY - timedelta(days=3))
    with clock.use(now):
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        doing, done = column(board, "In progress"), column(board, "Completed")
        [started] = add(db, ann, board, "started", to="In progress")
        [due, dropped] = add(db, ann, board, "due", "dropped", due_on=(MONDAY + timedelta(days=2)).date())
        [_later] = add(db, ann, board, "later", due_on=(MONDAY + timedelta(days=9)).date())
        now.at = MONDAY + timedelta(days=1)
        [besides, blocker] = add(db, ann, board, "besides", "blocker")
        tasks.add_blocker(db, ann, due.id, BlockerAdd(card_id=blocker.id))
        note = NoteCreate(text="Half way", issue="Slow supplier", day=now.at.date())
        tasks.write_note(db, ann, started.id, note)
        move(db, ann, started, done)
        move(db, ann, besides, done)
        move(db, ann, blocker, doing)
        tasks.archive_card(db, ann, dropped.id)
    return board


def test_what_was_planned_is_told_from_the_start_of_the_period(db: Session, ann: Actor) -> None:
    board = planned_week(db, ann)
    week = tasks.board_summary(db, ann, board.id, *WEEK)
    assert {card.title: card.outcome for card in week.planned_cards} == {
        "started": "done",
        "due": "open",
        "dropped": "dropped",
    }
    assert (week.planned, week.planned_done, week.unplanned_done) == (3, 1, 1)
    assert [card.title for card in week.next_cards] == ["due", "later", "blocker"]
    assert [card.title for card in week.created_cards] == ["besides", "blocker"]
    assert {card.title: (card.from_column, card.column) for card in week.moved_cards} == {
        "started": ("In progress", "Completed"),
        "besides": ("To do", "Completed"),
        "blocker": ("To do", "In progress"),
    }
    assert [(note.title, note.issue) for note in week.notes] == [("started", "Slow supplier")]


def said_in(db: Session, actor: Actor, board: Board, period: tuple[datetime, datetime]) -> list[str]:
    return [note.text for note in tasks.board_summary(db, actor, board.id, *period).notes]


def test_notes_are_told_as_they_were_at_the_end_of_the_period(db: Session, ann: Actor, board: Board) -> None:
    now, [card] = FixedClock(MONDAY), add(db, ann, board, "a")
    with clock.use(now):
        kept, gone = (tasks.write_note(db, ann, card.id, NoteCreate(text=text)) for text in ("half way", "secret"))
        for day, text in ((1, "nearly done"), (8, "all done"), (9, "done twice")):
            now.at = MONDAY + timedelta(days=day)
            tasks.edit_note(db, ann, card.id, kept.id, NoteChange(text=text, day=now.at.date()))
    assert said_in(db, ann, board, WEEK) == ["secret", "nearly done"]
    tasks.delete_note(db, ann, card.id, gone.id)
    assert said_in(db, ann, board, WEEK) == ["nearly done"]
    assert said_in(db, ann, board, (WEEK[1], WEEK[1] + timedelta(days=7))) == ["done twice"]


def test_blocked_are_cards_that_have_waited_longer(db: Session, ann: Actor) -> None:
    board = planned_week(db, ann)
    titles = {
        days: [card.title for card in tasks.board_summary(db, ann, board.id, *WEEK, blocked_days=days).blocked_cards]
        for days in (0, 5, 6)
    }
    assert titles == {0: ["due"], 5: ["due"], 6: []}  # blocked on Tuesday at nine, looked at on Monday at midnight
    [card] = tasks.board_summary(db, ann, board.id, *WEEK).blocked_cards
    assert card.blocked_by == ["#6 blocker"]


def test_what_is_done_and_unblocked_later_does_not_rewrite_the_period(db: Session, ann: Actor) -> None:
    board = planned_week(db, ann)
    before = tasks.board_summary(db, ann, board.id, *WEEK)
    with clock.use(FixedClock(WEEK[1] + timedelta(hours=1))):
        for card in [card for c in tasks.board(db, ann, board.id).columns[:2] for card in c.cards]:
            move(db, ann, card, column(board, "Completed"))
        day = WEEK[1].date() - timedelta(days=1)
        tasks.write_note(db, ann, before.done_cards[0].card_id, NoteCreate(text="Told too late", day=day))
    assert tasks.board_summary(db, ann, board.id, *WEEK) == before
    after = tasks.board_summary(db, ann, board.id, WEEK[1], WEEK[1] + timedelta(days=7))
    assert (after.done, after.planned, after.planned_done) == (3, 3, 3)
