"""The one way into tasks: boards, cards, moves, history, summaries."""

from app.core.actor import Role
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import CardIsArchived, StaleCard, access_board, access_card
from app.tasks.boards import (
    ColumnNotEmpty,
    assignees,
    board,
    board_revision,
    boards,
    boards_page,
    change_board,
    create_board,
    search_cards,
)
from app.tasks.cards import (
    NotArchived,
    archive_card,
    card,
    card_history,
    card_history_page,
    change_card,
    create_card,
    delete_card,
    revive_card,
)
from app.tasks.mine import my_open_cards
from app.tasks.moves import ColumnFull, NeighboursMoved, move_card
from app.tasks.summaries import board_summary
from app.tasks.tables import BoardRow

sharing.offer_kind(Kind.board, BoardRow, owner_role=Role.member)

__all__ = [
    "CardIsArchived",
    "ColumnFull",
    "ColumnNotEmpty",
    "NeighboursMoved",
    "NotArchived",
    "StaleCard",
    "access_board",
    "access_card",
    "archive_card",
    "assignees",
    "board",
    "board_revision",
    "board_summary",
    "boards",
    "boards_page",
    "card",
    "card_history",
    "card_history_page",
    "change_board",
    "change_card",
    "create_board",
    "create_card",
    "delete_card",
    "move_card",
    "my_open_cards",
    "revive_card",
    "search_cards",
]
