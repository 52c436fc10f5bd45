"""Mirrors of a Trello export: they show a card that stands elsewhere, and are none themselves."""

from typing import Any

from app.tasks.exchange.draft import LEFT, Draft
from app.tasks.exchange.trello import TBoard, TCard, part
from app.tasks.exchange.trello_notes import COMMENTS

TEXT = "Mirrors of cards: the card itself is here if it stands on this board"
NAMED = 200  # with so many the report is still read


def leave_mirrors(draft: Draft, board: TBoard, raw: dict[str, Any]) -> None:
    """Each is named in the report. One with something of its own on it stays, as an ordinary card."""
    actions = board.actions or []
    own = {part(action.data, "card", "id") for action in actions if action.type in COMMENTS}
    own |= {checklist.id_card or "" for checklist in board.checklists or []}
    names = {card.id: card.name or "" for card in board.cards}
    mirrors = {card.id for card in board.cards if _is_mirror(card) and card.id not in own and not _holds_own(card)}
    for card in board.cards:
        if card.id in mirrors:
            shown = names.get(card.mirror_source_id or "")
            draft.note(LEFT, TEXT, f"{card.name} (“{shown}”)" if shown else card.name or card.id, most=NAMED)
        elif _is_mirror(card):
            text = "What mirrors of cards show: they have something of their own and are ordinary cards now"
            draft.note(LEFT, text, card.name or card.id)
    board.cards = [card for card in board.cards if card.id not in mirrors]
    board.actions = [action for action in actions if part(action.data, "card", "id") not in mirrors]
    if of_mirrors := len(actions) - len(board.actions):
        draft.note(LEFT, f"Actions of such mirrors: {of_mirrors}")
    raw["cards"] = [card for card in raw["cards"] if card["id"] not in mirrors]


def _is_mirror(card: TCard) -> bool:
    return card.card_role == "mirror" or bool(card.mirror_source_id)


def _holds_own(card: TCard) -> bool:
    return any((card.desc, card.checklists, card.attachments, card.custom_field_items))
