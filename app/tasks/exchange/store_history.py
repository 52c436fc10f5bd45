"""What happened to the cards, as lines of the log that carry their own time."""

from typing import Any

from sqlalchemy.orm import Session

from app.tasks.exchange.draft import Card, Draft, Event, State
from app.tasks.exchange.ids import SOMEBODY, Ids, insert
from app.tasks.tables import TransitionRow


def store_history(db: Session, draft: Draft, ids: Ids) -> None:
    events = [(event, card) for card in draft.cards for event in card.events]
    events.sort(key=lambda pair: pair[0].at)  # keeps the order in which they are told of one card
    insert(db, TransitionRow, (_event_row(event, card, ids) for event, card in events))


def _event_row(event: Event, card: Card, ids: Ids) -> dict[str, Any]:
    person, state = ids.people.get(event.person), event.state
    return {
        "board_id": ids.board,
        "card_id": ids.cards[card.key],
        "number": ids.numbers[card.key],
        "kind": event.kind,
        "at": event.at,
        "person_id": person.id if person else None,
        "person": person.name if person else ids.person_names.get(event.person, SOMEBODY),
        "from_column_id": ids.columns.get(event.origin or ""),
        "from_column": ids.column_name(event.origin, event.at),
        "to_column_id": ids.columns.get(event.target or ""),
        "to_column": ids.column_name(event.target, event.at),
        "from_lane_id": ids.lanes.get(event.from_lane or ""),
        "from_lane": ids.lane_names.get(event.from_lane or ""),
        "to_lane_id": ids.lanes.get(state.lane or ""),
        "to_lane": ids.lane_names.get(state.lane or ""),
        "changes": _named(event.changes, ids),
        "imported": True,
        **_state_fields(state, ids),
    }


def _state_fields(state: State, ids: Ids) -> dict[str, Any]:
    known = ids.label_names
    assignees = {ids.people[key].id: ids.people[key].name for key in state.members if key in ids.people}
    return {
        "title": state.title,
        "priority": state.priority,
        "category": state.category,
        "assignees": [{"id": str(person_id), "name": name} for person_id, name in assignees.items()],
        "labels": list(state.labels) if state.named else [ids.label_names[key] for key in state.labels if key in known],
        "estimate": float(state.estimate) if state.estimate is not None else None,
        "due_on": state.due_on,
        "completed_at": state.completed_at,
    }


def _named(changes: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """Labels and people by their names, as everywhere in the history."""
    shown = dict(changes)
    for what, names in (("labels", ids.label_names), ("members", ids.person_names)):
        if what in shown:
            pair = shown.pop(what)
            shown["assignees" if what == "members" else what] = [_called(side, names) for side in pair]
    return shown


def _called(side: Any, names: dict[str, str]) -> Any:
    """A file of AutoReport holds what its log says, which has the names already."""
    return [names.get(one, one) if isinstance(one, str) else one for one in side] if isinstance(side, list) else side
