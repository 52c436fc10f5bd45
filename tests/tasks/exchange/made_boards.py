"""Boards as people make them, by chance: through the service, with everything a board can have."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.details.schemas import CommentCreate, ItemChange, ItemCreate, NoteCreate
from app.tasks.schemas import (
    BoardChange,
    BoardCreate,
    BoardOptions,
    Card,
    CardCreate,
    CardMove,
    ColumnEdit,
    LabelEdit,
    LaneEdit,
)
from tests.tasks.exchange.conftest import NOW

WORDS = [
    "=SUM(A1)",
    "plain",
    "Zoë’s",
    "a;b",
    'say "hi"',
    "-1",
    "'quoted",
    "two\nlines",
    "<b>&amp;",
    "日本",
    "# 7",
    "[x] box",
]


def words(random: Random, most: int = 4) -> str:
    return " ".join(random.choice(WORDS) for _ in range(random.randint(1, most))).strip()


def line(random: Random) -> str:
    return words(random).replace("\n", " ")


def make_board(db: Session, random: Random, people: list[Actor]) -> UUID:
    at = NOW - timedelta(days=60)
    with clock.use(FixedClock(at)):
        columns = [ColumnEdit(name=name) for name in ("=To do", "Doing; now")]
        columns += [ColumnEdit(name="Waiting", wip_limit=9, wip_mode="warn"), ColumnEdit(name="Done", is_done=True)]
        board_id = tasks.create_board(db, people[0], BoardCreate(name=line(random)[:60], columns=columns)).id
        change = BoardChange(
            lanes=[LaneEdit(name="Fast"), LaneEdit(name="-Slow")],
            labels=[LabelEdit(name="Bug", color="red"), LabelEdit(name="a, b", color="teal"), LabelEdit(name="+1")],
            options=BoardOptions(stale_days=random.randint(1, 30)),
        )
        tasks.change_board(db, people[0], board_id, change)
    for number in range(random.randint(1, 6)):
        at += timedelta(hours=random.randint(1, 60), microseconds=random.randint(0, 999_999))
        with clock.use(FixedClock(at)):
            card = _make_card(db, random, people, board_id)
        for _ in range(random.randint(0, 5)):
            at += timedelta(minutes=random.randint(1, 500))
            with clock.use(FixedClock(at)):
                card = _work(db, random, people, card)
        if number % 3 == 2:
            with clock.use(FixedClock(at + timedelta(minutes=1))):
                tasks.archive_card(db, people[0], card.id)
    return board_id


def _make_card(db: Session, random: Random, people: list[Actor], board_id: UUID) -> Card:
    board = tasks.board(db, people[0], board_id)
    due = date(2026, 3, 1) + timedelta(days=random.randint(0, 60)) if random.random() < 0.6 else None
    new = CardCreate(
        title=line(random),
        description=words(random, 9),
        priority=random.choice(["low", "medium", "high", "urgent"]),
        category=random.choice(["in_progress", "highlight"]),
        start_on=due - timedelta(days=3) if due and random.random() < 0.5 else None,
        due_on=due,
        estimate=random.choice([None, 0, 2.5, 13]),
        assignee_ids=[one.id for one in people if one.id and random.random() < 0.4],
        label_ids=[label.id for label in board.labels if random.random() < 0.4],
        lane_id=random.choice([None, *(lane.id for lane in board.lanes)]),
        column_id=random.choice(board.columns).id,
    )
    return tasks.create_card(db, random.choice(people), board_id, new)


def _work(db: Session, random: Random, people: list[Actor], card: Card) -> Card:
    who = random.choice(people)
    what = random.choice(["move", "comment", "note", "check", "tick", "archive"])
    if what == "move":
        columns = tasks.board(db, who, card.board_id).columns
        tasks.move_card(db, who, card.id, CardMove(column=random.choice(columns).id, version=card.version))
    elif what == "comment":
        tasks.write_comment(db, who, card.id, CommentCreate(text=words(random)))
    elif what == "note":
        tasks.write_note(db, who, card.id, NoteCreate(day=date(2026, 1, 5), text=words(random), issue=line(random)))
    elif what == "archive":
        tasks.archive_card(db, who, card.id)
        tasks.revive_card(db, who, card.id)
    else:
        heading = random.choice(["", "Steps", "Checklist"])
        item = tasks.add_item(db, who, card.id, ItemCreate(text=line(random), list=heading))
        if what == "tick":
            tasks.change_item(db, who, card.id, item.id, ItemChange(done=True))
    return tasks.card(db, who, card.id)
