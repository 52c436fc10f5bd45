"""A draft becomes a board, in bulk and in the caller's transaction: all of it, or nothing.

Whoever listens to what happens to cards is not told: what is imported happened long ago, and elsewhere.
"""

from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor
from app.sharing import service as sharing
from app.sharing.schemas import Kind, ShareCreate
from app.tasks.exchange.circles import check_blockers
from app.tasks.exchange.draft import CHANGED, KEPT, Draft, describe
from app.tasks.exchange.ids import Ids, new_ids
from app.tasks.exchange.people import match
from app.tasks.exchange.store_automations import store_automations
from app.tasks.exchange.store_cards import store_cards, store_details
from app.tasks.exchange.store_history import store_history
from app.tasks.exchange.store_layout import store_layout
from app.tasks.schemas import BoardOptions
from app.tasks.tables import BoardRow


def store(
    db: Session, actor: Actor, draft: Draft, *, name: str, origin: str, share_with: list[ShareCreate] | None
) -> UUID:
    """Raises Invalid where cards wait for each other in a circle."""
    check_blockers(draft.cards)
    now = clock.now()
    board = BoardRow(name=name, owner_id=actor.id, created_at=now, options=_options(draft), revision=1)
    db.add(board)
    db.flush()
    sharing.share_new(db, actor, Kind.board, board.id, share_with=share_with)
    ids = new_ids(draft, board.id, match(draft.people, who_sees(db, board)))
    _keep_strangers(draft, ids)
    for card in draft.cards:
        describe(card, origin)
    store_layout(db, actor, draft, ids)
    board.last_number = store_cards(db, actor, draft, ids)
    store_details(db, actor, draft, ids)
    store_history(db, draft, ids)
    store_automations(db, actor, draft, ids)
    audit.record(db, actor, Action.board_imported, board.id, name=name, cards=len(ids.cards))
    db.flush()
    return board.id


def _options(draft: Draft) -> dict[str, Any]:
    try:
        return BoardOptions.model_validate(draft.options).model_dump(mode="json")
    except ValidationError:
        draft.note(CHANGED, "Options of the board that do not fit here: it has the usual ones")
        return BoardOptions().model_dump(mode="json")


def who_sees(db: Session, board: BoardRow) -> list[Actor]:
    """Whom cards and comments of the file can belong to."""
    seen = sharing.audience(db, Kind.board, board)
    return [person for person in accounts.active_people(db) if person.id in seen]


def _keep_strangers(draft: Draft, ids: Ids) -> None:
    for card in draft.cards:
        strangers = [ids.person_names.get(key, key) for key in card.members if key not in ids.people]
        if strangers:
            card.extras.append(f"Assigned to: {', '.join(strangers)}")
            draft.note(KEPT, "People on cards who have no account here, or do not see the board", ", ".join(strangers))
