"""The rows of a CSV file as new cards of a board that is there."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.exchange.append import add_cards
from app.tasks.exchange.schemas import CardsAdded, ImportWishes
from app.tasks.schemas import Board, BoardCreate, CardCreate, ColumnEdit
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import found

ROWS = """Key,Title,Status,Labels,Assignee,Created,Due,Checklist,Client
WEB-1,Write,doing,Text,Ann,2026-01-05,2026-04-01,"[x] Think
[ ] Type",Acme
WEB-2,Print,Elsewhere,,Zoe,2026-01-06,,,
WEB-3,Ship,Done,,,2026-01-07,,,
"""


@pytest.fixture
def board(db: Session, ann: Actor) -> Board:
    columns = [ColumnEdit(name="To do"), ColumnEdit(name="Doing", wip_limit=1), ColumnEdit(name="Done", is_done=True)]
    return tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Ours", columns=columns)).id)


def add(db: Session, who: Actor, board: Board, text: str, *, preview: bool = False, **wishes: object) -> CardsAdded:
    asked = ImportWishes.model_validate(wishes)
    return add_cards(db, who, board.id, found(text.encode(), "rows.csv"), asked, preview=preview)


def test_rows_go_to_the_columns_of_their_names(db: Session, ann: Actor, board: Board) -> None:
    seen = add(db, ann, board, ROWS, preview=True)
    assert (seen.added, {column.name: column.cards for column in seen.columns}) == (
        False,
        {"To do": 1, "Doing": 1, "Done": 1},
    )
    assert tasks.board(db, ann, board.id).cards == 0
    assert add(db, ann, board, ROWS).cards == 3
    todo, doing, done = tasks.board(db, ann, board.id).columns
    write = doing.cards[0]
    assert (write.title, str(write.due_on), [one.name for one in write.assignees]) == ("Write", "2026-04-01", ["Ann"])
    for line in ("Key: WEB-1", "Client: Acme", "Label: Text", "Created: 2026-01-05 00:00 UTC"):
        assert line in write.description
    assert [(item.text, item.done_at is not None) for item in tasks.checklist(db, ann, write.id).items] == [
        ("Think", True),
        ("Type", False),
    ]
    assert "Column: Elsewhere" in todo.cards[0].description
    assert "Assigned to: Zoe" in todo.cards[0].description
    assert done.cards[0].completed_at  # now: no figure of the past changes


def test_what_is_there_already_is_told_and_not_added_twice(db: Session, ann: Actor, board: Board) -> None:
    add(db, ann, board, ROWS)
    again = add(db, ann, board, ROWS.replace("Write", "Write it anew") + "WEB-4,New,To do,,,,,,\nWEB-4,Twin,,,,,,,\n")
    told = {line.text: line.count for line in again.lines if line.what == "left"}
    assert again.cards == 1
    assert told == {"Rows whose key or title is on the board already, or twice in the file": 4}
    tasks.create_card(db, ann, board.id, CardCreate(title="By hand"))
    assert add(db, ann, board, "title\nby HAND\nOther\n").cards == 1


def test_a_full_column_keeps_its_rows_out(db: Session, ann: Actor, board: Board) -> None:
    rows = "title,status\nFirst,Doing\nSecond,Doing\nThird,To do\n"
    with pytest.raises(AppError, match="line 3: column: “Doing” takes at most 1 cards"):
        add(db, ann, board, rows)
    assert tasks.board(db, ann, board.id).cards == 0
    assert add(db, ann, board, rows, skip_rejected=True).cards == 2
    assert [column.name for column in tasks.board(db, ann, board.id).columns if column.cards] == ["To do", "Doing"]


def test_a_trello_file_is_a_board_of_its_own(db: Session, ann: Actor, board: Board) -> None:
    with pytest.raises(AppError, match="board of its own"):
        add(db, ann, board, '{"lists": [], "cards": []}')
