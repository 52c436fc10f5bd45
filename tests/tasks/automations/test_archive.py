"""The automatic archive takes completed cards that are old enough, and nothing else."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks import service as tasks
from app.tasks.automations import archive
from app.tasks.schemas import Board, BoardChange, BoardOptions, EventKind
from tests.tasks.conftest import MONDAY, add, column, move, titles


def keep_for(db: Session, actor: Actor, board: Board, days: int | None) -> None:
    tasks.change_board(db, actor, board.id, BoardChange(options=BoardOptions(archive_after_days=days)))


def tick(db: Session, at: datetime) -> None:
    with clock.use(clock.FixedClock(at)):
        while tasks.automations.archive_old_cards(db):
            pass


@pytest.fixture
def aged(db: Session, ann: Actor, board: Board) -> Board:
    """Completed on three days, and open for as long."""
    for days in (0, 10, 19):
        with clock.use(clock.FixedClock(MONDAY + timedelta(days=days))):
            add(db, ann, board, f"done on {days}", to="Completed")
            add(db, ann, board, f"open since {days}")
    return board


def test_only_completed_cards_older_than_n_days_go_and_unfinished_ones_never(
    db: Session, ann: Actor, aged: Board
) -> None:
    keep_for(db, ann, aged, 10)
    tick(db, MONDAY + timedelta(days=20))
    assert titles(db, ann, aged, "Completed") == ["done on 19"]
    assert titles(db, ann, aged, "To do") == ["open since 0", "open since 10", "open since 19"]
    gone = tasks.search_cards(db, ann, aged.id, archived=True).items
    assert sorted(card.title for card in gone) == ["done on 0", "done on 10"]
    tick(db, MONDAY + timedelta(days=4_000))
    assert len(titles(db, ann, aged, "To do")) == 3


def test_n_is_the_boards_own_and_off_is_off(db: Session, ann: Actor, aged: Board) -> None:
    tick(db, MONDAY + timedelta(days=20))
    assert len(titles(db, ann, aged, "Completed")) == 3
    keep_for(db, ann, aged, 2)
    tick(db, MONDAY + timedelta(days=20))
    assert titles(db, ann, aged, "Completed") == ["done on 19"]


def test_it_looks_once_a_day_and_comes_back_for_the_next_batch_at_once(
    db: Session, ann: Actor, aged: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "AT_ONCE", 1)
    keep_for(db, ann, aged, 5)
    tick(db, MONDAY + timedelta(days=20))
    assert titles(db, ann, aged, "Completed") == ["done on 19"]
    tick(db, MONDAY + timedelta(days=20, hours=23))
    assert titles(db, ann, aged, "Completed") == ["done on 19"]
    tick(db, MONDAY + timedelta(days=24, hours=1))
    assert titles(db, ann, aged, "Completed") == []


def test_each_card_tells_who_archived_it_and_comes_back_by_revive(db: Session, ann: Actor, aged: Board) -> None:
    keep_for(db, ann, aged, 15)
    tick(db, MONDAY + timedelta(days=20))
    [card] = tasks.search_cards(db, ann, aged.id, archived=True).items
    last = tasks.card_history(db, ann, card.id)[0]
    assert (last.kind, last.person) == (EventKind.archived, "Automatic archive")
    back = tasks.revive_card(db, ann, card.id)
    assert back.column_id == column(aged, "Completed")
    assert [event.kind for event in tasks.card_history(db, ann, card.id)] == ["revived", "archived", "created"]


def test_the_dry_run_lists_what_would_go_and_changes_nothing(db: Session, ann: Actor, aged: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY + timedelta(days=20))):
        with pytest.raises(Invalid, match="the automatic archive is off"):
            tasks.automations.archive_trial(db, ann, aged.id)
        found = tasks.automations.archive_trial(db, ann, aged.id, 10, limit=1)
        assert (found.count, [card.title for card in found.cards]) == (2, ["done on 0"])
        more = tasks.automations.archive_trial(db, ann, aged.id, 10, limit=1, cursor=found.next_cursor)
        assert ([card.title for card in more.cards], more.next_cursor) == (["done on 10"], None)
    assert len(titles(db, ann, aged, "Completed")) == 3


def test_a_card_that_is_taken_up_again_stays(db: Session, ann: Actor, aged: Board) -> None:
    keep_for(db, ann, aged, 5)
    card = next(c.cards[0] for c in tasks.board(db, ann, aged.id).columns if c.name == "Completed")
    move(db, ann, card, column(aged, "Pending"))
    tick(db, MONDAY + timedelta(days=20))
    assert titles(db, ann, aged, "Pending") == ["done on 0"]


def test_a_board_with_nothing_to_archive_costs_a_constant_number_of_queries(
    db: Session, ann: Actor, board: Board
) -> None:
    add(db, ann, board, *[str(n) for n in range(30)], to="Completed")
    keep_for(db, ann, board, 5)
    seen: list[str] = []
    count = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
    tick(db, clock.now())
    sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
    assert len(seen) <= 7
