"""A card made from a template, and a template made from a card."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.settings import settings
from app.tasks.automations.parts import MAX_ITEMS
from app.tasks.automations.react import names_on
from app.tasks.automations.schemas import DAYS, CardContent, Made
from app.tasks.cards import card, create_card
from app.tasks.details.tables import ChecklistItemRow
from app.tasks.rank import spread
from app.tasks.record import touch_cards
from app.tasks.schemas import CardCreate
from app.tasks.tables import CardRow, LaneRow

GONE_LABEL, GONE_PERSON = "a label that is gone", "somebody who no longer sees this board"
GONE_COLUMN, GONE_LANE = "its column, which is gone", "its lane, which is gone"


class Place(NamedTuple):
    column_id: UUID | None = None
    lane_id: UUID | None = None


def make_card(db: Session, actor: Actor, board_id: UUID, content: CardContent, place: Place, today: date) -> Made:
    """What the template names and is gone is left out, and said. Raises ColumnFull."""
    names = names_on(db, board_id)
    lane_is_there = place.lane_id is None or _has_lane(db, board_id, place.lane_id)
    labels = [one for one in content.label_ids if one in names.labels]
    people = [one for one in content.assignee_ids if one in names.people]
    column_is_there = place.column_id is None or place.column_id in names.columns
    new = CardCreate(
        title=content.title,
        description=content.description,
        priority=content.priority,
        category=content.category,
        start_on=_day(today, content.start_in_days),
        due_on=_day(today, content.due_in_days),
        estimate=content.estimate,
        assignee_ids=people,
        label_ids=labels,
        lane_id=place.lane_id if lane_is_there else None,
        column_id=place.column_id if column_is_there else None,
    )
    made = create_card(db, actor, board_id, new)
    _add_checklist(db, board_id, made.id, content.checklist)
    missing = {
        GONE_LABEL: len(labels) < len(content.label_ids),
        GONE_PERSON: len(people) < len(content.assignee_ids),
        GONE_COLUMN: not column_is_there,
        GONE_LANE: not lane_is_there,
    }
    return Made(card=card(db, actor, made.id), left_out=[words for words, is_so in missing.items() if is_so])


def content_of(db: Session, row: CardRow) -> CardContent:
    """Its dates counted from the day on which it was made, as far as a template reaches; its checklist undone."""
    made_on = row.created_at.astimezone(ZoneInfo(settings().tz_default)).date()
    items = sa.select(ChecklistItemRow.text).where(ChecklistItemRow.card_id == row.id)
    return CardContent(
        title=row.title,
        description=row.description,
        priority=row.priority,
        category="in_progress",
        start_in_days=_days(made_on, row.start_on),
        due_in_days=_days(made_on, row.due_on),
        assignee_ids=row.assignee_ids,
        label_ids=row.label_ids,
        estimate=row.estimate,
        checklist=[
            line
            for text in db.scalars(items.order_by(ChecklistItemRow.rank).limit(MAX_ITEMS))
            if (line := _one_line(text))
        ],
    )


def _add_checklist(db: Session, board_id: UUID, card_id: UUID, items: list[str]) -> None:
    """As a part of how the card was made: no line in its history for each."""
    for text, rank in zip(items, spread(len(items)), strict=True):
        db.add(ChecklistItemRow(card_id=card_id, text=text, list="", rank=rank, created_at=clock.now()))
    db.flush()
    touch_cards(db, board_id, [card_id])


def _has_lane(db: Session, board_id: UUID, lane_id: UUID) -> bool:
    return db.scalar(sa.select(LaneRow.id).where(LaneRow.id == lane_id, LaneRow.board_id == board_id)) is not None


def _day(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)


def _days(start: date, end: date | None) -> int | None:
    return None if end is None else min(max((end - start).days, 0), DAYS)


def _one_line(text: str) -> str:
    return "".join(char if ord(char) >= 32 else " " for char in text).strip()
