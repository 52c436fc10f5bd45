"""The rows of a CSV file as new cards of a board that is there: made now, as if by hand, so no past figure changes.

What the board does not have (a state, a lane, a label, a person) stays readable on the card, and is told.
"""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import Invalid
from app.tasks.access import access_room, columns_of
from app.tasks.belongings import labels_of, lanes_of
from app.tasks.cards import create_card
from app.tasks.details.comments import write_comment
from app.tasks.details.schemas import CommentCreate
from app.tasks.details.tables import ChecklistItemRow
from app.tasks.exchange.draft import CHANGED, KEPT, LEFT, Card, Column, Draft, describe
from app.tasks.exchange.imports import ORIGINS, check_rejects, report_of
from app.tasks.exchange.people import match
from app.tasks.exchange.read import Found
from app.tasks.exchange.schemas import CardsAdded, ImportWishes
from app.tasks.exchange.store import who_sees
from app.tasks.rank import spread
from app.tasks.record import touch_cards
from app.tasks.schemas import CardCreate, WipMode
from app.tasks.tables import BoardRow, CardRow, ColumnRow

MOST = 500  # one by one, with all that a new card sets off
NUMBER = "number"


@dataclass
class Place:
    """What the board has, by its names."""

    board: BoardRow
    columns: dict[str, ColumnRow]
    lanes: dict[str, UUID]
    labels: dict[str, UUID]
    people: dict[str, Actor]
    held: Counter[tuple[UUID, UUID | None]]
    known: set[str]


def add_cards(
    db: Session, actor: Actor, board_id: UUID, found: Found, wishes: ImportWishes, *, preview: bool
) -> CardsAdded:
    """`preview` only tells. Raises RowsRejected, ColumnFull, NotFound, Forbidden."""
    if found.format != "csv":
        raise Invalid("file: a Trello export makes a board of its own. Only rows of a CSV file can be added to one.")
    draft, place = found.draft, _place(db, actor, board_id, found)
    ready = [pair for card in draft.cards if (pair := _fit(draft, place, card, found))]
    if len(ready) > MOST:
        raise Invalid(f"file: it holds {len(ready)} new cards; {MOST} at once can be added. Send it in parts.")
    if not preview:
        check_rejects(found, wishes)
        for card, new in ready:
            _add(db, actor, board_id, card, new)
    counted = Counter(str(new.column_id) for _, new in ready)
    draft.name, draft.cards = place.board.name, [card for card, _ in ready]
    draft.columns = [Column(str(row.id), row.name, clock.now(), row.is_done) for row in place.columns.values()]
    people = {key: person.name for key, person in place.people.items()}
    report = report_of(found, "", people)
    columns = [
        column.model_copy(update={"cards": counted[made.key]})
        for column, made in zip(report.columns, draft.columns, strict=True)
    ]
    told = report.model_copy(update={"columns": columns, "cards": len(ready), "archived": 0, "transitions": len(ready)})
    return CardsAdded(**told.model_dump(), board_id=board_id, added=not preview)


def _place(db: Session, actor: Actor, board_id: UUID, found: Found) -> Place:
    board = access_room(db, actor, board_id)
    rows = sa.select(CardRow.column_id, CardRow.lane_id).where(CardRow.board_id == board_id)
    held = Counter(db.execute(rows.where(CardRow.column_id.is_not(None))).tuples())
    return Place(
        board=board,
        columns={row.name.casefold(): row for row in columns_of(db, board_id).values()},
        lanes={row.name.casefold(): key for key, row in lanes_of(db, board_id).items()},
        labels={row.name.casefold(): key for key, row in labels_of(db, board_id).items()},
        people=match(found.draft.people, who_sees(db, board)),
        held=Counter({(column, lane): count for (column, lane), count in held.items() if column}),
        known=_known(db, board_id, found),
    )


def _known(db: Session, board_id: UUID, found: Found) -> set[str]:
    """Titles of the cards of the board, and the keys that an import wrote under them."""
    cards = sa.select(CardRow.title).where(CardRow.board_id == board_id)
    known = {title.casefold() for title in db.scalars(cards)}
    if header := found.csv.mapping.get(NUMBER) if found.csv else None:
        texts = sa.select(CardRow.description).where(
            CardRow.board_id == board_id, CardRow.description.contains(f"- {header}: ", autoescape=True)
        )
        for text in db.scalars(texts):
            known |= {line.removeprefix("- ") for line in text.splitlines() if line.startswith(f"- {header}: ")}
    return known


