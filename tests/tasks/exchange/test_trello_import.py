"""A Trello export becomes a board with its history."""

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import Import
from tests.tasks.exchange.trello_files import busy_board


def test_no_card_of_a_busy_board_is_lost(db: Session, ann: Actor, imported: Import) -> None:
    file = busy_board()
    board = tasks.board(db, ann, imported(ann, file.content()))
    on_board = {card.number: column.name for column in board.columns for card in column.cards}
    names = {one["id"]: one["name"] for one in file.board["lists"] if not one["closed"]}
    expected = {
        card["idShort"]: names[card["idList"]]
        for card in file.board["cards"]
        if card["idList"] in names and not card["closed"]
    }
    assert on_board == expected
    assert board.cards + board.archived == len(file.board["cards"])
    assert [column.name for column in board.columns if column.is_done] == ["Done"]
