"""A filter asks the database for exactly the cards that it means."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.details.tables import BlockerRow, ChecklistItemRow, CommentRow, FileRow, NoteRow
from app.tasks.filters.condition import condition
from app.tasks.filters.parse import parse
from app.tasks.schemas import BoardCreate, CardCreate
from app.tasks.tables import CardAssigneeRow, CardLabelRow, CardRow, ColumnRow, LabelRow, LaneRow, TransitionRow
from tests.tasks.conftest import make_person
from tests.tasks.filters.oracle import LABELS, LANES, NOW, ZONES, Eye, Facts, Said, cards, filters


@dataclass
class Stage:
    board_id: UUID
    people: dict[str, Actor]
    columns: dict[str, UUID]
    lanes: dict[str | None, UUID | None]
    labels: dict[str, UUID]


@pytest.fixture
def stage(db: Session) -> Stage:
    people = {name: make_person(db, name.split()[0], Role.member) for name in ("Ann Ash", "Bob")}
    db.execute(sa.text("update people set name = 'Ann Ash' where name = 'Ann'"))
    board = tasks.create_board(db, people["Bob"], BoardCreate(name="Team"))
    for place, name in enumerate(LANES):
        db.execute(sa.insert(LaneRow).values(board_id=board.id, name=name, rank=f"{place}V"))
    db.execute(sa.insert(LabelRow), [{"board_id": board.id, "name": name, "color": "red"} for name in LABELS])
    found = {
        row: dict(db.execute(sa.select(row.name, row.id)).tuples().all()) for row in (ColumnRow, LaneRow, LabelRow)
    }
    columns = {"": None, "To do": found[ColumnRow]["To do"], "Done": found[ColumnRow]["Completed"]}
    db.execute(sa.update(ColumnRow).where(ColumnRow.name == "Completed").values(name="Done"))
    return Stage(board.id, people, columns, {None: None, **found[LaneRow]}, found[LabelRow])  # type: ignore[arg-type, dict-item]


def put(db: Session, stage: Stage, facts: list[Facts]) -> None:
    """Straight into the tables: the cards need not have come about."""
    blocker: UUID | None = None
    for place, card in enumerate(facts):
        card.number, card_id = place + 1, uuid4()
        author = stage.people[card.author].id if card.author else None
        row = {
            "id": card_id,
            "board_id": stage.board_id,
            "number": card.number,
            "column_id": stage.columns[card.column],
        }
        row |= {"lane_id": stage.lanes[card.lane], "rank": None if card.archived else f"{place + 1:04}1"}
        row |= {name: getattr(card, name) for name in ("title", "description", "priority", "category", "estimate")}
        row |= {"start_on": card.start, "due_on": card.due, "owner_id": author, "created_at": card.created}
        db.execute(sa.insert(CardRow).values(**row, completed_at=card.completed, archived_at=card.archived))
        if blocker and card.number % 2:
            db.execute(sa.insert(BlockerRow).values(card_id=card_id, blocker_id=blocker, created_at=NOW))
            card.blocked = not (facts[0].completed or facts[0].archived)
        blocker = blocker or card_id
        hang_on(db, stage, card, card_id)


def hang_on(db: Session, stage: Stage, card: Facts, card_id: UUID) -> None:
    of_card = {"card_id": card_id, "created_at": NOW}
    for name in card.labels:
        db.execute(sa.insert(CardLabelRow).values(card_id=card_id, label_id=stage.labels[name]))
    for name in card.assignees:
        db.execute(sa.insert(CardAssigneeRow).values(card_id=card_id, person_id=stage.people[name].id))
    if card.comment:
        db.execute(sa.insert(CommentRow).values(author="Ann", text=card.comment, **of_card))
    if "note" in card.things:
        db.execute(sa.insert(NoteRow).values(author="Ann", day=NOW.date(), **of_card))
    if "checklist" in card.things:
        db.execute(sa.insert(ChecklistItemRow).values(rank="V", text="x", **of_card))
    if "file" in card.things:
        db.execute(
            sa.insert(FileRow).values(
                author="Ann", name="x", key=uuid4().hex, size=1, sha256="", media_type="", **of_card
            )
        )
    line = {"board_id": stage.board_id, "card_id": card_id, "kind": "changed", "person": "Ann", "title": card.title}
    line |= {"priority": card.priority, "category": card.category, "number": card.number}
    db.execute(
        sa.insert(TransitionRow), [{**line, "at": min(card.created, card.updated)}, {**line, "at": card.updated}]
    )


def test_filters_find_the_cards_that_they_mean(db: Session, stage: Stage) -> None:
    @given(st.lists(cards(), min_size=1, max_size=6), filters, st.sampled_from(ZONES))
    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(facts: list[Facts], said: Said, zone: object) -> None:
        text, meant = said
        eye = Eye(zone, "Bob")  # type: ignore[arg-type]
        with db.begin_nested() as savepoint, clock.use(FixedClock(NOW)):
            put(db, stage, facts)
            asked = condition(parse(text), stage.people["Bob"], stage.board_id, eye.zone)
            found = db.scalars(sa.select(CardRow.number).where(CardRow.board_id == stage.board_id, asked)).all()
            savepoint.rollback()
        assert sorted(found) == [card.number for card in facts if meant(card, eye)], text

    agree()


@pytest.mark.parametrize("text", ["'; drop table cards; --", "label:\"x' or '1'='1\"", 'assignee:"%s :x"', "a%b_c\\d"])
def test_what_is_looked_for_never_becomes_part_of_a_statement(db: Session, stage: Stage, text: str) -> None:
    asked = sa.select(CardRow.id).where(condition(parse(text), SYSTEM, stage.board_id))
    assert not any(part in str(asked.compile(db.get_bind())) for part in ("drop table", "'1'='1", "%s :x", "b_c"))
    assert db.scalars(asked).all() == []


def test_the_system_is_nobody_and_days_out_of_the_ordinary_are_no_problem(db: Session, stage: Stage) -> None:
    for text in (
        "assignee:me",
        "author:me",
        "due:9999-12-31",
        "created:>9999-12-31",
        "created:<0001-01-01",
        "due:>100y",
    ):
        for zone in ZONES:
            asked = condition(parse(text), SYSTEM, stage.board_id, zone)
            assert db.scalars(sa.select(CardRow.id).where(asked)).all() == []


def test_the_board_says_after_how_long_a_card_is_stale(db: Session, stage: Stage) -> None:
    card = tasks.create_card(db, stage.people["Bob"], stage.board_id, CardCreate(title="Call"))
    asked = sa.select(CardRow.id)
    later = FixedClock(NOW.replace(year=2030))
    with clock.use(later):
        assert db.scalars(asked.where(condition(parse("is:stale"), SYSTEM, stage.board_id))).all() == [card.id]
        db.execute(sa.text("update boards set options = '{\"stale_days\": null}'"))
        assert db.scalars(asked.where(condition(parse("is:stale"), SYSTEM, stage.board_id))).all() == []
