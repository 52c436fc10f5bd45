"""What hangs on the cards of the sample board: where they belong, how large they are, what was said and what waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.details.schemas import BlockerAdd, CommentCreate, ItemChange, ItemCreate, NoteCreate
from app.tasks.schemas import BoardChange, Card, LabelColor, LabelEdit, LaneEdit

SHOP, MARKET = "Shop", "Marketing"
LANES = [LaneEdit(name=SHOP), LaneEdit(name=MARKET)]
CUSTOMER, TECH, LEGAL = "Customer", "Technology", "Legal"
LABELS = [
    LabelEdit(name=CUSTOMER, color=LabelColor.green),
    LabelEdit(name=TECH, color=LabelColor.blue),
    LabelEdit(name=LEGAL, color=LabelColor.orange),
]


@dataclass(frozen=True)
class Detail:
    """`said`, `noted` and `items` are (days ago, words); an item that starts with “x ” is done."""

    lane: str
    estimate: float
    labels: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    said: list[tuple[float, str]] = field(default_factory=list)
    noted: list[tuple[float, str, str]] = field(default_factory=list)
    waits_for: tuple[float, str] | None = None


DETAILS = {
    "Agree on the goals of the relaunch": Detail(SHOP, 2),
    "Interview ten customers": Detail(MARKET, 5, [CUSTOMER], said=[(37, "Eight of ten want a shorter checkout.")]),
    "Choose the payment provider": Detail(SHOP, 5, [LEGAL]),
    "Draft the new product pages": Detail(MARKET, 8, [CUSTOMER]),
    "Move the image archive": Detail(SHOP, 3, [TECH]),
    "Set up the test shop": Detail(SHOP, 5, [TECH]),
    "Write the data protection notice": Detail(SHOP, 3, [LEGAL]),
    "Load test with 500 visitors": Detail(SHOP, 5, [TECH], noted=[(10, "Pages answer within 0.4 s.", "")]),
    "Train the support team": Detail(MARKET, 3, [CUSTOMER]),
    "Translate the checkout into French": Detail(SHOP, 3, [CUSTOMER]),
    "Connect the stock system": Detail(SHOP, 8, [TECH], noted=[(5, "First night without a gap in the stock.", "")]),
    "Fix rounding in the tax summary": Detail(SHOP, 2, [TECH]),
    "Redirect the old addresses": Detail(
        SHOP, 5, [TECH], ["x Export the list", "x Sort out dead pages", "Write the rules", "Try them on the test shop"],
        noted=[(3, "Half of the addresses are sorted.", "200 pages have no successor.")],
    ),
    "Accessibility review of the checkout": Detail(SHOP, 3, [CUSTOMER], ["x Keyboard", "Screen reader", "Contrast"]),
    "Newsletter for the opening day": Detail(MARKET, 2, [CUSTOMER], said=[(2.5, "A first draft is in the folder.")]),
    "Contract with the parcel service": Detail(
        SHOP, 3, [LEGAL], said=[(6, "Legal promised an answer by Friday.")],
        noted=[(6.5, "The draft is with legal.", "No date for the answer yet.")],
    ),
    "Photos of the spring collection": Detail(MARKET, 5),
    "Voucher codes for regular customers": Detail(MARKET, 3, [CUSTOMER]),
    "Price comparison feed": Detail(SHOP, 3, [TECH]),
    "Dark mode for the shop": Detail(SHOP, 2, [CUSTOMER]),
    "Plan the opening day": Detail(MARKET, 3, waits_for=(3.5, "Contract with the parcel service")),
    "Measure the speed of the search": Detail(SHOP, 1, [TECH]),
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    lanes: dict[str, UUID]
    labels: dict[str, UUID]


def make_places(db: Session, actor: Actor, board_id: UUID) -> Places:
    tasks.change_board(db, actor, board_id, BoardChange(lanes=LANES, labels=LABELS))
    board = tasks.board(db, actor, board_id)
    return Places({lane.name: lane.id for lane in board.lanes}, {label.name: label.id for label in board.labels})


def hang_on(db: Session, actor: Actor, cards: dict[str, Card], now: datetime) -> None:
    """Each word at its own time."""
    for title, detail in DETAILS.items():
        card_id = cards[title].id
        for text in detail.items:
            item = tasks.add_item(db, actor, card_id, ItemCreate(text=text.removeprefix("x ")))
            if text.startswith("x "):
                tasks.change_item(db, actor, card_id, item.id, ItemChange(done=True))
        for days, text in detail.said:
            with clock.use(FixedClock(now - timedelta(days=days))):
                tasks.write_comment(db, actor, card_id, CommentCreate(text=text))
        for days, text, issue in detail.noted:
            at = now - timedelta(days=days)
            with clock.use(FixedClock(at)):
                tasks.write_note(db, actor, card_id, NoteCreate(text=text, issue=issue, day=at.date()))
        if detail.waits_for:
            days, blocker = detail.waits_for
            with clock.use(FixedClock(now - timedelta(days=days))):
                tasks.add_blocker(db, actor, card_id, BlockerAdd(card_id=cards[blocker].id))
