"""How a change of what hangs on a card begins and ends."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import Forbidden
from app.tasks.access import access_card, check_on_board
from app.tasks.record import log_card
from app.tasks.schemas import EventKind
from app.tasks.tables import BoardRow, CardRow, ColumnRow


def card_to_change(db: Session, actor: Actor, card_id: UUID) -> CardRow:
    """Takes the board's lock. Raises NotFound, Forbidden, CardIsArchived."""
    card = access_card(db, actor, card_id, write=True)
    check_on_board(card)
    return card


def tell(db: Session, actor: Actor, card: CardRow, field: str, change: tuple[str | None, str | None]) -> None:
    """One line in the card's history. Its version stays: what somebody writes in its fields is not outdated by it."""
    db.flush()
    column = db.get_one(ColumnRow, card.column_id)
    log_card(db, actor, card, EventKind.changed, origin=column, target=column, changes={field: list(change)})


def require_author(actor: Actor, author_id: UUID | None, thing: str) -> None:
    if actor.id is None or actor.id != author_id:
        raise Forbidden(f"Only who wrote this {thing} may change it.")


def require_author_or_owner(db: Session, actor: Actor, card: CardRow, author_id: UUID | None, thing: str) -> None:
    """Whoever keeps a board in order may take away what others have put there."""
    if actor.role is Role.admin or (actor.id is not None and actor.id == author_id):
        return
    if actor.id != db.get_one(BoardRow, card.board_id).owner_id or actor.id is None:
        raise Forbidden(f"Only who put this {thing} here, the board's owner or an administrator may delete it.")
