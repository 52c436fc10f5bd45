"""The lists below the figures of a board: what each says of a card, and where the card is found. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from app.queries.format import NOTHING
from app.reports.schemas import BoardDone
from app.tasks.summaries.schemas import BlockedCard, BoardSummary, CardState, MovedCard, PlannedCard, ProgressNote

CARDS_SHOWN = 50
NOTE_PARTS = ("text", "issue", "analysis", "timeline", "resolution")
OUTCOMES = {"done": "done", "open": "not done", "dropped": "dropped"}
View = dict[str, Any]
Cells = Callable[[Any], list[str]]


def board_sections(block: BoardDone) -> list[View]:
    """In the order that the block asks for; lists without a card are left out, a plan is not."""
    views = [SECTIONS[name](block) for name in block.sections]
    return [view for view in views if view["rows"] or view["text"]]


def _list(
    title: str, names: tuple[str, str], cells: Cells, cards: Callable[[BoardSummary], Sequence[CardState]],
    total: Callable[[BoardSummary], int], text: Callable[[BoardSummary], str] = lambda _: "",
) -> Callable[[BoardDone], View]:  # fmt: skip
    def view(block: BoardDone) -> View:
        found, count = cards(block.summary), total(block.summary)
        rows = [{"text": _name(card), "href": _href(block, card), "cells": cells(card)} for card in found[:CARDS_SHOWN]]
        note = f"The first {len(rows)} of {count:,} cards." if len(rows) < count else ""
        heading = f"{title} ({count:,})" if count else title
        return {"title": heading, "names": ("Card", *names), "rows": rows, "note": note, "text": text(block.summary)}

    return view


def _notes(block: BoardDone) -> View:
    notes = block.summary.notes
    rows = [
        {"text": _name(note), "href": _href(block, note), "cells": [f"{note.day}, {note.author}", _said(note)]}
        for note in notes[:CARDS_SHOWN]
    ]
    note = f"The first {len(rows)} of {len(notes)} notes." if len(rows) < len(notes) else ""
    return {"title": "Progress notes", "names": ("Card", "When", "Note"), "rows": rows, "note": note, "text": ""}


def _name(card: CardState | ProgressNote) -> str:
    return card.title if card.number is None else f"#{card.number} {card.title}"


def _href(block: BoardDone, card: CardState | ProgressNote) -> str:
    return f"{block.address}&card={card.card_id}" if block.address else ""


def _said(note: ProgressNote) -> str:
    """As it was typed: marks of Markdown are read easily."""
    parts = ((name, getattr(note, name)) for name in NOTE_PARTS)
    return " ".join(text if name == "text" else f"{name.capitalize()}: {text}" for name, text in parts if text)


def _who_and_due(card: CardState) -> list[str]:
    return [card.assignee or NOTHING, card.due_on.isoformat() if card.due_on else NOTHING]


def _way(card: MovedCard) -> list[str]:
    return [card.assignee or NOTHING, f"{card.from_column or NOTHING} → {card.column or 'off the board'}"]


def _waits(card: BlockedCard) -> list[str]:
    return [f"{card.blocked_since:%Y-%m-%d}", ", ".join(card.blocked_by)]


def _outcome(card: PlannedCard) -> list[str]:
    return [OUTCOMES[card.outcome], card.due_on.isoformat() if card.due_on else NOTHING]


def _plan_text(facts: BoardSummary) -> str:
    besides = f"; {facts.unplanned_done} more were done besides" if facts.unplanned_done else ""
    if not facts.planned:
        return f"Nothing was planned{besides}."
    return f"{facts.planned_done} of {facts.planned} planned cards were done{besides}."


def _blocked_text(facts: BoardSummary) -> str:
    days = facts.blocked_days
    return f"Waiting for more than {days} {'day' if days == 1 else 'days'}." if facts.blocked and days else ""


WHO = ("Who", "Due")
SECTIONS: dict[str, Callable[[BoardDone], View]] = {
    "highlights": _list("Highlights", WHO, _who_and_due, lambda s: s.highlights, lambda s: len(s.highlights)),
    "done": _list("Done", WHO, _who_and_due, lambda s: s.done_cards, lambda s: s.done),
    "planned": _list(
        "Planned", ("Outcome", "Due"), _outcome, lambda s: s.planned_cards, lambda s: s.planned, _plan_text
    ),
    "created": _list("New", WHO, _who_and_due, lambda s: s.created_cards, lambda s: s.created),
    "moved": _list("Moved", ("Who", "Way"), _way, lambda s: s.moved_cards, lambda s: s.moved),
    "blocked": _list(
        "Blocked", ("Since", "Waits for"), _waits, lambda s: s.blocked_cards, lambda s: s.blocked, _blocked_text
    ),
    "overdue": _list("Overdue", WHO, _who_and_due, lambda s: s.overdue_cards, lambda s: s.overdue),
    "open": _list("Open", WHO, _who_and_due, lambda s: s.open_cards, lambda s: s.open),
    "next": _list("Next", WHO, _who_and_due, lambda s: s.next_cards, lambda s: s.next),
    "notes": _notes,
}
