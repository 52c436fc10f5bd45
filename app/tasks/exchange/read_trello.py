"""A Trello export becomes a draft: nothing of it is dropped without a line in the report."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.tasks.exchange.draft import CHANGED, KEPT, LEFT, TAKEN, Card, Column, Draft, Label, Person, cut, finish
from app.tasks.exchange.own_fields import own_board, own_card, own_column
from app.tasks.exchange.trello import Action, TBoard, TCard, TLabel, day, decode, made_at, moment, part
from app.tasks.exchange.trello_history import READ, Story, steps_of, tell
from app.tasks.exchange.trello_leftovers import note_leftovers
from app.tasks.exchange.trello_parts import Parts, comments_of

DONE = re.compile(
    r"\b(done|complete|completed|finished|closed|shipped|released|resolved|deployed|live|erledigt|fertig|abgeschlossen"
    r"|terminé|terminée|fini|hecho|terminado|listo|concluído|feito|fatto|completato|klaar|gereed|gotowe|valmis)\b",
    re.IGNORECASE,
)
NOT_DONE = re.compile(r"\b(not|to be|nearly|almost|nicht|definition of)\b", re.IGNORECASE)
COLORS = {
    "green": "green", "yellow": "yellow", "orange": "orange", "red": "red", "purple": "violet", "blue": "blue",
    "sky": "teal", "lime": "green", "pink": "pink", "black": "gray",
}  # fmt: skip
COMMENTS = {"commentCard", "copyCommentCard"}
LISTS = {"createList", "updateList"}
OVER_TIME = 1_000


@dataclass(frozen=True)
class Wishes:
    """`done`: names of the lists that complete a card; None leaves it to their names."""

    zone: ZoneInfo
    now: datetime
    done: frozenset[str] | None = None


def read_trello(content: bytes, wishes: Wishes) -> Draft:
    """Raises NotATrelloBoard."""
    board, raw = decode(content)
    draft = Draft(name=cut((board.name or "").strip(), 80) or "Imported board")
    if len(board.name or "") > 80:
        draft.note(CHANGED, "The name of the board is cut", board.name or "")
    draft.people = _people(board)
    draft.labels = [_label(draft, one.id, one.name, one.color) for one in _labels(board)]
    own_board(draft, board.autoreport)
    actions = board.actions or []
    draft.columns = _columns(draft, board, actions, wishes)
    _cards(draft, board, actions, wishes)
    _note_actions(draft, actions)
    note_leftovers(draft, raw)
    if (board.desc or "").strip():
        draft.note(LEFT, "The description of the board", board.desc or "")
    finish(draft)
    return draft


def is_done_name(name: str) -> bool:
    return bool(DONE.search(name)) and not NOT_DONE.search(name)


def _people(board: TBoard) -> list[Person]:
    """Also those who have left the board since, as far as they have done something."""
    creators = [action.member_creator for action in board.actions or [] if action.member_creator]
    known = {one.id: one for one in (*creators, *(board.members or []))}
    return [
        Person(one.id, (one.full_name or one.username or "Somebody").strip(), one.username or "", one.email or "")
        for one in known.values()
    ]


def _labels(board: TBoard) -> list[TLabel]:
    known = {label.id: label for card in board.cards for label in card.labels or []}
    known.update({label.id: label for label in board.labels or []})
    used = {key for card in board.cards for key in card.id_labels or []} | {
        label.id for card in board.cards for label in card.labels or []
    }
    return [label for label in known.values() if (label.name or "").strip() or label.id in used]


def _label(draft: Draft, key: str, name: str | None, color: str | None) -> Label:
    plain = (color or "").split("_")[0]
    if color and color != plain:
        draft.note(CHANGED, "Light and dark colours of labels are the plain colour now", f"{name or ''} ({color})")
    if plain and plain not in COLORS:
        draft.note(CHANGED, "Colours of labels that are not known here are gray now", f"{name or ''} ({color})")
    return Label(
        key, (name or "").strip() or (color or "label").replace("_", " ").capitalize(), COLORS.get(plain, "gray")
    )


def _columns(draft: Draft, board: TBoard, actions: list[Action], wishes: Wishes) -> list[Column]:
    """Open lists by their place; closed ones, and lists that only the history names, are there as removed ones."""
    renamed, closed_at, created = _list_history(actions)
    last_seen = _last_seen(board)
    columns, closed = [], 0
    for one in sorted(board.lists, key=lambda one: (one.pos or 0, one.id)):
        name = one.name or ""
        column = Column(one.id, name, created.get(one.id) or made_at(one.id) or wishes.now)
        column.is_done = is_done_name(name)
        column.renamed = renamed.get(one.id, [])
        column.wip_limit, column.wip_mode = (one.soft_limit, "warn") if (one.soft_limit or 0) > 0 else (None, "block")
        own_column(column, one.autoreport)
        if wishes.done is not None:
            column.is_done = name.strip() in wishes.done
        if one.closed:
            closed += 1
            column.removed_at = closed_at.get(one.id) or last_seen.get(one.id) or column.created_at
        columns.append(column)
    if closed:
        draft.note(CHANGED, f"Closed lists: {closed}. They are part of the history, and their cards are archived")
    if not any(column.removed_at is None for column in columns):
        columns.append(Column("added", "To do", wishes.now))
        draft.note(CHANGED, "No list of this board is open: a column “To do” was added")
    return [*columns, *_forgotten(draft, actions, {column.key for column in columns}, wishes)]


def _last_seen(board: TBoard) -> dict[str, datetime]:
    """Of each list: when one of its cards last changed."""
    found: dict[str, datetime] = {}
    for card in board.cards:
        if card.id_list and (at := moment(card.date_last_activity)):
            found[card.id_list] = max(found.get(card.id_list, at), at)
    return found


def _list_history(
    actions: list[Action],
) -> tuple[dict[str, list[tuple[datetime, str]]], dict[str, datetime], dict[str, datetime]]:
    renamed: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    closed_at: dict[str, datetime] = {}
    created: dict[str, datetime] = {}
    for action in sorted(actions, key=lambda one: one.date):
        key, at = part(action.data, "list", "id"), moment(action.date)
        if action.type not in LISTS or not key or not at:
            continue
        if action.type == "createList":
            created[key] = at
        elif old := part(action.data, "old", "name"):
            renamed[key].append((at, old))
        elif isinstance(action.data.get("old"), dict) and "closed" in action.data["old"]:
            closed_at[key] = at
    return renamed, closed_at, created


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


def _cards(draft: Draft, board: TBoard, actions: list[Action], wishes: Wishes) -> None:
    of_card: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        of_card[part(action.data, "card", "id")].append(action)
    parts = Parts.of(draft, board, wishes.zone)
    columns = {column.key: column for column in draft.columns}
    story = Story(
        done={column.key for column in draft.columns if column.is_done},
        first=next((column.key for column in draft.columns if column.removed_at is None), None),
        zone=wishes.zone,
        now=wishes.now,
    )
    for one in sorted(board.cards, key=lambda one: (one.pos or 0, one.id)):
        card = _card(draft, one, parts, wishes)
        _place(draft, card, one, columns, wishes)
        own_card(card, one.autoreport)
        _tell(draft, card, of_card.pop(card.key, []), story, one)
        draft.cards.append(card)
    for key in [key for key in of_card if key]:
        _gone(draft, key, of_card[key], story)
    _check_numbers(draft)


def _card(draft: Draft, one: TCard, parts: Parts, wishes: Wishes) -> Card:
    known = parts.labels
    labels = dict.fromkeys([*(one.id_labels or []), *(label.id for label in one.labels or [])])
    card = Card(
        key=one.id,
        title=one.name or "",
        created_at=made_at(one.id) or moment(one.date_last_activity) or wishes.now,
        description=one.desc or "",
        number=one.id_short if (one.id_short or 0) > 0 else None,
        start_on=day(one.start, wishes.zone),
        due_on=day(one.due, wishes.zone),
        labels=[key for key in labels if key in known],
        members=list(dict.fromkeys(one.id_members or [])),
    )
    for text, found in (("start", card.start_on), ("due", card.due_on)):
        given = getattr(one, text)
        if given and found is None:
            card.extras.append(f"{text.capitalize()}: {given}")
            draft.note(KEPT, "Dates that are none", f"{one.name}: {given}")
    if any(len(given or "") > 10 for given in (one.due, one.start)):
        draft.note(CHANGED, "Start and due dates are days now, without the time of day")
    if lost := [key for key in labels if key not in known]:
        draft.note(LEFT, "Labels that are not in the file", f"{one.name}: {', '.join(lost)}")
    parts.fill(card, one)
    return card


def _place(draft: Draft, card: Card, one: TCard, columns: dict[str, Column], wishes: Wishes) -> None:
    """A closed list has no place on the board, so that its cards are in the archive."""
    column = columns.get(one.id_list or "")
    if column is None:
        draft.note(CHANGED, "Cards whose list is not in the file: they are in the first column", one.name or "")
        column = next(column for column in draft.columns if column.removed_at is None)
    if one.closed or column.removed_at is not None:
        card.home = column.key
        at = moment(one.date_closed) or column.removed_at or moment(one.date_last_activity) or wishes.now
        card.archived_at = min(at, wishes.now)
    else:
        card.column = column.key
    if one.due_complete and not column.is_done:
        card.extras.append("Due date marked as complete")
        draft.note(KEPT, "Cards marked as complete that are in no done column", one.name or "")


def _tell(draft: Draft, card: Card, actions: list[Action], story: Story, one: TCard) -> None:
    seen = moment(one.date_completed) or moment(one.date_last_activity)
    steps = steps_of([action for action in actions if action.type in READ], story.zone)
    assumed = tell(card, steps, story, last_seen=seen)
    own_card(card, one.autoreport)
    if "beginning" in assumed:
        draft.note(CHANGED, "Cards whose beginning is not in the file: the time of their id is used", card.title)
    if "place" in assumed:
        draft.note(
            CHANGED, "Cards whose last move is not in the file: the time of their last change is used", card.title
        )
    card.comments += comments_of([action for action in actions if action.type in COMMENTS])


def _gone(draft: Draft, key: str, actions: list[Action], story: Story) -> None:
    """Deleted, or moved to another board: what happened to it here belongs to the figures of this board."""
    steps = steps_of([action for action in actions if action.type in READ], story.zone)
    title = next((part(one.data, "card", "name") for one in actions if part(one.data, "card", "name")), "")
    if comments := [action for action in actions if action.type in COMMENTS]:
        draft.note(LEFT, "Comments on cards that are not on the board any more", f"{title}: {len(comments)}")
    if not steps or steps[-1].kind not in ("archived", "deleted"):
        if steps:
            draft.note(LEFT, "What happened to cards that are not in the file", title or key)
        return
    card = Card(key=key, title=title or "A deleted card", created_at=made_at(key) or steps[0].at, gone=True)
    tell(card, steps, story, last_seen=None, deleted=True)
    draft.cards.append(card)
    draft.note(TAKEN, "Cards that were deleted or moved to another board: their history", card.title)


def _check_numbers(draft: Draft) -> None:
    uses = Counter(card.number for card in draft.cards if card.number)
    for card in draft.cards:
        if card.number and (uses[card.number] > 1 or card.number > 2**31 - 1):
            uses[card.number] -= 1
            draft.note(CHANGED, "Numbers of cards that are there twice or too large: they get new ones", card.title)
            card.number = None


def _note_actions(draft: Draft, actions: list[Action]) -> None:
    taken = Counter(one.type for one in actions if one.type in READ | COMMENTS | LISTS)
    for name, count in sorted(taken.items()):
        draft.note(TAKEN, f"Actions “{name}”: {count}")
    for name, count in sorted(Counter(one.type for one in actions if one.type not in READ | COMMENTS | LISTS).items()):
        draft.note(LEFT, f"Actions “{name[:60]}”: {count}. What they led to is on the board, not when it happened")
    if undated := [one for one in actions if moment(one.date) is None]:
        draft.note(LEFT, f"Actions without a usable date: {len(undated)}", undated[0].date)
    if len(actions) >= OVER_TIME:
        draft.note(
            CHANGED, f"The file holds {len(actions)} actions. Trello exports the last 1,000: older ones are missing"
        )
