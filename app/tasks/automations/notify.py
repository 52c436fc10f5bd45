"""Telling whoever made an automation that it could not do its work."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.notices import service as notices
from app.notices.schemas import About, NoticeKind
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.naming import link_to
from app.tasks.tables import BoardRow, CardRow


def tell_owner(
    db: Session,
    board_id: UUID,
    owner_id: UUID | None,
    *,
    key: str,
    subject: str,
    text: str,
    card: CardRow | None = None,
) -> None:
    """If they still see the board."""
    board = db.get_one(BoardRow, board_id)
    if owner_id is None or owner_id not in sharing.audience(db, Kind.board, board):
        return
    notices.tell(
        db,
        [owner_id],
        NoticeKind.automation,
        key=key,
        subject=subject,
        text=text,
        link=link_to(board_id, card.id if card else None),
        about=About(Kind.board, board.id, board.name),
        item_id=card.id if card else None,
    )
