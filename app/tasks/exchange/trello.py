"""A Trello export as it is: decoded with every type checked, so that the readers after it can trust what they see."""

import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from app.core.errors import Invalid

NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
OBJECT_ID = re.compile("[0-9a-f]{24}")
OLDEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MAX_DEPTH = 64
KINDS = ("lists", "cards", "labels", "checklists")  # whose ids say which one it is


class NotATrelloBoard(Invalid):
    """This file is no export of a Trello board."""


class Record(msgspec.Struct, rename="camel"):
    pass


class Thing(Record):
    id: str


Place = float | str | None  # where it stands among its like; a word such as "top" in what other programs write


class Member(Record):
    id: str = ""
    full_name: str | None = None
    username: str | None = None
    email: str | None = None


class TLabel(Record):
    """Until 2014 labels had no ids: colour and name say which one it is."""

    id: str = ""
    name: str | None = None
    color: str | None = None


class TList(Thing):
    name: str | None = None
    closed: bool | None = None
    pos: Place = None
    soft_limit: int | None = None
    autoreport: dict[str, Any] | None = None


class CheckItem(Record):
    name: str | None = None
    state: str | None = None
    pos: Place = None
    due: str | None = None
    id_member: str | None = None
    autoreport: dict[str, Any] | None = None


class Checklist(Thing):
    id_card: str | None = None
    name: str | None = None
    pos: Place = None
    check_items: list[CheckItem] | None = None


class Attachment(Record):
    name: str | None = None
    url: str | None = None
    is_upload: bool | None = None


class Option(Thing):
    value: dict[str, Any] | None = None


class CustomField(Thing):
    name: str | None = None
    type: str | None = None
    options: list[Option] | None = None


class FieldItem(Record):
    id_custom_field: str
    value: dict[str, Any] | None = None
    id_value: str | None = None


class TCard(Thing):
    name: str | None = None
    desc: str | None = None
    closed: bool | None = None
    id_list: str | None = None
    id_short: int | None = None
    pos: Place = None
    due: str | None = None
    start: str | None = None
    due_complete: bool | None = None
    date_completed: str | None = None
    date_closed: str | None = None
    date_last_activity: str | None = None
    id_labels: list[str] | None = None
    labels: list[TLabel] | None = None
    id_members: list[str] | None = None
    attachments: list[Attachment] | None = None
    checklists: list[Checklist] | None = None
    custom_field_items: list[FieldItem] | None = None
    card_role: str | None = None
    mirror_source_id: str | None = None
    autoreport: dict[str, Any] | None = None


class Action(Thing):
    type: str
    date: str
    data: dict[str, Any] = {}
    id_member_creator: str | None = None
    member_creator: Member | None = None
    member: Member | None = None


class TBoard(Record):
    lists: list[TList]
    cards: list[TCard]
    id: str = ""
    name: str | None = None
    desc: str | None = None
    labels: list[TLabel] | None = None
    label_names: dict[str, str | None] | None = None
    members: list[Member] | None = None
    checklists: list[Checklist] | None = None
    custom_fields: list[CustomField] | None = None
    actions: list[Action] | None = None
    autoreport: dict[str, Any] | None = None


T = TypeVar("T")


def decode(content: bytes) -> tuple[TBoard, dict[str, Any], dict[str, int]]:
    """Typed, as it came, and how many of each kind were there once more and are left out.

    Raises NotATrelloBoard with the place of what is wrong.
    """
    try:
        raw = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
        _check_texts(raw)
        _check_kind(raw)
        repeats = _leave_repeats(raw)
        board = msgspec.convert(raw, TBoard)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotATrelloBoard(f"This file is no export of a Trello board: {_reason(error)}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    for kind in KINDS:
        _check_ids(kind, [thing.id for thing in getattr(board, kind) or [] if thing.id])
    for label in (*(board.labels or []), *(label for card in board.cards for label in card.labels or [])):
        label.id = label.id or f"{label.color}:{label.name}"
    return board, raw, repeats


def _check_kind(raw: Any) -> None:
    if isinstance(raw, dict) and "lists" not in raw and isinstance(raw.get("idList"), str):
        raise NotATrelloBoard("This is the export of a single card. Export its board: Menu → Print, export and share.")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return re.sub("`(.*?)`", r"“\1”", str(error).replace("$.", ""))[:300]


def _too_deep() -> NotATrelloBoard:
    return NotATrelloBoard("This file is no export of a Trello board: it is nested too deeply.")


def _check_texts(raw: Any) -> None:
    """By a list of its own, so that no depth of nesting ends the process."""
    left: list[tuple[Any, int]] = [(raw, 0)]
    while left:
        value, depth = left.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, str):
            if NOT_STORABLE.search(value):
                place = NOT_STORABLE.split(value)[0][-40:]
                raise NotATrelloBoard(f"A text in this file holds a character that cannot be stored, after “{place}”.")
        elif isinstance(value, dict):
            left += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            left += [(part, depth + 1) for part in value]


def _leave_repeats(raw: Any) -> dict[str, int]:
    """How many of each kind are in the file once more, word for word, as when it is put together page by page."""
    left: dict[str, int] = {}
    for kind in KINDS:
        things = raw.get(kind) if isinstance(raw, dict) else None
        if not isinstance(things, list):
            continue
        first: dict[str, Any] = {}
        known = [one for one in things if not _is_repeat(one, first)]
        if len(known) < len(things):
            left[kind] = len(things) - len(known)
            raw[kind] = known
    return left


def _is_repeat(one: Any, first: dict[str, Any]) -> bool:
    key = one.get("id") if isinstance(one, dict) else None
    return isinstance(key, str) and bool(key) and first.setdefault(key, one) is not one and first[key] == one


def _check_ids(kind: str, ids: list[str]) -> None:
    twice = next((id_ for id_, uses in Counter(ids).items() if uses > 1), None)
    if twice is not None:
        raise NotATrelloBoard(f"{kind}: two of them have the id “{twice[:60]}”, so they cannot be told apart.")


def place_of(pos: Place) -> float:
    """To sort by."""
    if isinstance(pos, str):
        try:
            pos = {"top": -math.inf, "bottom": math.inf}.get(pos) or float(pos)
        except ValueError:
            pos = 0.0
    return pos if pos and not math.isnan(pos) else 0.0


def moment(text: str | None) -> datetime | None:
    """None as well for what is no time, or lies where no calendar of ours reaches."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if OLDEST <= at <= LATEST else None


def day(text: str | None, zone: ZoneInfo) -> date | None:
    """A plain date is that date; a time is a day where the reader lives."""
    if text and len(text) == 10:
        at = moment(text)
        return at.date() if at else None
    at = moment(text)
    return at.astimezone(zone).date() if at else None


def made_at(id_: str) -> datetime | None:
    """The first eight digits of an id are the second in which it was given."""
    if not OBJECT_ID.fullmatch(id_.lower()):
        return None
    at = datetime.fromtimestamp(int(id_[:8], 16), UTC)
    return at if at > OLDEST else None


def part(data: dict[str, Any], *names: str) -> str:
    """A text deep in what an action says, "" where it is missing or something else."""
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
