"""The one way into notices: features tell, people read, and choose what they want to be told."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.errors import NotFound
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.notices.digests import due_digests, take_digest
from app.notices.keep import KEEP_DAYS, delete_old
from app.notices.schemas import (
    About,
    MailMode,
    Notice,
    NoticeKind,
    NoticeSettings,
    NoticeSettingsChange,
    Unread,
)
from app.notices.sight import still_seen
from app.notices.tables import NoticeRow, NoticeSettingsRow

__all__ = ["KEEP_DAYS", "delete_old", "due_digests", "take_digest"]

MOST_COUNTED = 99
LONGEST = {"subject": 300, "text": 500}
Column = sa.ColumnElement[UUID] | InstrumentedAttribute[UUID]


class NoticeNotFound(NotFound):
    """There is no such notice, or it is about something that you no longer see."""


def tell(
    db: Session,
    person_ids: Iterable[UUID],
    kind: NoticeKind,
    *,
    key: str,
    subject: str,
    text: str,
    link: str,
    about: About | None = None,
    item_id: UUID | None = None,
) -> set[UUID]:
    """Whoever has been told under this key, or has muted this kind, is left out. The answer is who was told now.

    In the caller's transaction and in one statement. That they may see what they are told of, and that nobody is told
    of what they did themselves, is the caller's duty; `about` hides the notice from whoever loses sight of it later.
    """
    # In one order, so that two transactions that tell the same people wait for each other and never in a circle.
    wanted = sorted(set(person_ids))
    if not wanted:
        return set()
    values = {
        "kind": kind.value,
        "key": key,
        "subject": _short(subject, "subject"),
        "text": _short(text, "text"),
        "link": link,
        "about": about.name if about else "",
        "about_kind": about.kind.value if about else None,
        "about_id": about.id if about else None,
        "item_id": item_id,
        "at": clock.now(),
    }
    who = sa.func.unnest(sa.cast(wanted, ARRAY(sa.Uuid))).table_valued("id").render_derived(name="who")
    columns = [sa.literal(value, NoticeRow.__table__.c[name].type) for name, value in values.items()]
    rows = sa.select(who.c.id, *columns).where(wants(who.c.id, kind)).order_by(who.c.id)
    told = insert(NoticeRow).from_select(["person_id", *values], rows)
    return set(db.scalars(told.on_conflict_do_nothing().returning(NoticeRow.person_id)))


def wants(person_id: Column, kind: NoticeKind) -> sa.ColumnElement[bool]:
    """For WHERE: who has not muted this kind."""
    is_muted = sa.literal(kind.value) == sa.any_(NoticeSettingsRow.muted)
    muted = sa.select(sa.literal(1)).where(NoticeSettingsRow.person_id == person_id, is_muted)
    return ~muted.exists()


def untold(person_id: Column, key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """For WHERE: who has not been told under this key."""
    told = sa.select(sa.literal(1)).where(NoticeRow.person_id == person_id, NoticeRow.key == key)
    return ~told.exists()


def today_of(person_id: Column) -> sa.ColumnElement[date]:
    """For SELECT: which day it is where that person is."""
    zone = sa.select(NoticeSettingsRow.zone).where(NoticeSettingsRow.person_id == person_id).scalar_subquery()
    now = sa.literal(clock.now(), sa.DateTime(timezone=True))
    return sa.cast(sa.func.timezone(sa.func.coalesce(zone, settings().tz_default), now), sa.Date())


def take_back(db: Session, *, key: str | None = None, item_ids: Collection[UUID] = ()) -> None:
    """What was told is gone, and its text with it: of one key, or of everything about some items."""
    wanted = NoticeRow.key == key if key is not None else NoticeRow.item_id.in_(item_ids)
    db.execute(sa.delete(NoticeRow).where(wanted), execution_options={"synchronize_session": False})


def rewrite(db: Session, *, item_id: UUID, key: str, text: str) -> None:
    """What was told says now what its source says: words that were taken out of that must not live on here."""
    told = sa.update(NoticeRow).where(NoticeRow.item_id == item_id, NoticeRow.key == key)
    db.execute(told.values(text=_short(text, "text")), execution_options={"synchronize_session": False})


def notices(
    db: Session, actor: Actor, *, unread: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[Notice]:
    """Unread ones first, each part newest first."""
    query = _mine(actor)
    if unread:
        query = query.where(NoticeRow.read_at.is_(None))
    by = (sa.type_coerce(NoticeRow.read_at.is_(None), sa.Boolean()), NoticeRow.at, NoticeRow.id)
    show = Notice.model_validate
    return fetch_page(db, query, show, *by, limit=limit, cursor=cursor, newest_first=True)


def unread_count(db: Session, actor: Actor) -> Unread:
    """One query that looks at unread ones only, and at not many of them: each page asks it."""
    some = _mine(actor).where(NoticeRow.read_at.is_(None)).with_only_columns(NoticeRow.id).limit(MOST_COUNTED + 1)
    found = db.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0
    return Unread(unread=min(found, MOST_COUNTED), more=found > MOST_COUNTED)


def mark_read(db: Session, actor: Actor, notice_id: UUID) -> Notice:
    """Doing it twice does it once. Raises NoticeNotFound."""
    row = db.scalar(_mine(actor).where(NoticeRow.id == notice_id))
    if row is None:
        raise NoticeNotFound
    row.read_at = row.read_at or clock.now()
    db.flush()
    return Notice.model_validate(row)


def mark_all_read(db: Session, actor: Actor) -> int:
    """How many were unread."""
    require_role(actor, Role.viewer)
    mine = sa.and_(NoticeRow.person_id == actor.id, NoticeRow.read_at.is_(None), still_seen(actor))
    change = sa.update(NoticeRow).where(mine).values(read_at=clock.now()).returning(NoticeRow.id)
    return len(db.scalars(change.execution_options(synchronize_session=False)).all())


def notice_settings(db: Session, actor: Actor) -> NoticeSettings:
    require_role(actor, Role.viewer)
    row = db.get(NoticeSettingsRow, actor.id, populate_existing=True) if actor.id else None
    return NoticeSettings.model_validate(row) if row else NoticeSettings()


def change_settings(db: Session, actor: Actor, change: NoticeSettingsChange) -> NoticeSettings:
    """Takes effect with the next notice. Mails that are switched on tell what comes from now on."""
    before = notice_settings(db, actor)
    given = change.model_dump(mode="json", exclude_none=True)
    after = NoticeSettings.model_validate({**before.model_dump(), **given})
    values = {**after.model_dump(mode="json"), "muted": sorted(set(after.muted))}
    put = insert(NoticeSettingsRow).values(person_id=actor.id, mail_since=clock.now(), **values)
    if before.mail is MailMode.off and after.mail is not MailMode.off:
        values["mail_since"] = clock.now()
    db.execute(put.on_conflict_do_update(index_elements=["person_id"], set_=values))
    return notice_settings(db, actor)


def _mine(actor: Actor) -> sa.Select[NoticeRow]:
    require_role(actor, Role.viewer)
    query = sa.select(NoticeRow).where(NoticeRow.person_id == actor.id, still_seen(actor))
    return query.execution_options(populate_existing=True)


def _short(text: str, field: str) -> str:
    limit = LONGEST[field]
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
