"""A board in the shape of a Trello export, part by part; what Trello has no place for is under `autoreport`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.settings import settings
from app.tasks.details.tables import CommentRow, NoteRow
from app.tasks.exchange.ids import written_here
from app.tasks.exchange.own_fields import NAME
from app.tasks.exchange.references import Kind
from app.tasks.exchange.trello_names import COLORS, People, iso, object_id
from app.tasks.exchange.write_actions import action_of, comment_of, list_actions
from app.tasks.exchange.write_automations import automations_of
from app.tasks.exchange.write_rows import AT_ONCE, Frame, Hanging, cards, frame, hanging, homes
from app.tasks.tables import CardRow, ColumnChangeRow, ColumnRow, TransitionRow

STEP = 16384
Told = dict[UUID, list[ColumnChangeRow]]


@dataclass
class Keys:
    """What everything is called in the file."""

    cards: dict[UUID, str]
    columns: dict[UUID, str]
    lanes: dict[UUID, str]
    labels: dict[UUID, str]
    people: People

    def column(self, column_id: UUID | None) -> str | None:
        return self.columns.get(column_id) if column_id else None

    def name(self, people: dict[UUID, str], kind: Kind, id_: str) -> str:
        """What is gone keeps its id, which then names nothing."""
        known = {"column": self.columns, "lane": self.lanes, "label": self.labels}
        if kind == "person":
            return self.people.key(id_, people.get(UUID(id_), "Somebody"))
        return known[kind].get(UUID(id_), id_)


def trello_parts(db: Session, board_id: UUID, person_id: UUID | None = None) -> Iterator[bytes]:
    """One object, written as its parts are read. Filters that people keep for themselves are in that person's only."""
    held = frame(db, board_id)
    changes = list(db.scalars(_column_changes(board_id)))
    keys = _keys(db, held, changes)
    own = automations_of(db, board_id, partial(keys.name, held.people), person_id)
    yield _json(_board(held, keys, own))[:-1].encode() + b","
    told = {column_id: list(rows) for column_id, rows in groupby(changes, key=lambda row: row.column_id)}
    yield b'"lists":' + _json([*_lists(held, told, keys), *_removed(held, told, keys)]).encode()
    yield from _array("cards", _cards(db, held, keys))
    yield from _array("checklists", _checklists(db, held, keys))
    yield from _array("actions", _actions(db, board_id, changes, keys))
    yield b',"members":' + _json(keys.people.all()).encode() + b"}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _array(name: str, things: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    yield f',"{name}":['.encode()
    some: list[str] = []
    first = True
    for thing in things:
        some.append(_json(thing))
        if len(some) == AT_ONCE:
            yield ("" if first else ",").encode() + ",".join(some).encode()
            some, first = [], False
    if some:
        yield ("" if first else ",").encode() + ",".join(some).encode()
    yield b"]"


def _column_changes(board_id: UUID) -> sa.Select[ColumnChangeRow]:
    query = sa.select(ColumnChangeRow).where(ColumnChangeRow.board_id == board_id)
    return query.order_by(ColumnChangeRow.column_id, ColumnChangeRow.id)


def _keys(db: Session, held: Frame, changes: list[ColumnChangeRow]) -> Keys:
    board_id, made = held.board.id, held.board.created_at
    born = dict(
        db.execute(sa.select(CardRow.id, CardRow.created_at).where(CardRow.board_id == board_id)).tuples().all()
    )
    first = sa.select(TransitionRow.card_id, sa.func.min(TransitionRow.at)).where(TransitionRow.board_id == board_id)
    told = dict(db.execute(first.group_by(TransitionRow.card_id)).tuples().all())
    columns = {column.id: made for column in held.columns} | {row.column_id: row.at for row in reversed(changes)}
    return Keys(
        cards={id_: object_id(id_, at) for id_, at in (told | born).items()},
        columns={id_: object_id(id_, at) for id_, at in columns.items()},
        lanes={lane.id: lane.id.hex[:24] for lane in held.lanes},
        labels={label.id: object_id(label.id, made) for label in held.labels},
        people=People(),
    )


def _board(held: Frame, keys: Keys, own: dict[str, Any]) -> dict[str, Any]:
    lanes = [{"id": keys.lanes[lane.id], "name": lane.name} for lane in held.lanes]
    return {
        "id": object_id(held.board.id, held.board.created_at),
        "name": held.board.name,
        "desc": "",
        "closed": held.board.archived_at is not None,
        "customFields": [],
        "labels": [
            {"id": keys.labels[label.id], "name": label.name, "color": COLORS[label.color]} for label in held.labels
        ],
        NAME: {"lanes": lanes, "options": held.board.options, "version": 1, **own},
    }


def _lists(held: Frame, told: Told, keys: Keys) -> Iterator[dict[str, Any]]:
    for place, column in enumerate(held.columns, 1):
        yield {
            "id": keys.columns[column.id],
            "name": column.name,
            "closed": False,
            "pos": place * STEP,
            "softLimit": column.wip_limit,
            NAME: _own_column(column, told.get(column.id, [])),
        }


