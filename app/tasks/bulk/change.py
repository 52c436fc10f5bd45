"""One change for many cards of a board: all of them or none, in a number of statements that does not grow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role
from app.tasks.access import access_room
from app.tasks.bulk.choose import Refusals, chosen_cards
from app.tasks.bulk.edits import Editor, facts_of
from app.tasks.bulk.gap import ranks_at
from app.tasks.bulk.places import Mover, homes_of
from app.tasks.bulk.schemas import BulkDone, BulkEdit, CardsChange
from app.tasks.bulk.steps import Was, fields_of, places_of, remember_all
from app.tasks.details.files import forget_files
from app.tasks.record import Line, bump, log_cards
from app.tasks.schemas import EventKind
from app.tasks.tables import BoardRow, CardRow

KINDS = {"archive": EventKind.archived, "revive": EventKind.revived, "delete": EventKind.deleted}


@dataclass
class Batch:
    """What one bulk edit works on."""

    db: Session
    actor: Actor
    board: BoardRow
    change: CardsChange
    cards: list[CardRow]
    refusals: Refusals
    mover: Mover
    was: dict[UUID, Was] = field(default_factory=dict)


def change_cards(db: Session, actor: Actor, board_id: UUID, edit: BulkEdit) -> BulkDone:
    """Raises CardsRefused with every card that cannot be changed, CountChanged, FilterError."""
    board = access_room(db, actor, board_id)
    with db.begin_nested():  # whoever catches a refusal finds everything as it was
        refusals = Refusals()
        cards = chosen_cards(db, actor, board, edit, refusals)
        batch = Batch(db, actor, board, edit.change, cards, refusals, Mover(db, board, refusals))
        places = places_of(db, board.id, cards)
        batch.was = {card.id: Was(card, places[card.id], facts_of(card), card.version) for card in cards}
        changed = STEPS[edit.change.action](batch)
        db.flush()
    if changed:
        told = edit.model_dump(mode="json", exclude_unset=True, exclude={"card_ids", "versions"})
        audit.record(db, actor, Action.cards_changed, board.id, name=board.name, cards=changed, **told)
    revision = db.scalar(sa.select(BoardRow.revision).where(BoardRow.id == board.id)) or 0
    unchanged = len(cards) - changed
    return BulkDone(changed=changed, unchanged=unchanged, revision=revision, warnings=batch.mover.room.warnings())


def _edit(batch: Batch) -> int:
    change, given = batch.change, batch.change.model_fields_set
    for card in batch.cards:
        if card.archived_at is not None:
            batch.refusals.add(card, "It is archived. Bring it back first.")
    batch.refusals.check(len(batch.cards))
    editor = Editor(batch.db, batch.actor, batch.board, change)
    if change.column_id:
        column, anchors = batch.mover.column(change.column_id), (change.after_id, change.before_id)
        coming = [card.id for card in batch.cards if card.column_id != column.id]
        batch.mover.ranks = ranks_at(batch.db, column, coming, anchors) if any(anchors) and coming else []
    batch.mover.check_lane(change.lane_id)
    places = [
        (card, (change.column_id or card.column_id, change.lane_id if "lane_id" in given else card.lane_id))
        for card in batch.cards
    ]
    with batch.db.no_autoflush:
        batch.mover.move(places)
        editor.set_fields(batch.cards, batch.refusals)
        batch.refusals.check(len(batch.cards))
    editor.set_belongings(batch.cards)
    return _log_edits(batch, editor)


def _log_edits(batch: Batch, editor: Editor) -> int:
    lines, edits = [], []
    columns = batch.mover.columns
    for card in batch.cards:
        was = batch.was[card.id]
        before, after = fields_of(was.facts), fields_of(facts_of(card))
        origin = columns[UUID(was.place["column_id"])]
        lane_before = UUID(was.place["lane_id"]) if was.place["lane_id"] else None
        moved = (origin.id, lane_before) != (card.column_id, card.lane_id)
        changes = editor.told(was.facts, facts_of(card))
        if not moved and not changes:
            continue
        edits += _edits_of(was, before, after, moved=moved)
        kind, target = EventKind.moved if moved else EventKind.changed, columns[card.column_id]  # type: ignore[index]
        lines.append(Line(card, kind, origin, target, lane_before, changes))
    return _tell(batch, lines, edits)


def _tell(batch: Batch, lines: Sequence[Line], edits: Sequence[dict[str, Any]]) -> int:
    """Remembered after the rules had their turn: what they made of a card does not keep it from going back."""
    log_cards(batch.db, batch.actor, batch.board.id, lines)
    last = {edit["card_id"]: edit for edit in edits}
    for line in lines:
        last[line.card.id]["version_after"] = line.card.version
    remember_all(batch.db, batch.actor, batch.board.id, _last_first(edits))
    return len(lines)


def _edits_of(was: Was, before: dict[str, Any], after: dict[str, Any], *, moved: bool) -> list[dict[str, Any]]:
    """The move first, then what else is different once a move back has brought its category back."""
    edits = []
    if moved:
        edits.append(_edit_row(was, EventKind.moved, was.place, {}))
    differ = [name for name in after if before[name] != after[name]]
    if differ and not (moved and differ == ["category"] and _came_with_the_column(was)):
        fields = [{"fields": {name: facts[name] for name in differ}} for facts in (before, after)]
        edits.append(_edit_row(was, EventKind.changed, *fields))
    return edits


def _came_with_the_column(was: Was) -> bool:
    """The category came with the column, so it goes with it."""
    return (was.card.completed_at is None) != (was.place["completed_at"] is None)


def _edit_row(was: Was, kind: EventKind, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Each edit of a card is a version of its own, so that they are taken back one after the other."""
    version, was.card.version = was.card.version, was.card.version + 1
    facts = {"card_id": was.card.id, "kind": kind.value, "before": before, "after": after}
    return {**facts, "version_before": version, "version_after": version + 1}


