"""Whatever one does on a board, in any order, it stays what a board in plain Python would be."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.tasks import service as tasks
from app.tasks.schemas import BoardChange, BoardCreate, CardChange, CardCreate, CardMove, ColumnEdit, LaneEdit
from app.tasks.undo.tables import BoardEditRow

PER_LANE, LIMIT, DONE = 3, 2, 2
Card = TypeVar("Card", bound=UUID | None)
SHORT = settings(
    max_examples=4, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def one_of(data: st.DataObject, cards: list[Card]) -> Card:
    """By place, because ids are others each time a case is repeated."""
    return cards[data.draw(st.integers(0, len(cards) - 1))]


@dataclass
class Plain:
    """A board: which cards each column holds in their order, and what is said of each card."""

    columns: list[list[UUID]] = field(default_factory=lambda: [[], [], []])
    homes: dict[UUID, int] = field(default_factory=dict)  # of archived cards
    lanes: dict[UUID, int] = field(default_factory=dict)
    titles: dict[UUID, str] = field(default_factory=dict)
    categories: dict[UUID, str] = field(default_factory=dict)

    def where(self, card: UUID) -> int:
        return next(n for n, cards in enumerate(self.columns) if card in cards)

    def place(self, card: UUID, column: int, after: UUID | None, lane: int | None = None) -> None:
        was_done = next((n == DONE for n, cards in enumerate(self.columns) if card in cards), column == DONE)
        for cards in self.columns:
            if card in cards:
                cards.remove(card)
        there = self.columns[column]
        there.insert(there.index(after) + 1 if after else len(there), card)
        if lane is not None:
            self.lanes[card] = lane
        if was_done != (column == DONE):
            self.categories[card] = "accomplishment" if column == DONE else "in_progress"

    def is_full(self, column: int, lane: int) -> bool:
        in_lane = [card for card in self.columns[0] if self.lanes[card] == lane]
        return (column == 0 and len(in_lane) >= PER_LANE) or (column == 1 and len(self.columns[1]) >= LIMIT)

    def takes(self, card: UUID, column: int, lane: int | None) -> bool:
        """Whether a card that is on the board may go there: within its limit it takes no more room."""
        there = self.lanes[card] if lane is None else lane
        stays = self.where(card) == column and (column != 0 or there == self.lanes[card])
        return stays or not self.is_full(column, there)

    def shelve(self, card: UUID) -> None:
        self.homes[card] = self.where(card)
        self.columns[self.homes[card]].remove(card)


class BoardMachine(RuleBasedStateMachine):
    def __init__(self, db: Session, ann: Actor) -> None:
        super().__init__()
        self.db, self.ann, self.plain = db, ann, Plain()
        self.undone: list[tuple[Plain, Plain]] = []
        self.steps: list[tuple[Plain, Plain]] = []
        first = ColumnEdit(name="A", wip_limit=PER_LANE, wip_per_lane=True)
        columns = [first, ColumnEdit(name="B", wip_limit=LIMIT), ColumnEdit(name="C", is_done=True)]
        self.board_id = tasks.create_board(db, ann, BoardCreate(name="Any", columns=columns)).id
        tasks.change_board(db, ann, self.board_id, BoardChange(lanes=[LaneEdit(name="X"), LaneEdit(name="Y")]))
        board = tasks.board(db, ann, self.board_id)
        self.columns = [column.id for column in board.columns]
        self.lanes = [None, *(lane.id for lane in board.lanes)]

    def on_board(self) -> list[UUID]:
        return [card for cards in self.plain.columns for card in cards]

    def attempt(self, full: bool, act: Callable[[], Any], model: Callable[[Any], None]) -> None:
        """A step that changes nothing leaves nothing to take back."""
        try:
            with self.db.begin_nested():
                result = act()
        except tasks.ColumnFull:
            assert full
            return
        assert not full
        before = deepcopy(self.plain)
        model(result)
        if self.plain != before:
            self.steps.append((before, deepcopy(self.plain)))
            self.undone.clear()

    @rule(column=st.integers(0, 2), lane=st.integers(0, 2))
    def create(self, column: int, lane: int) -> None:
        new = CardCreate(title="new", column_id=self.columns[column], lane_id=self.lanes[lane])

        def made(card: Any) -> None:
            self.plain.titles[card.id], self.plain.lanes[card.id] = "new", lane
            self.plain.categories[card.id] = "accomplishment" if column == DONE else "in_progress"
            self.plain.place(card.id, column, None)

        known = set(self.plain.titles)
        full = self.plain.is_full(column, lane)
        self.attempt(full, lambda: tasks.create_card(self.db, self.ann, self.board_id, new), made)
        for card in set(self.plain.titles) - known:
            self.put_into_the_past(card)

    def put_into_the_past(self, card: UUID) -> None:
        """Taking back the making of a card puts it into the archive, and there it stays, however far one goes back."""
        states = [state for step in self.steps for state in step if card not in state.titles]
        for state in states:
            for known in ("lanes", "titles", "categories"):
                getattr(state, known)[card] = getattr(self.plain, known)[card]
            state.homes[card] = self.plain.where(card)

    @precondition(lambda self: self.on_board())
    @rule(data=st.data(), column=st.integers(0, 2), lane=st.none() | st.integers(0, 2))
    def move(self, data: st.DataObject, column: int, lane: int | None) -> None:
        card = one_of(data, self.on_board())
        after = one_of(data, [None, *(c for c in self.plain.columns[column] if c != card)])
        given = {} if lane is None else {"lane_id": self.lanes[lane]}
        version = tasks.card(self.db, self.ann, card).version
        wanted = CardMove(column_id=self.columns[column], after_id=after, version=version, **given)
        full = not self.plain.takes(card, column, lane)
        act = lambda: tasks.move_card(self.db, self.ann, card, wanted)  # noqa: E731
        self.attempt(full, act, lambda _: self.plain.place(card, column, after, lane))

    @precondition(lambda self: self.on_board())
    @rule(data=st.data(), title=st.sampled_from(["new", "other"]), lane=st.integers(0, 2))
    def change(self, data: st.DataObject, title: str, lane: int) -> None:
        card = one_of(data, self.on_board())
        version = tasks.card(self.db, self.ann, card).version
        wanted = CardChange(version=version, title=title, lane_id=self.lanes[lane])

        def changed(_: Any) -> None:
            self.plain.titles[card], self.plain.lanes[card] = title, lane

        full = not self.plain.takes(card, self.plain.where(card), lane)
        self.attempt(full, lambda: tasks.change_card(self.db, self.ann, card, wanted), changed)

    @precondition(lambda self: self.on_board())
    @rule(data=st.data())
    def archive(self, data: st.DataObject) -> None:
        card = one_of(data, self.on_board())
        act = lambda: tasks.archive_card(self.db, self.ann, card)  # noqa: E731
        self.attempt(False, act, lambda _: self.plain.shelve(card))

    @precondition(lambda self: len(self.plain.titles) > len(self.on_board()))
    @rule(data=st.data())
    def revive(self, data: st.DataObject) -> None:
        card = one_of(data, [c for c in self.plain.titles if c not in self.on_board()])
        home = self.plain.homes[card]
        act = lambda: tasks.revive_card(self.db, self.ann, card)  # noqa: E731
        full = self.plain.is_full(home, self.plain.lanes[card])
        self.attempt(full, act, lambda _: self.plain.place(card, home, None))

    @rule(lane=st.integers(1, 2))
    def replace_a_lane(self, lane: int) -> None:
        """By an empty one. There is no way back behind that, so nothing is remembered from before."""
        outside = [card for card in self.plain.columns[0] if self.plain.lanes[card] in (0, lane)]
        full = len(outside) > PER_LANE and any(self.plain.lanes[card] == lane for card in outside)
        kept = self.lanes[3 - lane]
        lanes = BoardChange(lanes=[LaneEdit(id=kept, name=f"kept {kept}"), LaneEdit(name="new")])

        def replaced(_: Any) -> None:
            self.plain.lanes = {card: 0 if at == lane else at for card, at in self.plain.lanes.items()}

        self.attempt(full, lambda: tasks.change_board(self.db, self.ann, self.board_id, lanes), replaced)
        if not full:
            self.lanes[lane] = tasks.board_frame(self.db, self.ann, self.board_id).lanes[1].id
            self.db.execute(sa.delete(BoardEditRow).where(BoardEditRow.board_id == self.board_id))
            self.steps, self.undone = [], []

    @rule(back=st.booleans())
    def undo_or_redo(self, back: bool) -> None:
        source, turned = (self.steps, self.undone) if back else (self.undone, self.steps)
        try:
            (tasks.undo if back else tasks.redo)(self.db, self.ann, self.board_id)
        except (tasks.NothingToUndo, tasks.NothingToRedo):
            assert not source
            return
        turned.append(source.pop())
        self.plain = deepcopy(turned[-1][0 if back else 1])

    @invariant()
    def the_board_is_what_it_should_be(self) -> None:
        board = tasks.board(self.db, self.ann, self.board_id)
        assert [[card.id for card in column.cards] for column in board.columns] == self.plain.columns
        for column in board.columns:
            for card in column.cards:
                known = (self.plain.titles[card.id], self.plain.categories[card.id])
                assert (card.title, card.category) == known
                assert self.lanes.index(card.lane_id) == self.plain.lanes[card.id]
                assert (card.completed_at is not None) == column.is_done
            assert not column.over_limit
        assert board.archived == len(set(self.plain.titles) - set(self.on_board()))


def test_a_board_stays_what_a_board_in_plain_python_would_be(db: Session, ann: Actor) -> None:
    machine: Any = lambda: BoardMachine(db, ann)  # noqa: E731
    run_state_machine_as_test(machine, settings=SHORT)
