"""What a card went through, told from the actions of a Trello export: forwards where it was, backwards what it was.

An export holds the last thousand actions only. What is missing before them is not invented but for two lines without
which no figure would be right: when the card was made, and that it is where it is now.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.tasks.exchange.draft import Card, Event, State
from app.tasks.exchange.own_fields import OwnState, own_state, state_of
from app.tasks.exchange.trello import Action, day, made_at, moment, part

MADE = {"createCard", "copyCard", "convertToCardFromCheckItem", "emailCard", "moveCardToBoard"}
LEAVES = {"moveCardFromBoard", "deleteCard"}
MEMBERS = {"addMemberToCard", "removeMemberFromCard"}
LABELS = {"addLabelToCard", "removeLabelFromCard"}
READ = MADE | LEAVES | MEMBERS | LABELS | {"updateCard"}
NOT_TOLD = "…"
FIELDS = {"name": "title", "desc": "description", "due": "due_on", "start": "start_on"}


@dataclass
class Step:
    """One thing that happened; `undo` turns the state after it into the one before."""

    at: datetime
    person: str
    kind: str
    origin: str | None = None
    target: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    undo: Callable[[State], State] = replace
    own: OwnState | None = None  # told by ourselves, with nothing left to work out


@dataclass
class Story:
    """What is known of the board: lists that complete cards, and the first one, for what no action tells."""

    done: set[str]
    first: str | None
    zone: ZoneInfo
    now: datetime
    since: datetime | None = None  # when the board was made
    arrived: dict[str, datetime] = field(default_factory=dict)  # lists that came from another board
    people: frozenset[str] = frozenset()

    def on_board(self, place: str | None) -> datetime | None:
        """Before that, no card that is first known in this list was on the board."""
        return max((at for at in (self.since, self.arrived.get(place or "")) if at), default=None)


def steps_of(actions: list[Action], zone: ZoneInfo) -> list[Step]:
    """Oldest first. An action that cannot be dated is left out; the reader counts those."""
    steps: list[Step] = []
    for action in sorted(actions, key=lambda one: (moment(one.date) is None, moment(one.date) or one.date, one.id)):
        if at := moment(action.date):
            steps += _steps(action, at, action.id_member_creator or "", zone)
    return steps


def _steps(action: Action, at: datetime, person: str, zone: ZoneInfo) -> list[Step]:
    data = action.data
    if own := own_state(data):
        return [Step(own.at, own.person, own.kind, own.from_column, own.column, own.changes, own=own)]
    if action.type in MADE:
        return [Step(at, person, "created", target=part(data, "list", "id") or None)]
    if action.type in LEAVES:
        return [
            Step(at, person, "deleted" if action.type == "deleteCard" else "archived", part(data, "list", "id") or None)
        ]
    if action.type in MEMBERS:
        return [_membership(at, person, "members", _person_of(data), added=action.type.startswith("add"))]
    if action.type in LABELS:
        return [_membership(at, person, "labels", part(data, "label", "id"), added=action.type.startswith("add"))]
    return _update(data, at, person, zone) if action.type == "updateCard" else []


def _person_of(data: dict[str, Any]) -> str:
    return part(data, "idMember") or part(data, "member", "id")


def _membership(at: datetime, person: str, what: str, key: str, *, added: bool) -> Step:
    def undo(state: State) -> State:
        without = tuple(one for one in getattr(state, what) if one != key)
        before = without if added else (*without, key)
        return replace(state, labels=before) if what == "labels" else replace(state, members=before)

    return Step(at, person, "changed", changes={what: key}, undo=undo)


def _update(data: dict[str, Any], at: datetime, person: str, zone: ZoneInfo) -> list[Step]:
    old = data.get("old")
    old = old if isinstance(old, dict) else {}
    steps = []
    moved_to = part(data, "card", "idList") if "idList" in old else ""
    if target := part(data, "listAfter", "id") or moved_to:
        steps.append(Step(at, person, "moved", part(data, "listBefore", "id") or part(old, "idList") or None, target))
    if isinstance(old.get("closed"), bool):
        steps.append(Step(at, person, "revived" if old["closed"] else "archived"))
    changes = {FIELDS[name]: _change(name, old[name], data, zone) for name in FIELDS if name in old}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        steps.append(Step(at, person, "changed", changes=changes, undo=_field_undo(old, zone)))
    return steps


def _change(name: str, before: Any, data: dict[str, Any], zone: ZoneInfo) -> list[str | None]:
    texts = [before if isinstance(before, str) else None, part(data, "card", name) or None]
    if name in ("name", "desc"):
        return [texts[0], NOT_TOLD] if _only_that(name, data) else texts
    days = [day(text, zone) for text in texts]
    return [one.isoformat() if one else None for one in days]


def _only_that(name: str, data: dict[str, Any]) -> bool:
    """Until 2014 an action said only that there is a text now."""
    card = data.get("card")
    return isinstance(card, dict) and card.get(name) is True


def _field_undo(old: dict[str, Any], zone: ZoneInfo) -> Callable[[State], State]:
    def undo(state: State) -> State:
        if isinstance(old.get("name"), str):
            state = replace(state, title=old["name"])
        if "due" in old:
            state = replace(state, due_on=day(old["due"] if isinstance(old["due"], str) else None, zone))
        return state

    return undo


def tell(card: Card, steps: list[Step], story: Story, *, last_seen: datetime | None, deleted: bool = False) -> set[str]:
    """Gives the card its events and the times that follow from them. The answer names what had to be assumed."""
    assumed: set[str] = set()
    if steps and steps[0].kind == "created" and all(step.own for step in steps):
        return _as_told(card, steps)
    steps = _begun(card, steps, story, assumed)
    steps = _ended(card, steps, story, assumed, last_seen=last_seen, deleted=deleted)
    states = _states(card, steps)
    place, completed = steps[0].target, None
    for number, (step, state) in enumerate(zip(steps, states, strict=True)):
        before, place = place, _place_after(step, place)
        if step.kind in ("created", "moved", "revived"):
            completed = (completed or step.at) if place in story.done else None
        state = replace(state, column=place, completed_at=completed, category=_category(state, completed))
        origin = before if number and step.kind not in ("created", "revived", "deleted") else None
        target = place if step.kind not in ("archived", "deleted") else None
        changes = _with_before(step.changes, states[number - 1] if number else state, state)
        card.events.append(Event(step.at, step.kind, step.person, state, origin, target, changes=changes))
    card.created_at, card.completed_at = steps[0].at, completed
    card.category = _category(card, completed)
    if card.archived_at:
        card.home = place
        card.archived_at = next((step.at for step in reversed(steps) if step.kind == "archived"), card.archived_at)
    return assumed


def _with_before(changes: dict[str, Any], before: State, after: State) -> dict[str, Any]:
    """Labels and members as two lists, like every other change."""
    sets = {what: [list(getattr(before, what)), list(getattr(after, what))] for what in ("labels", "members")}
    return {what: sets.get(what, pair) for what, pair in changes.items()}


def _as_told(card: Card, steps: list[Step]) -> set[str]:
    for step in steps:
        assert step.own
        state, target = state_of(step.own), None if step.kind in ("archived", "deleted") else step.target
        event = Event(step.at, step.kind, step.person, state, step.origin, target, step.own.from_lane, step.changes)
        card.events.append(event)
    card.created_at, card.completed_at = steps[0].at, steps[-1].own.completed_at if steps[-1].own else None
    if card.archived_at:
        off = next((step for step in reversed(steps) if step.kind == "archived"), None)
        card.archived_at, card.home = (off.at, off.origin) if off else (card.archived_at, card.home)
    return set()


def _category(thing: Card | State, completed: datetime | None) -> str:
    if thing.category == "highlight":
        return thing.category
    return "accomplishment" if completed else "in_progress"


def _place_after(step: Step, place: str | None) -> str | None:
    return step.target or place if step.kind in ("created", "moved", "revived") else place


def _begun(card: Card, steps: list[Step], story: Story, assumed: set[str]) -> list[Step]:
    """With exactly one beginning, at the time of the card's id when no action tells it."""
    home = card.column or card.home
    first = next((place for place, step in enumerate(steps) if step.kind == "created"), None)
    moves = [step for step in steps if step.kind == "moved"]
    told = next((step.origin for step in steps if step.origin), None) or home
    if first is None:
        where = told
        made = made_at(card.key) or card.created_at
        at = min([max(made, story.on_board(where) or made), *(step.at for step in steps)])
        if not moves and where in story.done and story.first:
            where = story.first
        assumed.add("beginning")
        return [Step(at, "", "created", target=where or story.first), *steps]
    begin = replace(steps[first], target=steps[first].target or told or story.first)
    later = [replace(step, kind="revived") if step.kind == "created" else step for step in steps[first + 1 :]]
    early = [replace(step, at=begin.at) for step in steps[:first] if step.kind == "changed"]
    return [begin, *early, *later]


