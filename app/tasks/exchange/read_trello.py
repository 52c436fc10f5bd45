"""A Trello export becomes a draft: nothing of it is dropped without a line in the report."""

from collections import Counter, defaultdict

from app.tasks.exchange.draft import CHANGED, KEPT, LEFT, TAKEN, Card, Column, Draft, Label, Person, cut, finish
from app.tasks.exchange.own_fields import check_lanes, own_board, own_card
from app.tasks.exchange.reading import Wishes
from app.tasks.exchange.trello import Action, TBoard, TCard, TLabel, day, decode, made_at, moment, part, place_of
from app.tasks.exchange.trello_history import READ, Story, steps_of, tell
from app.tasks.exchange.trello_leftovers import note_leftovers
from app.tasks.exchange.trello_lists import columns_of, list_history
from app.tasks.exchange.trello_mirrors import leave_mirrors
from app.tasks.exchange.trello_notes import COMMENTS, note_actions, note_people, once
from app.tasks.exchange.trello_parts import Parts, comments_of

COLORS = {
    "green": "green", "yellow": "yellow", "orange": "orange", "red": "red", "purple": "violet", "blue": "blue",
    "sky": "teal", "lime": "green", "pink": "pink", "black": "gray",
}  # fmt: skip


def read_trello(content: bytes, wishes: Wishes) -> Draft:
    """Raises NotATrelloBoard."""
    board, raw, repeats = decode(content)
    draft = Draft(name=cut((board.name or "").strip(), 80) or "Imported board")
    if len(board.name or "") > 80:
        draft.note(CHANGED, "The name of the board is cut", board.name or "")
    for kind, count in repeats.items():
        draft.note(LEFT, f"{kind.capitalize()} that are in the file once more, word for word: {count}")
    leave_mirrors(draft, board, raw)
    draft.people = _people(board)
    draft.labels = [_label(draft, one.id, one.name, one.color) for one in _labels(draft, board)]
    own_board(draft, board.autoreport)
    actions = once(draft, board.actions or [])
    told = list_history(actions)
    draft.columns = columns_of(draft, board, actions, told, wishes)
    story = Story(
        done={column.key for column in draft.columns if column.is_done},
        first=next((column.key for column in draft.columns if column.removed_at is None), None),
        zone=wishes.zone,
        now=wishes.now,
        since=made_at(board.id),
        arrived=told.arrived,
        people=frozenset(person.key for person in draft.people),
    )
    _cards(draft, board, actions, story)
    check_lanes(draft)
    note_people(draft, board, actions)
    note_actions(draft, actions)
    note_leftovers(draft, raw)
    if (board.desc or "").strip():
        draft.note(LEFT, "The description of the board", board.desc or "")
    finish(draft)
    return draft


def _people(board: TBoard) -> list[Person]:
    """Also those who have left the board since, as far as something was done by them or to them."""
    named = [one for action in board.actions or [] for one in (action.member, action.member_creator) if one]
    known = {one.id: one for one in (*named, *(board.members or [])) if one.id}
    return [
        Person(one.id, (one.full_name or one.username or "Somebody").strip(), one.username or "", one.email or "")
        for one in known.values()
    ]


def _labels(draft: Draft, board: TBoard) -> list[TLabel]:
    names = (board.label_names or {}).items() if board.labels is None else ()
    known = {f"{color}:{name}": TLabel(f"{color}:{name}", name, color) for color, name in names}
    known.update({label.id: label for card in board.cards for label in card.labels or []})
    known.update({label.id: label for label in board.labels or []})
    used = {key for card in board.cards for key in card.id_labels or []} | {
        label.id for card in board.cards for label in card.labels or []
    }
    said = [label for label in known.values() if (label.name or "").strip() or label.id in used]
    if more := len(known) - len(said):
        draft.note(LEFT, f"Labels without a name that no card has: {more}")
    return said


def _label(draft: Draft, key: str, name: str | None, color: str | None) -> Label:
    plain = (color or "").split("_")[0]
    if color and color != plain:
        draft.note(CHANGED, "Light and dark colours of labels are the plain colour now", f"{name or ''} ({color})")
    if plain and plain not in COLORS:
        draft.note(CHANGED, "Colours of labels that are not known here are gray now", f"{name or ''} ({color})")
    return Label(
        key, (name or "").strip() or (color or "label").replace("_", " ").capitalize(), COLORS.get(plain, "gray")
    )


def _cards(draft: Draft, board: TBoard, actions: list[Action], story: Story) -> None:
    of_card: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        of_card[part(action.data, "card", "id")].append(action)
    parts = Parts.of(draft, board, story.zone)
    columns = {column.key: column for column in draft.columns}
    for one in sorted(board.cards, key=lambda one: (place_of(one.pos), one.id)):
        card = _card(draft, one, parts, story)
        _place(draft, card, one, columns, story)
        own_card(card, one.autoreport)
        _tell(draft, card, of_card.pop(card.key, []), story, one)
        draft.cards.append(card)
    for key in [key for key in of_card if key]:
        _gone(draft, key, of_card[key], story)
    _check_numbers(draft)


def _card(draft: Draft, one: TCard, parts: Parts, story: Story) -> Card:
    known = parts.labels
    labels = dict.fromkeys([*(one.id_labels or []), *(label.id for label in one.labels or [])])
    card = Card(
        key=one.id,
        title=one.name or "",
        created_at=made_at(one.id) or moment(one.date_last_activity) or story.now,
        description=one.desc or "",
        number=one.id_short if (one.id_short or 0) > 0 else None,
        start_on=day(one.start, story.zone),
        due_on=day(one.due, story.zone),
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


def _place(draft: Draft, card: Card, one: TCard, columns: dict[str, Column], story: Story) -> None:
    """A closed list has no place on the board, so that its cards are in the archive."""
    column = columns.get(one.id_list or "")
    if column is None:
        draft.note(CHANGED, "Cards whose list is not in the file: they are in the first column", one.name or "")
        column = next(column for column in draft.columns if column.removed_at is None)
    if one.closed or column.removed_at is not None:
        card.home = column.key
        at = moment(one.date_closed) or column.removed_at or moment(one.date_last_activity) or story.now
        card.archived_at = min(at, story.now)
    else:
        card.column = column.key
    if one.due_complete and not column.is_done:
        on = day(one.date_completed, story.zone)
        card.extras.append("Due date marked as complete" + (f" on {on}" if on else ""))
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
    card.comments += comments_of([action for action in actions if action.type in COMMENTS], story.people)


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