def _last_first(edits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cards in reverse, the edits of one card in their order."""
    cards: dict[UUID, list[dict[str, Any]]] = {}
    for edit in edits:
        cards.setdefault(edit["card_id"], []).append(edit)
    return [edit for one in reversed(cards.values()) for edit in one]


def _archive(batch: Batch) -> int:
    cards = [card for card in batch.cards if card.archived_at is None]
    batch.refusals.check(len(batch.cards))
    lines, edits = [], []
    for card in cards:
        origin = batch.mover.columns[card.column_id]  # type: ignore[index]  # it is on the board
        card.column_id, card.rank, card.archived_at = None, None, clock.now()
        was = batch.was[card.id]
        edits.append(_edit_row(was, EventKind.archived, was.place, {"archived": True}))
        lines.append(Line(card, EventKind.archived, origin))
    return _tell(batch, lines, edits)


def _revive(batch: Batch) -> int:
    """Each to the end of the column it was in, or of the first one if that is gone."""
    cards = [card for card in batch.cards if card.archived_at is not None]
    homes, columns = homes_of(batch.db, [card.id for card in cards]), batch.mover.columns
    first = next(iter(columns))
    places = []
    for card in cards:
        home = homes.get(card.id)
        places.append((card, (home if home in columns else first, card.lane_id)))
    with batch.db.no_autoflush:
        batch.mover.move(places)
        batch.refusals.check(len(batch.cards))
    lines, edits = [], []
    for card in cards:
        was, before = batch.was[card.id], batch.was[card.id].facts["category"]
        edits.append(_edit_row(was, EventKind.revived, was.place, {}))
        changes = {"category": [before, card.category]} if before != card.category else {}
        lines.append(Line(card, EventKind.revived, target=columns[card.column_id], changes=changes))  # type: ignore[index]
    return _tell(batch, lines, edits)


def _delete(batch: Batch) -> int:
    """For good, but their histories stay. Only by their owner, the board's owner or an administrator."""
    actor, board = batch.actor, batch.board
    for card in batch.cards:
        if actor.id not in (card.owner_id, board.owner_id) and not actor.role.includes(Role.admin):
            batch.refusals.add(card, "Only its owner, the board's owner or an administrator may delete it.")
        elif card.archived_at is None:
            batch.refusals.add(card, "Archive it first; only archived cards can be deleted.")
    batch.refusals.check(len(batch.cards))
    log_cards(batch.db, actor, board.id, [Line(card, EventKind.deleted) for card in batch.cards])
    gone = CardRow.id.in_([card.id for card in batch.cards])
    forget_files(batch.db, gone)
    for card in batch.cards:
        batch.db.expunge(card)
    batch.db.execute(sa.delete(CardRow).where(gone), execution_options={"synchronize_session": False})
    board.whole_from = bump(batch.db, board.id)
    return len(batch.cards)


STEPS = {None: _edit, "archive": _archive, "revive": _revive, "delete": _delete}