def _ended(
    card: Card, steps: list[Step], story: Story, assumed: set[str], *, last_seen: datetime | None, deleted: bool
) -> list[Step]:
    """With the card where it is now, on the board or off it."""
    at = max(steps[-1].at, min(last_seen or steps[-1].at, story.now))
    place, is_off = None, False
    for step in steps:
        place = _place_after(step, place)
        is_off = {"archived": True, "revived": False, "deleted": True}.get(step.kind, is_off)
    ends = list(steps)
    if is_off and card.column:
        ends.append(Step(at, "", "revived"))
    if card.column and card.column != place:
        ends.append(Step(at, "", "moved", place, card.column))
        assumed.add("place")
    elif card.home and card.home != place and not is_off:
        ends.append(Step(at, "", "moved", place, card.home))
        assumed.add("place")
    if card.archived_at and not is_off:
        ends.append(Step(max(at, min(card.archived_at, story.now)), "", "archived"))
    if deleted and steps[-1].kind != "deleted":
        ends.append(Step(at, steps[-1].person, "deleted"))
    return ends


def _states(card: Card, steps: list[Step]) -> list[State]:
    """Of each step, what the card was after it: from what it is now backwards."""
    state = State(
        title=card.title,
        due_on=card.due_on,
        priority=card.priority,
        category=card.category,
        estimate=card.estimate,
        lane=card.lane,
        labels=tuple(card.labels),
        members=tuple(card.members),
    )
    states: list[State] = []
    for step in reversed(steps):
        states.append(state)
        state = step.undo(state)
    return states[::-1]
