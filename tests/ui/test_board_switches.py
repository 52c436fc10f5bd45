"""The switches of a board, while somebody else turns them, too."""

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardChange, BoardCreate, BoardOptions
from tests.access_objects import new_person
from tests.ui.opening import press


@pytest.fixture
def ann(database: str) -> Actor:
    return new_person(Role.member)


@pytest.fixture
def board(ann: Actor) -> Board:
    with transaction() as db:
        return tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)


def what_the_dialog_shows(person, board_id):  # type: ignore[no-untyped-def]
    from app.tasks import service as tasks
    from app.tasks.automations.words import Names
    from app.ui.board_automations import Scene
    from app.ui.board_automations_switches import switches_section
    from app.ui.page import reading

    with reading() as db:
        board = tasks.board_frame(db, person, board_id)
    switches_section(Scene(board, person, may_arrange=True, may_work=True, names=Names()))


def opened(ann: Actor, board: Board) -> AppTest:
    return AppTest.from_function(what_the_dialog_shows, default_timeout=120, args=(ann, board.id)).run()


def set_by_another(ann: Actor, board: Board, options: BoardOptions) -> None:
    with transaction() as db:
        tasks.change_board(db, ann, board.id, BoardChange(options=options))


def stored(ann: Actor, board: Board) -> BoardOptions:
    with transaction() as db:
        return tasks.board_frame(db, ann, board.id).options


def test_what_another_has_switched_is_shown_and_what_was_switched_here_stays(ann: Actor, board: Board) -> None:
    at = opened(ann, board)
    at.toggle(key="switch-category_on_completion").set_value(False).run()
    set_by_another(ann, board, BoardOptions(stale_days=7))
    at.run()
    shown = at.number_input(key="days-stale_days").value, at.toggle(key="switch-category_on_completion").value
    assert (shown, list(at.warning), list(at.exception)) == ((7, False), [], [])


def test_whoever_is_later_at_one_switch_is_told_before_anything_is_saved(ann: Actor, board: Board) -> None:
    at = opened(ann, board)
    at.number_input(key="days-stale_days").set_value(3).run()
    set_by_another(ann, board, BoardOptions(stale_days=7))
    press(at, "Save")
    assert "Somebody else has set “Stale” to 7 days in the meantime." in at.warning[0].value
    assert (stored(ann, board).stale_days, at.number_input(key="days-stale_days").value) == (7, 3)
    at.number_input(key="days-stale_days").set_value(7).run()
    assert (list(at.warning), list(at.exception)) == ([], [])
