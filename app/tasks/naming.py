"""What a card is called, and where it is found, in words that leave the board."""

from uuid import UUID

from app.tasks.tables import CardRow


def title_of(card: CardRow) -> str:
    return f"#{card.number} {card.title}"


def link_to(board_id: UUID, card_id: UUID | None = None) -> str:
    return f"/board?board={board_id}" + (f"&card={card_id}" if card_id else "")
