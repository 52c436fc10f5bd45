"""A board with seven weeks of history, made by the same functions that people use, under a clock that is set back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.sample.board_details import DETAILS, Places, hang_on, make_places
from app.sharing import service as sharing
from app.tasks import service as tasks
from app.tasks.schemas import (
    BoardCreate,
    BoardLine,
    Card,
    CardChange,
    CardCreate,
    CardMove,
    Category,
    ColumnEdit,
    Priority,
)

NAME = "Shop relaunch"
TODO, DOING, PENDING, DONE = "To do", "In progress", "Pending", "Completed"
COLUMNS = [
    ColumnEdit(name=TODO),
    ColumnEdit(name=DOING, wip_limit=7),
    ColumnEdit(name=PENDING),
    ColumnEdit(name=DONE, is_done=True),
]


@dataclass(frozen=True)
class Story:
    """A card and its way: `moves` are (days ago, column); `due` counts days from today."""

    title: str
    created: float
    moves: list[tuple[float, str]] = field(default_factory=list)
    priority: Priority = Priority.medium
    category: Category = Category.in_progress
    due: int | None = None
    text: str = ""


HIGH, URGENT, LOW = Priority.high, Priority.urgent, Priority.low
WON, STAR = Category.accomplishment, Category.highlight
STORIES = [
    Story("Agree on the goals of the relaunch", 48, [(47, DOING), (44, DONE)], HIGH, WON),
    Story("Interview ten customers", 46, [(43, DOING), (36, DONE)], HIGH, STAR, text="Notes are in the shared folder."),
    Story("Choose the payment provider", 45, [(40, DOING), (38, PENDING), (30, DOING), (27, DONE)], HIGH, WON),
    Story("Draft the new product pages", 40, [(35, DOING), (24, DONE)], category=WON),
    Story("Move the image archive", 38, [(31, DOING), (22, DONE)], LOW, WON),
    Story("Set up the test shop", 33, [(29, DOING), (19, DONE)], category=WON),
    Story("Write the data protection notice", 30, [(26, DOING), (23, PENDING), (15, DOING), (12, DONE)], HIGH, WON),
    Story("Load test with 500 visitors", 24, [(16, DOING), (9.5, DONE)], HIGH, STAR),
    Story("Train the support team", 22, [(13, DOING), (8.2, DONE)], category=WON),
    Story("Translate the checkout into French", 20, [(12, DOING), (6.1, DONE)], category=WON),
    Story("Connect the stock system", 19, [(11, DOING), (4.3, DONE)], URGENT, STAR),
    Story("Fix rounding in the tax summary", 9, [(6, DOING), (2.2, DONE)], HIGH, WON),
    Story("Redirect the old addresses", 18, [(5, DOING)], HIGH, due=2, text="About 1,400 of them, see the list."),
    Story("Accessibility review of the checkout", 15, [(4, DOING)], URGENT, due=-1),
    Story("Newsletter for the opening day", 14, [(3, DOING)], due=6),
    Story("Contract with the parcel service", 17, [(10, DOING), (7, PENDING)], HIGH, due=-3, text="Waiting for legal."),
    Story("Photos of the spring collection", 12, [(8, DOING), (5, PENDING)], due=9),
    Story("Voucher codes for regular customers", 11, due=12),
    Story("Price comparison feed", 10, priority=LOW, due=20),
    Story("Dark mode for the shop", 7, priority=LOW),
    Story("Plan the opening day", 4, priority=HIGH, due=0),
    Story("Measure the speed of the search", 2),
]


def make_board(db: Session, actor: Actor, now: datetime) -> BoardLine:
    """Every event at its own time and in the order of time, so that the history reads like a true one."""
    with clock.use(FixedClock(now - timedelta(days=50))):
        board = tasks.create_board(db, actor, BoardCreate(name=NAME, columns=COLUMNS, share_with=sharing.OPEN))
        places = make_places(db, actor, board.id)
    columns = {column.name: column.id for column in tasks.board(db, actor, board.id).columns}
    cards: dict[str, Card] = {}
    events = [(story.created, story, TODO) for story in STORIES]
    events += [(days, story, column) for story in STORIES for days, column in story.moves]
    for days, story, column in sorted(events, key=lambda event: -event[0]):
        with clock.use(FixedClock(now - timedelta(days=days))):
            card = cards.get(story.title)
            if card is None:
                card = _create(db, actor, board.id, story, places, now)
            else:
                card = tasks.move_card(db, actor, card.id, CardMove(column_id=columns[column], version=card.version))
            if column == DONE:
                change = CardChange(version=card.version, category=story.category)
                card = tasks.change_card(db, actor, card.id, change)
            cards[story.title] = card
    hang_on(db, actor, cards, now)
    return board


def _create(db: Session, actor: Actor, board_id: UUID, story: Story, places: Places, now: datetime) -> Card:
    detail = DETAILS[story.title]
    new = CardCreate(
        title=story.title,
        description=story.text,
        priority=story.priority,
        category=story.category,
        due_on=None if story.due is None else (now + timedelta(days=story.due)).date(),
        assignee_ids=[actor.id] if actor.id else [],
        lane_id=places.lanes[detail.lane],
        label_ids=[places.labels[name] for name in detail.labels],
        estimate=detail.estimate,
    )
    return tasks.create_card(db, actor, board_id, new)
