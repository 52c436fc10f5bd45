"""Templates of cards: made by hand or from a card, used with one click."""

from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Conflict, Invalid
from app.core.paging import Page, fetch_page
from app.core.settings import settings
from app.tasks.access import access_board, access_card, access_room
from app.tasks.automations.access import ADD_CARDS, access_row
from app.tasks.automations.content import Place, content_of, make_card
from app.tasks.automations.schemas import CardContent, CardTemplate, Made, TemplateChange, TemplateCreate, TemplateUse
from app.tasks.automations.tables import TemplateRow

MAX_TEMPLATES = 200
BY_NAME = (sa.func.lower(TemplateRow.name, type_=sa.Text()), TemplateRow.id)


class TemplateChanged(Conflict):
    """Somebody else changed this template in the meantime. Look at it again, then repeat your change."""


def card_templates(
    db: Session, actor: Actor, board_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[CardTemplate]:
    """By name."""
    access_board(db, actor, board_id)
    query = sa.select(TemplateRow).where(TemplateRow.board_id == board_id).execution_options(populate_existing=True)
    return fetch_page(db, query, CardTemplate.model_validate, *BY_NAME, limit=limit, cursor=cursor)


def create_card_template(db: Session, actor: Actor, board_id: UUID, new: TemplateCreate) -> CardTemplate:
    """By whoever may write cards on the board."""
    access_room(db, actor, board_id)
    held = sa.select(sa.func.count()).select_from(TemplateRow).where(TemplateRow.board_id == board_id)
    if (db.scalar(held) or 0) >= MAX_TEMPLATES:
        raise Invalid(f"A board has at most {MAX_TEMPLATES} templates of cards. Delete some first.")
    _check_name(db, board_id, new.name)
    content, now = _content(db, actor, board_id, new), clock.now()
    row = TemplateRow(
        board_id=board_id,
        name=new.name,
        content=content.model_dump(mode="json"),
        owner_id=actor.id,
        version=1,
        created_at=now,
        changed_at=now,
    )
    db.add(row)
    db.flush()
    audit.record(db, actor, Action.card_template_created, row.id, board=str(board_id), name=row.name)
    return CardTemplate.model_validate(row)


def change_card_template(db: Session, actor: Actor, template_id: UUID, change: TemplateChange) -> CardTemplate:
    """Cards that were made from it stay as they are. Raises TemplateChanged."""
    row = access_row(db, actor, TemplateRow, template_id, ADD_CARDS)
    if row.version != change.version:
        raise TemplateChanged
    if change.name is not None and change.name.casefold() != row.name.casefold():
        _check_name(db, row.board_id, change.name)
    row.name = change.name or row.name
    if change.content is not None:
        row.content = change.content.model_dump(mode="json")
    row.version += 1
    row.changed_at = clock.now()
    db.flush()
    changed = sorted(change.model_fields_set - {"version"})
    audit.record(db, actor, Action.card_template_changed, row.id, name=row.name, changed=changed)
    return CardTemplate.model_validate(row)


def delete_card_template(db: Session, actor: Actor, template_id: UUID) -> None:
    """Cards that were made from it stay."""
    row = access_row(db, actor, TemplateRow, template_id, ADD_CARDS)
    audit.record(db, actor, Action.card_template_deleted, row.id, board=str(row.board_id), name=row.name)
    db.delete(row)
    db.flush()


def use_card_template(
    db: Session, actor: Actor, template_id: UUID, use: TemplateUse, zone: ZoneInfo | None = None
) -> Made:
    """Its days count from today in `zone`, by default that of TZ_DEFAULT."""
    row = access_row(db, actor, TemplateRow, template_id, ADD_CARDS)
    content = CardContent.model_validate(row.content)
    if use.title:
        content = content.model_copy(update={"title": use.title})
    today = clock.now().astimezone(zone or ZoneInfo(settings().tz_default)).date()
    return make_card(db, actor, row.board_id, content, Place(use.column_id, use.lane_id), today)


def _content(db: Session, actor: Actor, board_id: UUID, new: TemplateCreate) -> CardContent:
    if (new.content is None) == (new.from_card_id is None):
        raise Invalid("content, from_card: give one of them, and not both.")
    if new.content is not None:
        return new.content
    assert new.from_card_id
    card = access_card(db, actor, new.from_card_id)
    if card.board_id != board_id:
        raise Invalid("from_card: this card is on another board.")
    return content_of(db, card)


def _check_name(db: Session, board_id: UUID, name: str) -> None:
    same = sa.func.lower(TemplateRow.name) == sa.func.lower(name)
    if db.scalar(sa.select(TemplateRow.id).where(TemplateRow.board_id == board_id, same)):
        raise Conflict(f"name: this board has a template named “{name}” already. Choose another name.")
