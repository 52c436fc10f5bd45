"""Rules that wait for time: once a card and occasion, whoever ticks."""

import threading
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.automations.schemas import RuleChange
from app.tasks.automations.tables import RuleRow, RunRow
from app.tasks.schemas import Board, BoardCreate, CardChange
from tests.tasks.automations.conftest import make_rule, outcomes, read, runs
from tests.tasks.conftest import MONDAY, add, column, make_person, move

URGENT = {"kind": "priority", "priority": "urgent"}
TODAY = MONDAY.date()


def tick(db: Session, at: datetime = MONDAY) -> None:
    """As the timer does, until there is nothing left."""
    with clock.use(clock.FixedClock(at)):
        while tasks.automations.look_for_cards(db):
            pass


def due(days: int) -> dict[str, object]:
    return {"kind": "due", "days": days}


def test_a_card_is_due_within_so_many_days_once_for_each_due_date(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        rule = make_rule(db, ann, board, due(2), URGENT)
        [card, *others] = [
            add(db, ann, board, "a", due_on=TODAY + timedelta(days=days))[0] for days in (2, 3, -1)
        ] + add(db, ann, board, "no date")
    tick(db)
    assert [read(db, ann, one).priority for one in (card, *others)] == ["urgent", "medium", "medium", "medium"]
    tick(db, MONDAY + timedelta(minutes=6))
    assert len(runs(db, ann, rule)) == 1
    now = read(db, ann, card)
    tasks.change_card(db, ann, card.id, CardChange(version=now.version, due_on=date(2026, 3, 20), priority="low"))
    tick(db, MONDAY + timedelta(days=17))
    assert read(db, ann, card).priority == "urgent"
    assert sum(run.card_id == card.id for run in runs(db, ann, rule)) == 2


def test_due_today_and_overdue_are_told_apart_and_completed_cards_are_left_alone(
    db: Session, ann: Actor, board: Board
) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        today = make_rule(db, ann, board, due(0), {"kind": "priority", "priority": "high"})
        late = make_rule(db, ann, board, due(-3), URGENT)
        for days in (0, -2, -3, -30):
            add(db, ann, board, str(days), due_on=TODAY + timedelta(days=days))
            add(db, ann, board, "done", to="Completed", due_on=TODAY + timedelta(days=days))
    tick(db)
    assert [run.card for run in runs(db, ann, today)] == ["0"]
    assert sorted(run.card for run in runs(db, ann, late)) == ["-3", "-30"]


def test_today_is_that_of_the_zone_of_the_rule(db: Session, ann: Actor, board: Board) -> None:
    evening = datetime.fromisoformat("2026-03-02T23:30:00+00:00")
    with clock.use(clock.FixedClock(evening)):
        rules = [make_rule(db, ann, board, due(0), URGENT, zone=zone) for zone in ("UTC", "Europe/Berlin")]
        add(db, ann, board, "a", due_on=date(2026, 3, 3))
    tick(db, evening)
    assert [outcomes(db, ann, rule) for rule in rules] == [[], ["done"]]


def test_a_card_that_lies_still_is_found_once_for_each_time_it_was_moved(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        rule = make_rule(db, ann, board, {"kind": "idle", "days": 7}, {"kind": "checklist", "items": ["Ask why"]})
        [card] = add(db, ann, board, "a")
    with clock.use(clock.FixedClock(MONDAY + timedelta(days=5))):
        change = CardChange(version=card.version, title="changed, but not moved")
        card = tasks.change_card(db, ann, card.id, change)
    tick(db, MONDAY + timedelta(days=6, hours=23))
    assert not runs(db, ann, rule)
    tick(db, MONDAY + timedelta(days=7))
    tick(db, MONDAY + timedelta(days=8))
    assert outcomes(db, ann, rule) == ["done"]
    with clock.use(clock.FixedClock(MONDAY + timedelta(days=9))):
        move(db, ann, read(db, ann, card), column(board, "Pending"))
    tick(db, MONDAY + timedelta(days=15))
    assert outcomes(db, ann, rule) == ["done"]
    tick(db, MONDAY + timedelta(days=16, hours=1))
    assert outcomes(db, ann, rule) == ["done", "nothing"]


def test_trying_a_rule_lists_its_cards_and_changes_nothing(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        rule = make_rule(db, ann, board, due(2), URGENT, condition="-title:boat", enabled=False)
        for name in ("a", "b", "a boat"):
            add(db, ann, board, name, due_on=TODAY)
        trial = tasks.automations.try_rule(db, ann, rule.id)
        assert (trial.count, [card.title for card in trial.cards]) == (2, ["a", "b"])
        assert trial.cards[0].column == "To do"
        assert not runs(db, ann, rule)
        tasks.automations.change_rule(db, ann, rule.id, RuleChange(version=1, enabled=True))
        while tasks.automations.look_for_cards(db):
            pass
        assert tasks.automations.try_rule(db, ann, rule.id).count == 0


def test_a_rule_on_an_archived_board_or_switched_off_sleeps(db: Session, ann: Actor, board: Board) -> None:
    with clock.use(clock.FixedClock(MONDAY)):
        rule = make_rule(db, ann, board, due(0), URGENT, enabled=False)
        add(db, ann, board, "a", due_on=TODAY)
    tick(db)
    assert not runs(db, ann, rule)


def test_looking_costs_a_constant_number_of_queries_however_many_cards(db: Session, ann: Actor, board: Board) -> None:
    rule = make_rule(db, ann, board, due(0), URGENT)
    counts = []
    for cards in (1, 30):
        add(db, ann, board, *[f"{cards}-{n}" for n in range(cards)], due_on=TODAY + timedelta(days=50))
        seen: list[str] = []
        count = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        db.execute(sa.update(RuleRow).where(RuleRow.id == rule.id).values(next_look_at=MONDAY))
        sa.event.listen(db.get_bind().engine, "before_cursor_execute", count)
        tick(db)
        sa.event.remove(db.get_bind().engine, "before_cursor_execute", count)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


def test_two_timers_do_the_work_of_a_rule_once(database: str) -> None:
    with transaction() as db:
        ann = make_person(db, "Ann", Role.member)
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        make_rule(db, ann, board, due(0), URGENT)
        add(db, ann, board, *"abcdefgh", due_on=clock.now().date())

    def timer() -> None:
        for _ in range(4):
            with transaction() as db:
                tasks.automations.look_for_cards(db)

    threads = [threading.Thread(target=timer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with transaction() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RunRow)) == 8
        changes = [event for card in tasks.search_cards(db, ann, board.id).items for event in _ruled(db, ann, card.id)]
        assert len(changes) == 8


def _ruled(db: Session, ann: Actor, card_id: object) -> list[object]:
    return [event for event in tasks.card_history(db, ann, card_id) if event.person.startswith("Rule")]  # type: ignore[arg-type]
