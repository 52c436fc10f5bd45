"""What the report says of a Trello export's actions and people: nothing of them goes by without a line."""

from collections import Counter

from app.tasks.exchange.draft import CHANGED, KEPT, LEFT, TAKEN, Draft
from app.tasks.exchange.trello import Action, TBoard, moment
from app.tasks.exchange.trello_history import FIELDS, READ
from app.tasks.exchange.trello_lists import LISTS

COMMENTS = {"commentCard", "copyCommentCard"}
CARD_FIELDS = {*FIELDS, "closed", "idList"}
LIST_FIELDS = {"name", "closed"}
CHANGES = {"updateCard": (CARD_FIELDS, "cards"), "updateList": (LIST_FIELDS, "lists")}
OVER_TIME = 1_000


def once(draft: Draft, actions: list[Action]) -> list[Action]:
    """Programs that put an export together page by page may name an action twice."""
    known = {action.id: action for action in reversed(actions)}
    if more := len(actions) - len(known):
        draft.note(LEFT, f"Actions that are in the file twice: {more}")
    return [action for action in actions if known.get(action.id) is action]


def note_actions(draft: Draft, actions: list[Action]) -> None:
    says = [one for one in actions if one.type not in CHANGES or not _passed_over(one)]
    taken = Counter(one.type for one in says if one.type in READ | COMMENTS | LISTS)
    for name, count in sorted(taken.items()):
        draft.note(TAKEN, f"Actions “{name}”: {count}")
    passed = Counter((name, one.type) for one in actions if one.type in CHANGES for name in _passed_over(one))
    for (name, kind), count in sorted(passed.items()):
        draft.note(LEFT, f"Changes of “{name[:60]}” of {CHANGES[kind][1]}: {count}. Only what it is now is taken over")
    for name, count in sorted(Counter(one.type for one in actions if one.type not in READ | COMMENTS | LISTS).items()):
        draft.note(LEFT, f"Actions “{name[:60]}”: {count}. What they led to is on the board, not when it happened")
    if undated := [one for one in actions if moment(one.date) is None]:
        draft.note(LEFT, f"Actions without a usable date: {len(undated)}", undated[0].date)
    if len(actions) >= OVER_TIME:
        draft.note(
            CHANGED, f"The file holds {len(actions)} actions. Trello exports the last 1,000: older ones are missing"
        )


def _passed_over(action: Action) -> list[str]:
    """Names of the fields that changed, if none of them has a history here."""
    old = action.data.get("old")
    names = list(old) if isinstance(old, dict) else []
    known, _ = CHANGES[action.type]
    return [] if set(names) & known else [str(name) for name in names]


def note_people(draft: Draft, board: TBoard, actions: list[Action]) -> None:
    """Whoever has deleted the account is an id without a name."""
    known = {person.key for person in draft.people}
    nameless = Counter(one.id_member_creator for one in actions if one.id_member_creator not in known)
    for key, count in nameless.items():
        if key:
            draft.note(CHANGED, "People who did something and have no name in the file: “Somebody”", f"{key}: {count}")
    for card in board.cards:
        if any(key not in known for key in card.id_members or []):
            draft.note(
                KEPT, "People on cards who have no name in the file: their id is in the description", card.name or ""
            )
