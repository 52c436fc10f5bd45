"""The lists of a Trello export as columns, with the names they had and the time they were there."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from app.tasks.exchange.draft import CHANGED, Column, Draft
from app.tasks.exchange.own_fields import own_column
from app.tasks.exchange.reading import Wishes, is_done_name, left_out, why_left_out
from app.tasks.exchange.trello import Action, TBoard, TList, made_at, moment, part, place_of
from app.tasks.exchange.trello_history import READ

LISTS = {"createList", "updateList", "moveListToBoard"}


@dataclass
class ListHistory:
    renamed: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    closed_at: dict[str, datetime] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    arrived: dict[str, datetime] = field(default_factory=dict)  # from another board, with their cards


def list_history(actions: list[Action]) -> ListHistory:
    told = ListHistory()
    for action in sorted(actions, key=lambda one: one.date):
        key, at = part(action.data, "list", "id"), moment(action.date)
        if action.type not in LISTS or not key or not at:
            continue
        if action.type == "moveListToBoard":
            told.created[key] = told.arrived[key] = at
        elif action.type == "createList":
            told.created[key] = at
        elif old := part(action.data, "old", "name"):
            told.renamed[key].append((at, old))
        elif isinstance(action.data.get("old"), dict) and "closed" in action.data["old"]:
            told.closed_at[key] = at
    return told


def columns_of(draft: Draft, board: TBoard, actions: list[Action], told: ListHistory, wishes: Wishes) -> list[Column]:
    """Open lists by their place; closed ones, and lists that only the history names, are there as removed ones."""
    last_seen, away = _last_seen(board), _left_out(draft, board, wishes)
    columns, closed = [], 0
    for one in sorted(board.lists, key=lambda one: (place_of(one.pos), one.id)):
        column = _column(one, told, wishes)
        if one.closed:
            closed += 1
            column.removed_at = told.closed_at.get(one.id) or last_seen.get(one.id) or column.created_at
        elif one.id in away:
            column.removed_at, column.left_out = wishes.now, True
        columns.append(column)
    if closed:
        draft.note(CHANGED, f"Closed lists: {closed}. They are part of the history, and their cards are archived")
    if not any(column.removed_at is None for column in columns):
        columns.append(Column("added", "To do", wishes.now))
        draft.note(CHANGED, "No list of this board is open: a column “To do” was added")
    return [*columns, *_forgotten(draft, actions, {column.key for column in columns}, wishes)]


def _column(one: TList, told: ListHistory, wishes: Wishes) -> Column:
    name = one.name or ""
    column = Column(one.id, name, told.created.get(one.id) or made_at(one.id) or wishes.now)
    column.is_done = is_done_name(name)
    column.renamed = told.renamed.get(one.id, [])
    column.wip_limit, column.wip_mode = (one.soft_limit, "warn") if (one.soft_limit or 0) > 0 else (None, "block")
    own_column(column, one.autoreport)
    if wishes.done is not None:
        column.is_done = name.strip() in wishes.done
    if column.history and not _ends_as_it_is(column, one):
        column.history = []
    return column


def _ends_as_it_is(column: Column, one: TList) -> bool:
    """Not when somebody changed the file, or wants other columns to be done ones: that holds for the past, too."""
    last = column.history[-1]
    now = (column.name, column.is_done, column.wip_limit, bool(one.closed))
    return (last.name, last.is_done, last.wip_limit, last.removed) == now


def _left_out(draft: Draft, board: TBoard, wishes: Wishes) -> set[str]:
    held = Counter(card.id_list or "" for card in board.cards if not card.closed)
    away = left_out(wishes, [(one.id, one.name or "") for one in board.lists if not one.closed], held)
    for one in board.lists:
        if one.id in away:
            draft.note(CHANGED, why_left_out(wishes), f"{one.name} ({held[one.id]} cards)")
    return away


def _last_seen(board: TBoard) -> dict[str, datetime]:
    """Of each list: when one of its cards last changed."""
    found: dict[str, datetime] = {}
    for card in board.cards:
        if card.id_list and (at := moment(card.date_last_activity)):
            found[card.id_list] = max(found.get(card.id_list, at), at)
    return found


def _forgotten(draft: Draft, actions: list[Action], known: set[str], wishes: Wishes) -> list[Column]:
    """Lists that are gone from the file while cards have been in them."""
    gone: dict[str, Column] = {}
    for action in actions:
        if action.type not in READ:
            continue
        for where in ("list", "listBefore", "listAfter"):
            key, name = part(action.data, where, "id"), part(action.data, where, "name")
            if key and key not in known and key not in gone:
                at = moment(action.date) or wishes.now
                gone[key] = Column(key, name or "A list", made_at(key) or at, is_done_name(name), removed_at=wishes.now)
                draft.note(CHANGED, "Lists that only the history names: they are part of the history", name)
    return list(gone.values())
