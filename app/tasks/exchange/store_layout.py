"""Columns, lanes and labels, and what the columns were called in their time."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.exchange.draft import Column, ColumnLine, Draft
from app.tasks.exchange.ids import Ids, insert
from app.tasks.rank import spread
from app.tasks.tables import ColumnChangeRow, ColumnRow, LabelRow, LaneRow


def store_layout(db: Session, actor: Actor, draft: Draft, ids: Ids) -> None:
    shown = [column for column in draft.columns if column.removed_at is None]
    insert(db, ColumnRow, _column_rows(shown, ids))
    lanes = zip(draft.lanes, spread(len(draft.lanes)), strict=True)
    insert(
        db,
        LaneRow,
        (
            {"id": ids.lanes[key], "board_id": ids.board, "name": name.strip()[:80], "rank": rank}
            for (key, name), rank in lanes
        ),
    )
    insert(
        db,
        LabelRow,
        (
            {"id": ids.labels[one.key], "board_id": ids.board, "name": one.name, "color": one.color}
            for one in draft.labels
        ),
    )
    _store_changes(db, actor, draft, ids, {column.key: place for place, column in enumerate(shown)})


def _column_rows(shown: list[Column], ids: Ids) -> Iterator[dict[str, Any]]:
    for column, rank in zip(shown, spread(len(shown)), strict=True):
        yield {
            "id": ids.columns[column.key],
            "board_id": ids.board,
            "rank": rank,
            "name": column.name,
            "is_done": column.is_done,
            "wip_limit": column.wip_limit,
            "wip_mode": column.wip_mode,
            "wip_per_lane": column.wip_per_lane,
        }


def _store_changes(db: Session, actor: Actor, draft: Draft, ids: Ids, places: dict[str, int]) -> None:
    first = _first_use(draft)
    changes = [line for column in draft.columns for line in _column_lines(column, places, first)]
    changes.sort(key=lambda line: line["at"])
    insert(
        db,
        ColumnChangeRow,
        (
            {"board_id": ids.board, "person_id": actor.id, **line, "column_id": ids.columns[line["column_id"]]}
            for line in changes
        ),
    )


def _first_use(draft: Draft) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for card in draft.cards:
        for event in card.events:
            for key in (event.origin, event.target):
                if key:
                    found[key] = min(found.get(key, event.at), event.at)
    return found


def _column_lines(column: Column, places: dict[str, int], first: dict[str, datetime]) -> Iterator[dict[str, Any]]:
    """What the column was called, until when; there before the first card was in it."""
    if column.history:
        for told in _told(column, places):
            yield {"column_id": column.key, **asdict(told)}
        return
    begins = min(column.created_at, first.get(column.key, column.created_at))
    line = {
        "column_id": column.key,
        "position": places.get(column.key, len(places)),
        "is_done": column.is_done,
        "wip_limit": column.wip_limit,
        "removed": False,
    }
    names = [name for _, name in column.renamed] + [column.name]
    times = [begins, *(max(at, begins) for at, _ in column.renamed)]
    for at, name in zip(times, names, strict=True):
        yield {**line, "at": at, "name": name[:80] or column.name}
    if column.removed_at:
        yield {**line, "at": max(column.removed_at, times[-1]), "name": column.name, "removed": True}


def _told(column: Column, places: dict[str, int]) -> Iterator[ColumnLine]:
    """Word for word, and what the import itself changes: without a list that is left out, others move up."""
    yield from column.history
    last = column.history[-1]
    now = replace(last, at=max(last.at, clock.now()), position=places.get(column.key, last.position))
    if column.left_out:
        yield replace(now, removed=True)
    elif now.position != last.position:
        yield now
