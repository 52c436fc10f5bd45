"""What columns were in their time travels with the board: figures of past days stay what they were."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.exchange.write_trello import trello_parts
from app.tasks.metrics.schemas import MetricsQuery
from app.tasks.schemas import BoardChange, BoardCreate, CardCreate, CardMove, ColumnEdit
from app.tasks.tables import ColumnChangeRow
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import NOW, Import

Line = tuple[Any, ...]


def lines(db: Session, board_id: UUID) -> list[Line]:
    row = ColumnChangeRow
    query = sa.select(row.at, row.name, row.position, row.is_done, row.wip_limit, row.removed)
    return sorted(tuple(one) for one in db.execute(query.where(row.board_id == board_id)))


def figures(db: Session, ann: Actor, board_id: UUID) -> Any:
    query = MetricsQuery(since=(NOW - timedelta(days=30)).date(), until=NOW.date(), zone="UTC")
    found = tasks.board_metrics(db, ann, board_id, query)
    columns = [(column.name, column.position, column.is_done, column.gone) for column in found.columns]
    return columns, found.flow, found.totals, [(stay.name, stay.time) for stay in found.stays]


@pytest.fixture
def worked(db: Session, ann: Actor) -> UUID:
    """One card went through all columns, then they changed places, names and what completes a card."""
    at = FixedClock(NOW - timedelta(days=20))
    with clock.use(at):
        names = ("Ideas", "Doing", "Trial", "Done")
        columns = [ColumnEdit(name=name, is_done=name == "Done") for name in names]
        board = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Whole", columns=columns)).id)
        card = tasks.create_card(db, ann, board.id, CardCreate(title="Dig"))
        for column in board.columns[1:]:
            at.at += timedelta(days=2)
            card = tasks.move_card(db, ann, card.id, CardMove(column_id=column.id, version=card.version))
        ideas, doing, trial, done = (ColumnEdit.model_validate(one.model_dump(include={"id", "name", "is_done"}))
                                     for one in board.columns)  # fmt: skip
        for change in ([doing, ideas, trial, done], [doing, ideas.model_copy(update={"is_done": True}), done]):
            at.at += timedelta(days=2)
            tasks.change_board(db, ann, board.id, BoardChange(columns=change))
    return board.id


def test_columns_come_back_with_their_places_and_what_they_meant(
    db: Session, ann: Actor, imported: Import, worked: UUID
) -> None:
    back = imported(ann, b"".join(trello_parts(db, worked)))
    assert lines(db, back) == lines(db, worked)
    assert figures(db, ann, back) == figures(db, ann, worked)


def test_a_column_that_was_changed_in_the_file_is_told_from_the_file(
    db: Session, ann: Actor, imported: Import, worked: UUID
) -> None:
    file = json.loads(b"".join(trello_parts(db, worked)))
    file["lists"][0]["name"] = "Building"
    back = imported(ann, json.dumps(file).encode())
    assert "Building" in {line[1] for line in lines(db, back)}


def test_columns_move_up_from_the_import_on_when_a_list_is_left_out(
    db: Session, ann: Actor, imported: Import, worked: UUID
) -> None:
    back = imported(ann, b"".join(trello_parts(db, worked)), columns=["Ideas", "Done"])
    new = [line for line in lines(db, back) if line not in lines(db, worked)]
    assert new == [
        (NOW, "Doing", 0, False, None, True),
        (NOW, "Done", 1, True, None, False),
        (NOW, "Ideas", 0, True, None, False),
    ]
