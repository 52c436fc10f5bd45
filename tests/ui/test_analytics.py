"""The page of the figures: what its address says, what it shows, and what it shows when there is nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.core import clock
from app.core.actor import SYSTEM, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardCreate, CardMove
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]


def test_without_a_board_the_page_says_what_would_be_there(open_page: Open) -> None:
    at = open_page(new_person(Role.viewer), "analytics")
    assert errors(at) == []
    assert any("No board yet" in text.value for text in at.markdown)


@pytest.mark.parametrize("section", ["Flow", "Times", "In progress"])
def test_each_part_shows_its_charts_with_their_figures(open_page: Open, section: str) -> None:
    board_id = worked()
    since = (clock.now() - timedelta(days=30)).date()
    at = open_page(new_person(Role.viewer), "analytics", board=board_id, since=str(since), zone="Asia/Tokyo")
    at.button_group[0].set_value([section]).run()
    assert errors(at) == []
    assert at.query_params["since"] == str(since)
    assert {metric.label: metric.value for metric in at.metric}["Completed"] == "1"
    assert at.get("plotly_chart")
    assert len(at.dataframe) >= 1


def test_what_is_chosen_again_and_again_counts_each_time(open_page: Open) -> None:
    board_id, other = worked(), worked()
    at = open_page(new_person(Role.viewer), "analytics", board=board_id)
    choice = "analytics_board"
    shown = [at.selectbox(choice).select_index(place).run().query_params.get("board") for place in (1, 2, 0, 2)]
    assert (shown[2], {*shown[:2]}, shown[3]) == (None, {board_id, other}, shown[1])
    for priority in ("high", "low"):
        at.selectbox(key="analytics_priority").set_value(priority).run()
        assert at.query_params["priority"] == priority
    assert errors(at) == []


def test_an_address_of_no_board_says_that_all_are_shown(open_page: Open) -> None:
    worked()
    worked()
    at = open_page(new_person(Role.viewer), "analytics", board=str(uuid4()))
    assert [one.value.endswith("These are all boards instead.") for one in at.warning] == [True]
    at.selectbox("analytics_board").select_index(1).run()
    assert (list(at.warning), "board" in at.query_params, errors(at)) == ([], True, [])


def worked() -> str:
    """One card done, one in progress."""
    with transaction() as db:
        at = FixedClock(clock.now() - timedelta(days=10))
        with clock.use(at):
            board = tasks.board(db, SYSTEM, tasks.create_board(db, SYSTEM, BoardCreate(name="Team")).id)
            for title in ("a", "b"):
                card = tasks.create_card(db, SYSTEM, board.id, CardCreate(title=title, estimate=2))
                for column in board.columns[1::2] if title == "a" else board.columns[1:2]:
                    at.at += timedelta(days=1)
                    card = tasks.move_card(db, SYSTEM, card.id, CardMove(column_id=column.id, version=card.version))
        return str(board.id)