def _own_column(column: ColumnRow | ColumnChangeRow, lines: list[ColumnChangeRow]) -> dict[str, Any]:
    return {
        "done": column.is_done,
        "wip_limit": column.wip_limit,
        "wip_mode": getattr(column, "wip_mode", "block"),
        "wip_per_lane": getattr(column, "wip_per_lane", False),
        "history": [
            {
                "at": iso(line.at),
                "name": line.name,
                "position": line.position,
                "done": line.is_done,
                "wip_limit": line.wip_limit,
                "removed": line.removed,
            }
            for line in lines
        ],
    }


def _removed(held: Frame, told: Told, keys: Keys) -> Iterator[dict[str, Any]]:
    here = {column.id for column in held.columns}
    for place, (column_id, lines) in enumerate(told.items(), 1):
        if column_id not in here:
            last, at = lines[-1], (len(held.columns) + place) * STEP
            own = _own_column(last, lines)
            yield {"id": keys.columns[column_id], "name": last.name, "closed": True, "pos": at, NAME: own}


def _cards(db: Session, held: Frame, keys: Keys) -> Iterator[dict[str, Any]]:
    was_in, place = homes(db, held.board.id), 0
    fallback = keys.columns[held.columns[0].id]
    for some in cards(db, held.board.id):
        extra = hanging(db, some)
        for card in some:
            place += 1
            home = keys.column(card.column_id or was_in.get(card.id, (None, None))[0]) or fallback
            yield {**_card(card, keys, held, extra), "idList": home, "pos": place * STEP}


def _card(card: CardRow, keys: Keys, held: Frame, extra: Hanging) -> dict[str, Any]:
    names = held.people
    return {
        "id": keys.cards[card.id],
        "idShort": card.number,
        "name": card.title,
        "desc": card.description,
        "closed": card.archived_at is not None,
        "start": f"{card.start_on}T12:00:00.000Z" if card.start_on else None,
        "due": f"{card.due_on}T12:00:00.000Z" if card.due_on else None,
        "dueComplete": card.completed_at is not None,
        "dateCompleted": iso(card.completed_at),
        "dateClosed": iso(card.archived_at),
        "idLabels": [keys.labels[label.id] for label in held.labels if label.id in card.label_ids],
        "idMembers": [keys.people.key(id_, names.get(id_, "Somebody")) for id_ in card.assignee_ids],
        "attachments": [
            {
                "id": object_id(file.id, file.created_at),
                "name": file.name,
                "url": f"{settings().base_url}/api/v1/cards/{card.id}/files/{file.id}",
                "bytes": file.size,
                "isUpload": True,
            }
            for file in extra.files.get(card.id, [])
        ],
        NAME: {
            "priority": card.priority,
            "category": card.category,
            "estimate": card.estimate,
            "lane": keys.lanes.get(card.lane_id) if card.lane_id else None,
            "start_on": card.start_on.isoformat() if card.start_on else None,
            "due_on": card.due_on.isoformat() if card.due_on else None,
            "completed_at": iso(card.completed_at),
            "blocked_by": [keys.cards[id_] for id_ in extra.blockers.get(card.id, [])],
            "notes": [_note(note) for note in extra.notes.get(card.id, [])],
        },
    }


def _note(note: NoteRow) -> dict[str, Any]:
    parts = {part: getattr(note, part) for part in ("text", "issue", "analysis", "timeline", "resolution")}
    written = {"author": written_here(note.author), "at": iso(note.created_at), "edited_at": iso(note.edited_at)}
    return {"day": note.day.isoformat(), **written, **parts}


def _checklists(db: Session, held: Frame, keys: Keys) -> Iterator[dict[str, Any]]:
    """One for each run of items under one heading."""
    number = 0
    for some in cards(db, held.board.id):
        extra = hanging(db, some)
        for card in some:
            for heading, items in groupby(extra.items.get(card.id, []), key=lambda item: item.heading):
                number += 1
                yield {
                    "id": f"{keys.cards[card.id][:12]}{number:012x}",
                    "idCard": keys.cards[card.id],
                    "name": heading,
                    "pos": number * STEP,
                    "checkItems": [
                        {
                            "id": f"{keys.cards[card.id][:8]}{number:08x}{place:08x}",
                            "name": item.text,
                            "state": "complete" if item.done else "incomplete",
                            "pos": place * STEP,
                            NAME: {"done_at": iso(item.done_at), "done_by": written_here(item.done_by)},
                        }
                        for place, item in enumerate(items, 1)
                    ],
                }


def _actions(db: Session, board_id: UUID, changes: list[ColumnChangeRow], keys: Keys) -> Iterator[dict[str, Any]]:
    """The newest first, as Trello has it; comments and lists after what happened to cards."""
    query = sa.select(TransitionRow).where(TransitionRow.board_id == board_id)
    query = query.order_by(TransitionRow.at.desc(), TransitionRow.id.desc()).execution_options(yield_per=AT_ONCE)
    for row in db.scalars(query):
        yield action_of(row, keys.cards[row.card_id], keys.column, keys.lanes, keys.people)
    comments = sa.select(CommentRow, CardRow.title).join(CardRow, CardRow.id == CommentRow.card_id)
    comments = comments.where(CardRow.board_id == board_id)
    comments = comments.order_by(CommentRow.created_at.desc(), CommentRow.id).execution_options(yield_per=AT_ONCE)
    for comment, title in db.execute(comments).tuples():
        yield comment_of(comment, keys.cards[comment.card_id], title, keys.people)
    yield from list_actions(changes, keys.column)
