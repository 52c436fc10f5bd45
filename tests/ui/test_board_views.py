"""The table, the activity and the archive of a board, and the filters above them."""

from typing import Any
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.bulk.schemas import BulkEdit
from app.tasks.filters.schemas import FilterCreate
from app.tasks.schemas import Board, BoardCreate
from tests.access_objects import new_person
from tests.tasks.conftest import add, column
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]
MISSED = "There is no such board, or you may not see it; it may have been archived. {}"


@pytest.fixture
def ann(database: str) -> Actor:
    return new_person(Role.member)


@pytest.fixture
def board(ann: Actor) -> Board:
    with transaction() as db:
        made = tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)
        add(db, ann, made, "Invoice *one*", priority="high")
        add(db, ann, made, *[f"Card {n}" for n in range(52)])
        return made


def view(at: AppTest, name: str) -> AppTest:
    return at.segmented_control[0].set_value(name).run()


def table(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["Title"])


def do(ann: Actor, board: Board, **change: Any) -> None:
    with transaction() as db:
        cards = [line.id for line in tasks.card_table(db, ann, board.id, limit=500).lines]
        tasks.change_cards(db, ann, board.id, BulkEdit.model_validate({"card_ids": cards, "change": change}))


def test_the_table_shows_pages_of_what_the_filter_finds(open_page: Open, ann: Actor, board: Board) -> None:
    at = view(open_page(ann, "board", state={f"table_sort-{board.id}": "title"}), "Table")
    assert (len(table(at)), table(at)[:2], errors(at)) == (50, ["Card 0", "Card 1"], [])
    at.text_input(key=f"board_filter-{board.id}").set_value("priority:>=high").run()
    assert table(at) == ["Invoice *one*"]
    assert any("priority at least high" in one.value for one in at.caption)
    at.text_input(key=f"board_filter-{board.id}").set_value("prioritty:high").run()
    assert table(at) == ["Invoice *one*"]
    assert any("Did you mean “priority”" in one.value for one in at.warning)


def test_boards_of_one_name_are_told_apart(open_page: Open, ann: Actor, board: Board) -> None:
    with transaction() as db:
        other = tasks.create_board(db, ann, BoardCreate(name=board.name))
    at = open_page(ann, "board")
    assert list(at.selectbox[0].options) == ["Team", "Team (2)"]
    shown = [at.selectbox[0].select_index(place).run().query_params["board"] for place in (1, 0)]
    assert sorted(shown) == sorted([str(board.id), str(other.id)])


def test_an_address_of_no_board_says_that_another_one_is_shown(open_page: Open, ann: Actor, board: Board) -> None:
    with transaction() as db:
        other = tasks.create_board(db, ann, BoardCreate(name="Other"))
    at = open_page(ann, "board", board=str(uuid4()))
    assert [one.value for one in at.warning] == [MISSED.format("This is “Other” instead.")]
    press(at, "All right")
    assert (list(at.warning), at.query_params["board"]) == ([], str(other.id))


@pytest.mark.parametrize(("role", "words"), [(Role.member, "cards in columns."), (Role.viewer, "make boards.")])
def test_an_empty_page_tells_who_may_make_a_board(open_page: Open, database: str, role: Role, words: str) -> None:
    at = open_page(new_person(role), "board", board=str(uuid4()))
    assert [one.value for one in at.warning] == [MISSED.format("No other board is shared with you.")]
    assert any(one.value.endswith(words) for one in at.caption)
    assert errors(at) == []


def test_a_board_opens_with_the_filter_somebody_chose(open_page: Open, ann: Actor, board: Board) -> None:
    with transaction() as db:
        kept = tasks.save_filter(db, ann, board.id, FilterCreate(name="Urgent", text="priority:high"))
        tasks.choose_default_filter(db, ann, board.id, kept.id)
    at = view(open_page(ann, "board"), "Table")
    assert (table(at), errors(at)) == (["Invoice *one*"], [])


def test_a_filter_is_kept_from_the_box(open_page: Open, ann: Actor, board: Board) -> None:
    at = open_page(ann, "board", state={f"board_filter-{board.id}": "is:open"})
    next(one for one in at.text_input if one.label == "Name of this filter").set_value("Open ones")
    press(at, "Save filter")
    with transaction() as db:
        assert [(one.name, one.shared) for one in tasks.saved_filters(db, ann, board.id)] == [("Open ones", False)]


def test_the_activity_tells_who_did_what(open_page: Open, ann: Actor, board: Board) -> None:
    do(ann, board, column_id=column(board, "Pending"))
    at = view(open_page(ann, "board"), "Activity")
    text = " ".join(one.value for one in at.markdown)
    assert "moved it from “To do” to “Pending”" in text
    at.selectbox(key=f"activity_what-{board.id}").set_value("created").run()
    assert "moved it" not in " ".join(one.value for one in at.markdown)
    assert errors(at) == []


def test_the_archive_is_paged_and_brought_back_at_once(open_page: Open, ann: Actor, board: Board) -> None:
    do(ann, board, action="archive")
    at = view(open_page(ann, "board"), "Archived")
    assert len([one for one in at.button if one.label == "Bring back"]) == 20
    at.text_input(key=f"board_filter-{board.id}").set_value("card").run()
    press(at, "Bring all 52 back")
    assert errors(at) == []
    with transaction() as db:
        assert tasks.card_table(db, ann, board.id).total == 52
        assert tasks.card_table(db, ann, board.id, archived=True).total == 1


def test_who_only_looks_is_offered_no_change(open_page: Open, ann: Actor, board: Board) -> None:
    at = view(open_page(new_person(Role.viewer), "board"), "Table")
    assert len(table(at)) == 50
    assert not [one.label for one in at.button if one.label.startswith("Change")]
