"""How the work on a card went, day by day: what happened, what stood in the way, and what came of it."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.tasks.access import access_card
from app.tasks.details.record import card_to_change, require_author, require_author_or_owner, tell
from app.tasks.details.schemas import PARTS, BoardNote, Note, NoteChange, NoteCreate
from app.tasks.details.tables import NoteRow, NoteVersionRow
from app.tasks.tables import CardRow

KEPT = ("day", *PARTS)


def notes(db: Session, actor: Actor, card_id: UUID, *, limit: int = 50, cursor: str | None = None) -> Page[Note]:
    """The latest day first."""
    access_card(db, actor, card_id)
    query = sa.select(NoteRow).where(NoteRow.card_id == card_id)
    by, show = (NoteRow.day, NoteRow.created_at, NoteRow.id), Note.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=True)


def notes_between(
    db: Session, board_id: UUID, since: date, until: date, *, as_of: datetime, limit: int = 200
) -> list[BoardNote]:
    """Of the days from `since` on and before `until`, in their order, in the words they had just before `as_of`.

    Whoever calls has checked who may see the board. With more than `limit`, the latest ones.
    """
    later = sa.select(NoteVersionRow).where(NoteVersionRow.note_id == NoteRow.id, NoteVersionRow.until >= as_of)
    was = later.order_by(NoteVersionRow.until).limit(1).lateral("was")
    parts = [sa.func.coalesce(was.c[name], getattr(NoteRow, name)).label(f"was_{name}") for name in KEPT]
    day = parts[0]
    query = sa.select(NoteRow, CardRow.number, CardRow.title, *parts).join(CardRow, CardRow.id == NoteRow.card_id)
    query = query.outerjoin(was, sa.true()).where(CardRow.board_id == board_id, NoteRow.created_at < as_of)
    query = query.where(day >= since, day < until)
    latest = query.order_by(day.desc(), NoteRow.created_at.desc(), NoteRow.id.desc()).limit(limit)
    found = []
    for row, number, title, *said in db.execute(latest):
        note = Note.model_validate(row).model_dump() | dict(zip(KEPT, said, strict=True))
        found.append(BoardNote(**note, number=number, title=title))
    return found[::-1]


def write_note(db: Session, actor: Actor, card_id: UUID, new: NoteCreate) -> Note:
    """Several a day are several notes."""
    card = card_to_change(db, actor, card_id)
    row = NoteRow(
        card_id=card_id,
        author_id=actor.id,
        author=actor.name,
        day=new.day or clock.now().astimezone(ZoneInfo(settings().tz_default)).date(),
        created_at=clock.now(),
        edited_at=None,
        **new.model_dump(include=set(PARTS)),
    )
    db.add(row)
    tell(db, actor, card, "note", (None, row.day.isoformat()))
    return Note.model_validate(row)


def edit_note(db: Session, actor: Actor, card_id: UUID, note_id: UUID, change: NoteChange) -> Note:
    """Only one's own."""
    card = card_to_change(db, actor, card_id)
    row = _note(db, card_id, note_id)
    require_author(actor, row.author_id, "note")
    before = row.day
    changed = {name: new for name, new in _wanted(change).items() if new != getattr(row, name)}
    if not any(changed.get(part, getattr(row, part)) for part in PARTS):
        raise Invalid(f"text: a note says something. Write at least one of {', '.join(PARTS)}, or delete it.")
    if changed:
        was = {name: getattr(row, name) for name in KEPT}
        db.add(NoteVersionRow(note_id=row.id, until=clock.now(), **was))
        for name, new in changed.items():
            setattr(row, name, new)
        row.edited_at = clock.now()
        tell(db, actor, card, "note", (before.isoformat(), row.day.isoformat()))
    return Note.model_validate(row)


def delete_note(db: Session, actor: Actor, card_id: UUID, note_id: UUID) -> None:
    """One's own, or any as the owner of the board. With all that it ever said, so that no report made anew says it."""
    card = card_to_change(db, actor, card_id)
    row = _note(db, card_id, note_id)
    require_author_or_owner(db, actor, card, row.author_id, "note")
    db.delete(row)
    tell(db, actor, card, "note", (row.day.isoformat(), None))


def _wanted(change: NoteChange) -> dict[str, str | date]:
    return {name: getattr(change, name) for name in change.model_fields_set if getattr(change, name) is not None}


def _note(db: Session, card_id: UUID, note_id: UUID) -> NoteRow:
    query = sa.select(NoteRow).where(NoteRow.card_id == card_id, NoteRow.id == note_id)
    row = db.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such note on this card.")
    return row