def _fit(draft: Draft, place: Place, card: Card, found: Found) -> tuple[Card, CardCreate] | None:
    """None when it is not added: told, or among the rejected rows."""
    mapping = found.csv.mapping if found.csv else {}
    header = mapping.get(NUMBER)
    mark = next((line for line in card.extras if header and line.startswith(f"{header}: ")), card.title.casefold())
    if mark in place.known:
        draft.note(LEFT, "Rows whose key or title is on the board already, or twice in the file", card.title)
        return None
    if _is_archived(draft, card):
        draft.note(LEFT, "Rows that are archived", card.title)
        return None
    column, lane = _column(draft, place, card), _lane(draft, place, card)
    try:
        _take_room(place, column, lane)
        _keep_times(card, mapping)
        new = _create(draft, place, card, column, lane)
    except (ValidationError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        draft.rejects.append((int(card.key), reason))
        return None
    place.known.add(mark)
    return card, new


def _is_archived(draft: Draft, card: Card) -> bool:
    left_out = {column.key for column in draft.columns if column.left_out}
    return card.archived_at is not None and card.home not in left_out


def _column(draft: Draft, place: Place, card: Card) -> ColumnRow:
    name = next((one.name for one in draft.columns if one.key in (card.column, card.home)), "")
    if row := place.columns.get(name.casefold()):
        return row
    first = next(iter(place.columns.values()))
    card.extras.append(f"Column: {name}")
    draft.note(CHANGED, f"Columns that this board does not have: their cards are in “{first.name}”", name)
    return first


def _lane(draft: Draft, place: Place, card: Card) -> UUID | None:
    if card.lane is None or card.lane in place.lanes:
        return place.lanes.get(card.lane or "")
    name = dict(draft.lanes).get(card.lane, card.lane)
    card.extras.append(f"Lane: {name}")
    draft.note(KEPT, "Lanes that this board does not have, as text in the description", name)
    return None


def _take_room(place: Place, column: ColumnRow, lane: UUID | None) -> None:
    """A limit that blocks keeps the row out; one that only warns does not."""
    here = {key: count for key, count in place.held.items() if key[0] == column.id}
    held = here.get((column.id, lane), 0) if column.wip_per_lane else sum(here.values())
    if column.wip_limit is not None and column.wip_mode == WipMode.block and held >= column.wip_limit:
        raise ValueError(f"column: “{column.name}” takes at most {column.wip_limit} cards")
    place.held[(column.id, lane)] += 1


def _create(draft: Draft, place: Place, card: Card, column: ColumnRow, lane: UUID | None) -> CardCreate:
    names = {label.key: label.name for label in draft.labels}
    people = {person.key: person.name for person in draft.people}
    _keep(draft, card, "Label", [names[key] for key in card.labels if key not in place.labels])
    _keep(draft, card, "Assigned to", [people[key] for key in card.members if key not in place.people])
    describe(card, ORIGINS["csv"])
    return CardCreate(
        title=card.title,
        description=card.description,
        priority=card.priority,
        category=card.category,
        start_on=card.start_on,
        due_on=card.due_on,
        estimate=float(card.estimate) if card.estimate is not None else None,
        assignee_ids=list(dict.fromkeys(place.people[key].id for key in card.members if key in place.people)),
        label_ids=[place.labels[key] for key in card.labels if key in place.labels],
        lane_id=lane,
        column_id=column.id,
    )


def _keep(draft: Draft, card: Card, what: str, names: list[str]) -> None:
    if names:
        card.extras.append(f"{what}: {', '.join(names)}")
        kind = "Labels" if what == "Label" else "People"
        draft.note(KEPT, f"{kind} that this board does not have, as text in the description", ", ".join(names))


def _keep_times(card: Card, mapping: dict[str, str]) -> None:
    """On this board it is made now, and completed now if its column is a done one."""
    for field, at in (("created", card.created_at), ("completed", card.completed_at)):
        if field in mapping and at:
            card.extras.append(f"{mapping[field]}: {at:%Y-%m-%d %H:%M} UTC")


def _add(db: Session, actor: Actor, board_id: UUID, card: Card, new: CardCreate) -> None:
    made = create_card(db, actor, board_id, new)
    now = clock.now()
    for item, rank in zip(card.checklist, spread(len(card.checklist)), strict=True):
        row = ChecklistItemRow(card_id=made.id, text=item.text, list=item.heading, rank=rank, created_at=now)
        row.done_at = now if item.done else None
        db.add(row)
    for comment in card.comments:
        write_comment(db, actor, made.id, CommentCreate(text=comment.text))
    if card.checklist:
        db.flush()
        touch_cards(db, board_id, [made.id])
