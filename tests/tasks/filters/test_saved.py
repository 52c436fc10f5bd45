"""Filters that people keep."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Forbidden, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.filters.schemas import FilterChange, FilterCreate, SavedFilter
from app.tasks.schemas import Board


def keep(
    db: Session, actor: Actor, board: Board, name: str, text: str = "is:open", shared: bool = False
) -> SavedFilter:
    return tasks.save_filter(db, actor, board.id, FilterCreate(name=name, text=text, shared=shared))


def seen_by(db: Session, actor: Actor, board: Board) -> list[str]:
    return [one.name for one in tasks.saved_filters(db, actor, board.id)]


def test_ones_own_filters_are_for_oneself_and_shared_ones_for_all(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    keep(db, ann, board, "mine", "due:<7d -is:done")
    shared = keep(db, ann, board, "All of us", shared=True)
    assert seen_by(db, ann, board) == ["All of us", "mine"]
    [seen] = tasks.saved_filters(db, bob, board.id)
    assert (seen.id, seen.is_mine, seen.shared) == (shared.id, False, True)
    assert tasks.saved_filters(db, ann, board.id)[1].words == "cards: due before 7 days from today, and not done"


def test_a_name_is_there_once_whatever_its_case(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    keep(db, ann, board, "Mine")
    keep(db, bob, board, "mine")
    keep(db, ann, board, "mine", shared=True)
    with pytest.raises(tasks.FilterNameTaken, match="“MINE”"):
        keep(db, ann, board, "MINE")
    other = keep(db, bob, board, "other")
    with pytest.raises(tasks.FilterNameTaken):
        tasks.change_filter(db, bob, board.id, other.id, FilterChange(shared=True, name="Mine"))


def test_a_text_that_is_no_filter_is_not_kept(db: Session, ann: Actor, board: Board) -> None:
    with pytest.raises(tasks.FilterError, match="Did you mean “priority”"):
        keep(db, ann, board, "mine", "prority:high")
    kept = keep(db, ann, board, "mine")
    with pytest.raises(tasks.FilterError):
        tasks.change_filter(db, ann, board.id, kept.id, FilterChange(text="(a"))


def test_a_filter_of_ones_own_can_be_renamed_shared_taken_back_and_deleted(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    kept = keep(db, ann, board, "mine")
    changed = tasks.change_filter(db, ann, board.id, kept.id, FilterChange(name="ours", shared=True))
    assert (changed.name, changed.text, changed.shared) == ("ours", "is:open", True)
    tasks.change_filter(db, bob, board.id, kept.id, FilterChange(text="is:done"))
    taken = tasks.change_filter(db, bob, board.id, kept.id, FilterChange(shared=False))
    assert (taken.is_mine, seen_by(db, ann, board)) == (True, [])
    tasks.delete_filter(db, bob, board.id, kept.id)
    assert seen_by(db, bob, board) == []


def test_the_filters_of_others_are_out_of_reach(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    kept = keep(db, ann, board, "mine")
    for attempt in (
        lambda: tasks.change_filter(db, bob, board.id, kept.id, FilterChange(name="x")),
        lambda: tasks.delete_filter(db, bob, board.id, kept.id),
        lambda: tasks.choose_default_filter(db, bob, board.id, kept.id),
    ):
        with pytest.raises(NotFound, match="no such filter"):
            attempt()


def test_viewers_keep_filters_for_themselves_only(db: Session, ann: Actor, viewer: Actor, board: Board) -> None:
    shared = keep(db, ann, board, "ours", shared=True)
    kept = keep(db, viewer, board, "mine")
    for attempt in (
        lambda: keep(db, viewer, board, "x", shared=True),
        lambda: tasks.change_filter(db, viewer, board.id, kept.id, FilterChange(shared=True)),
        lambda: tasks.delete_filter(db, viewer, board.id, shared.id),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert seen_by(db, viewer, board) == ["mine", "ours"]


def test_each_person_starts_with_a_filter_of_their_own_choice(
    db: Session, ann: Actor, bob: Actor, board: Board
) -> None:
    ours, other = keep(db, ann, board, "ours", shared=True), keep(db, ann, board, "other", shared=True)
    tasks.choose_default_filter(db, ann, board.id, ours.id)
    tasks.choose_default_filter(db, ann, board.id, other.id)
    assert [(one.name, one.is_default) for one in tasks.saved_filters(db, ann, board.id)] == [
        ("other", True),
        ("ours", False),
    ]
    assert not any(one.is_default for one in tasks.saved_filters(db, bob, board.id))
    tasks.choose_default_filter(db, ann, board.id, None)
    assert not any(one.is_default for one in tasks.saved_filters(db, ann, board.id))
    tasks.choose_default_filter(db, ann, board.id, ours.id)
    tasks.delete_filter(db, bob, board.id, ours.id)
    assert seen_by(db, ann, board) == ["other"]


def test_whoever_does_not_see_the_board_sees_no_filter_of_it(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    keep(db, ann, board, "ours", shared=True)
    sharing.forget(db, Kind.board, board.id)
    with pytest.raises(NotFound):
        tasks.saved_filters(db, bob, board.id)
