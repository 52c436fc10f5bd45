"""CSV files become boards: guessed, shown, and every row that cannot be a card is named."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError
from app.core.spreadsheet import defuse
from app.tasks import service as tasks
from app.tasks.exchange.csv_cells import arm, checklist, checklist_text, join, split
from app.tasks.exchange.draft import Item
from app.tasks.tables import CardRow, TransitionRow
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import Import, found

CARDS = """Task;Status;Tags;Assigned to;Prio;Due date;Points;Created;Completed;Client
Write;Doing;Text, Web;Ann;high;31.03.2026;2,5;01.02.2026;;Acme
Ship;Done;;Zoe;;;;01.02.2026;05.02.2026;
"""


def test_headers_delimiter_and_dates_are_guessed(db: Session, ann: Actor, imported: Import) -> None:
    board = tasks.board(db, ann, imported(ann, CARDS.encode(), "cards.csv"))
    write = board.columns[0].cards[0]
    assert [(column.name, column.is_done) for column in board.columns] == [("Doing", False), ("Done", True)]
    assert (write.title, write.priority, str(write.due_on), write.estimate) == ("Write", "high", "2026-03-31", 2.5)
    assert [one.name for one in write.assignees] == ["Ann"]
    assert sorted(label.name for label in board.labels) == ["Text", "Web"]
    assert "Client: Acme" in write.description
    assert "Assigned to: Zoe" in board.columns[1].cards[0].description


def test_a_completed_row_has_its_lead_time(db: Session, ann: Actor, imported: Import) -> None:
    board_id = imported(ann, CARDS.encode(), "cards.csv")
    row = db.scalars(sa.select(CardRow).where(CardRow.board_id == board_id, CardRow.title == "Ship")).one()
    assert row.completed_at
    assert (row.completed_at - row.created_at).days == 4
    told = sa.select(TransitionRow.kind, TransitionRow.to_column).where(TransitionRow.card_id == row.id)
    assert db.execute(told.order_by(TransitionRow.id)).tuples().all() == [("created", "Doing"), ("moved", "Done")]


BAD = """title,due,start,priority,estimate
Good,2026-01-02,,,
,2026-01-02,,,
Late,2026-99-02,,,
Backwards,2026-01-01,2026-02-01,,
Odd,,,whenever,
Many,,,,-3
Wide,,,,,,extra
"""


def test_every_rejected_row_is_named_and_nothing_is_stored_unasked(db: Session, ann: Actor, imported: Import) -> None:
    with pytest.raises(AppError, match="5 rows cannot be imported") as refused:
        imported(ann, BAD.encode(), "bad.csv")
    reasons = {one["line"]: one["reason"] for one in refused.value.details}
    assert sorted(reasons) == [3, 4, 5, 7, 8]
    assert "no date" in reasons[4]
    assert "before the start" in reasons[5]
    board_id = imported(ann, BAD.encode(), "bad.csv", skip_rejected=True)
    board = tasks.board(db, ann, board_id)
    assert {card.title: card.priority for card in board.columns[0].cards} == {"Good": "medium", "Odd": "medium"}
    assert "priority: whenever" in board.columns[0].cards[1].description
    assert len(tasks.import_report(db, ann, board_id).report.rejects) == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_told_apart(encoding: str) -> None:
    draft = found("title,labels\nCafé für Zoë,Grün\n".encode(encoding), "a.csv").draft
    assert (draft.cards[0].title, draft.labels[0].name) == ("Café für Zoë", "Grün")


def test_the_mapping_can_be_given(db: Session, ann: Actor) -> None:
    draft = found(b"a,b\nx,y\n", "a.csv", mapping={"title": "b", "column": "a"}).draft
    assert (draft.cards[0].title, draft.columns[0].name) == ("y", "x")
    assert [card.title for card in found(b"due,a,b\n,x,y\n", "a.csv").draft.cards] == ["x"]
    with pytest.raises(AppError, match="title: none of the columns"):
        found(b"a,b\nx,y\n", "a.csv", mapping={"column": "a"})
    with pytest.raises(AppError, match="no column “c”"):
        found(b"a,b\nx,y\n", "a.csv", mapping={"title": "c"})


@pytest.mark.parametrize("text", ["=1+1", "-x", "'=1", "''@", "plain", "'quoted'", "＝wide", "\ttab", ""])
def test_formulas_are_defused_and_come_back(text: str) -> None:
    assert arm(defuse(text)) == text
    assert not defuse(text).startswith(("=", "+", "-", "@", "\t", "＝"))


@pytest.mark.parametrize("names", [["a", "b"], ["a;b", 'c"d'], ["a,b"], ["x, y", "z"], []])
def test_lists_in_a_cell_come_back(names: list[str]) -> None:
    assert split(join(names)) == names


def test_a_checklist_comes_back() -> None:
    items = [Item("plain"), Item("done", done=True), Item("[x] odd", heading="Steps"), Item("end", heading="")]
    assert checklist(checklist_text(items)) == items
