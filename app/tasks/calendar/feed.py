"""What a calendar program gets: the open cards of a board that have a date, as all-day events.

An archived board is an empty calendar that says why. Without an answer, programs would keep the old dates, or forget
the calendar for good.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts import service as accounts
from app.core import clock
from app.core.errors import AppError, NotFound
from app.core.settings import settings
from app.tasks.access import access_board
from app.tasks.calendar.tables import CalendarFeedRow
from app.tasks.tables import BoardRow, CardLabelRow, CardRow, ColumnRow, LabelRow

if TYPE_CHECKING:
    from icalendar import Alarm, Event, Timezone

MOST = 5_000
ARCHIVED = "This board is archived. Its dates come back when somebody brings it back."
READ_EVERY = timedelta(minutes=1)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class NoSuchFeed(NotFound):
    """There is no such calendar."""


@dataclass(frozen=True)
class Feed:
    """`text` is None when the reader has this very state already."""

    etag: str
    text: bytes | None


def spend_feed(db: Session, token: str, ip: str | None) -> None:
    """In a transaction of its own, so that a wrong guess costs something. Raises TooMany."""
    known = db.scalar(sa.select(CalendarFeedRow.id).where(CalendarFeedRow.token_hash == accounts.hash_of(token)))
    if known:
        limits.spend(db, f"calendar:{known}", burst=60, per_hour=600)
    else:
        limits.spend(db, f"unknown calendar:{limits.network(ip)}", burst=30, per_hour=120)


def calendar_feed(db: Session, token: str, *, known_etag: str = "") -> Feed:
    """Raises NoSuchFeed in the same words, whatever the reason is."""
    row = db.scalar(sa.select(CalendarFeedRow).where(CalendarFeedRow.token_hash == accounts.hash_of(token)))
    if row is None:
        raise NoSuchFeed
    try:
        board = access_board(db, accounts.acting(db, row.person_id), row.board_id)
    except AppError as error:
        raise NoSuchFeed from error
    _note_use(db, row)
    etag = f'"{board.id.hex[:12]}-{board.revision}-{row.created_at.timestamp():.0f}"'
    if etag == known_etag:
        return Feed(etag, None)
    return Feed(etag, _write(db, board, row.alarm_hours))


def _note_use(db: Session, row: CalendarFeedRow) -> None:
    now = clock.now()
    if row.read_at is None or now - row.read_at >= READ_EVERY:
        row.read_at = now


def _write(db: Session, board: BoardRow, alarm_hours: int | None) -> bytes:
    from icalendar import Calendar  # noqa: PLC0415  a sixth of a second that only readers of calendars need

    calendar = Calendar()
    calendar.add("prodid", "-//AutoReport//Board//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    archived = board.archived_at is not None
    for name in ("name", "x-wr-calname"):
        calendar[name] = _text(f"{board.name} (archived)" if archived else board.name)
    if archived:
        for name in ("description", "x-wr-caldesc"):
            calendar[name] = _text(ARCHIVED)
    calendar.add("refresh-interval", timedelta(hours=1), {"VALUE": "DURATION"})
    labels = _labels(db, board.id)
    for card, column in () if archived else db.execute(_dated(board.id)).tuples():
        calendar.add_component(_event(card, column, labels.get(card.id, []), alarm_hours))
    if not calendar.subcomponents:
        calendar.add_component(_world_time())
    return bytes(calendar.to_ical())


def _dated(board_id: UUID) -> "sa.Select[CardRow, str]":
    day = sa.func.coalesce(CardRow.due_on, CardRow.start_on)
    query = sa.select(CardRow, ColumnRow.name).join(ColumnRow, ColumnRow.id == CardRow.column_id)
    query = query.where(CardRow.board_id == board_id, CardRow.completed_at.is_(None), day.is_not(None))
    return query.order_by(day, CardRow.id).limit(MOST)


def _labels(db: Session, board_id: UUID) -> dict[UUID, list[str]]:
    query = sa.select(CardLabelRow.card_id, LabelRow.name).join(LabelRow, LabelRow.id == CardLabelRow.label_id)
    found: dict[UUID, list[str]] = {}
    for card_id, name in db.execute(query.where(LabelRow.board_id == board_id).order_by(LabelRow.name)).tuples():
        found.setdefault(card_id, []).append(name)
    return found


def _event(card: CardRow, column: str, labels: list[str], alarm_hours: int | None) -> "Event":
    """From the start day to the due day, both included."""
    from icalendar import Event  # noqa: PLC0415

    first, last = card.start_on or card.due_on, card.due_on or card.start_on
    assert first
    assert last
    event = Event()
    event.add("uid", f"{card.id}@autoreport")
    event.add("dtstamp", clock.now().replace(microsecond=0))
    event.add("dtstart", first)
    if last < date.max:  # without an end it lasts a day
        event.add("dtend", last + timedelta(days=1))
    event["summary"] = _text(card.title)
    event["description"] = _text(f"#{card.number}, {column}, priority {card.priority}")
    event.add("url", f"{settings().base_url}/board?board={card.board_id}&card={card.id}")
    event.add("sequence", card.version)
    event.add("transp", "TRANSPARENT")
    if labels:
        event.add("categories", [UNSEEN.sub(" ", label) for label in labels])
    if alarm_hours is not None and card.due_on:
        event.add_component(_alarm(card, alarm_hours))
    return event


def _world_time() -> "Timezone":
    """Says nothing, but a calendar without any part is none to strict readers (RFC 5545, 3.6)."""
    from icalendar import Timezone, TimezoneStandard  # noqa: PLC0415

    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001  local time, as the format wants it
    for name in ("tzoffsetfrom", "tzoffsetto"):
        standard.add(name, timedelta(0))
    world = Timezone()
    world.add("tzid", "UTC")
    world.add_component(standard)
    return world


def _alarm(card: CardRow, hours: int) -> "Alarm":
    """Before the due day begins: the event ends when that day does."""
    from icalendar import Alarm  # noqa: PLC0415

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm["description"] = _text(card.title)
    alarm.add("trigger", timedelta(hours=-24 - hours), {"RELATED": "END"})
    return alarm


def _text(text: str) -> str:
    """Escaped by the library; what no calendar can show is taken out."""
    from icalendar import vText  # noqa: PLC0415

    return vText(UNSEEN.sub(" ", text))
