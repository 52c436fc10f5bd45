"""Figures of the past can be told of a board that has only just been imported."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.metrics.schemas import MetricsQuery
from tests.tasks.conftest import ann as ann
from tests.tasks.exchange.conftest import Import
from tests.tasks.exchange.trello_files import TrelloFile, busy_board


def counted_by_hand(file: TrelloFile, day: date) -> Counter[str]:
    """Cards in each open list at the end of a day, told from the actions of the file alone."""
    where: dict[str, str] = {}
    closed = {one["name"] for one in file.board["lists"] if one["closed"]}
    for action in reversed(file.board["actions"]):
        if datetime.fromisoformat(action["date"]).date() > day:
            break
        data = action["data"]
        if to := data.get("listAfter") or data.get("list"):
            where[data["card"]["id"]] = to["name"]
        elif "closed" in data.get("old", {}):
            where.pop(data["card"]["id"])
    return Counter(name for name in where.values() if name not in closed)


def test_the_flow_of_every_day_is_that_of_the_actions(db: Session, ann: Actor, imported: Import) -> None:
    file = busy_board(cards=30, actions=250)
    board_id = imported(ann, file.content())
    days = sorted({datetime.fromisoformat(action["date"]).date() for action in file.board["actions"]})
    wanted = MetricsQuery(since=days[0], until=days[-1], zone="UTC")
    found = tasks.board_metrics(db, ann, board_id, wanted)
    open_columns = {place: column.name for place, column in enumerate(found.columns) if column.name != "Parking lot"}
    assert len(days) > 5
    for told in found.flow:
        shown = Counter({name: told.columns[place] for place, name in open_columns.items()})
        assert +shown == counted_by_hand(file, told.day), told.day
