"""What a board does by itself goes out with it and comes back."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks import service as tasks
from app.tasks.automations.schemas import RecurrenceCreate, TemplateCreate
from app.tasks.exchange.exports import export_board
from app.tasks.exchange.write_trello import trello_parts
from app.tasks.filters.schemas import FilterCreate
from app.tasks.schemas import Board, BoardChange, BoardCreate, CardCreate, LabelEdit, LaneEdit
from tests.tasks.automations.conftest import label, make_rule, outcomes
from tests.tasks.conftest import ann as ann
from tests.tasks.conftest import bob as bob
from tests.tasks.conftest import column
from tests.tasks.exchange.conftest import NOW, Import

MADE = NOW - timedelta(days=30)


@pytest.fixture
def board(db: Session, ann: Actor, bob: Actor) -> Board:
    with clock.use(FixedClock(MADE)):
        board_id = tasks.create_board(db, ann, BoardCreate(name="Whole")).id
        change = BoardChange(lanes=[LaneEdit(name="Fast")], labels=[LabelEdit(name="Bug")])
        tasks.change_board(db, ann, board_id, change)
        board = tasks.board(db, ann, board_id)
        full(db, ann, bob, board)
    return board


def full(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    done = {"kind": "moved", "column_id": str(column(board, "Pending"))}
    told: dict[str, Any] = {"kind": "notify", "person_ids": [str(bob.id)], "text": "Look"}
    make_rule(db, ann, board, done, {"kind": "add_label", "label_id": label(board, "Bug")}, told, name="First")
    make_rule(db, ann, board, {"kind": "due", "days": 3}, {"kind": "archive"}, name="Late", enabled=False)
    content = {"title": "Weekly", "assignee_ids": [str(bob.id)], "label_ids": [label(board, "Bug")], "due_in_days": 2}
    place = {"column_id": str(column(board, "Pending")), "lane_id": str(board.lanes[0].id)}
    timing = {"kind": "cron", "cron": "0 9 * * 1", "zone": "Europe/Berlin"}
    again = {"content": content, **place, "timing": timing, "until": date(2030, 1, 1), "only_if_done": True}
    tasks.automations.create_recurrence(db, ann, board.id, RecurrenceCreate.model_validate(again))
    template = {"name": "Bug report", "content": content | {"checklist": ["Steps"]}}
    tasks.automations.create_card_template(db, ann, board.id, TemplateCreate.model_validate(template))
    for who, name, shared in ((ann, "Ours", True), (ann, "Mine", False), (bob, "His", False)):
        tasks.save_filter(db, who, board.id, FilterCreate(name=name, text="label:Bug", shared=shared))


def told(db: Session, actor: Actor, board_id: UUID) -> dict[str, Any]:
    """Without ids; what they stand for is in the words of a rule and under its name elsewhere."""
    board, automations = tasks.board(db, actor, board_id), tasks.automations
    named: list[Any] = [*board.columns, *board.lanes, *board.labels]
    names = {str(one.id): one.name for one in named}
    plain = {
        "words",
        "name",
        "enabled",
        "problem",
        "zone",
        "cron",
        "until",
        "only_if_done",
        "shared",
        "text",
        "content",
    }
    things: dict[str, list[Any]] = {
        "rules": automations.rules(db, actor, board_id).items,
        "recurring": automations.recurrences(db, actor, board_id).items,
        "templates": automations.card_templates(db, actor, board_id).items,
        "filters": tasks.saved_filters(db, actor, board_id),
    }
    shown = {part: [one.model_dump(mode="json") for one in found] for part, found in things.items()}
    for one in (*shown["recurring"], *shown["templates"]):
        one["content"]["label_ids"] = [names[key] for key in one["content"]["label_ids"]]
    places = [(names[one["column_id"]], names[one["lane_id"]]) for one in shown["recurring"]]
    kept = {part: [{key: one[key] for key in plain & one.keys()} for one in found] for part, found in shown.items()}
    return {**kept, "places": places}


def report(db: Session, actor: Actor, board_id: UUID) -> dict[str, list[str]]:
    return {line.text: line.examples for line in tasks.import_report(db, actor, board_id).report.lines}


def test_rules_recurring_cards_templates_and_filters_come_back(
    db: Session, ann: Actor, board: Board, imported: Import
) -> None:
    back = imported(ann, b"".join(trello_parts(db, board.id, ann.id)))
    assert told(db, ann, back) == told(db, ann, board.id)
    assert [one["name"] for one in told(db, ann, back)["filters"]] == ["Mine", "Ours"]
    assert {"Rules: 2", "Recurring cards: 1", "Templates of cards: 1", "Saved filters: 2"} <= report(
        db, ann, back
    ).keys()


def test_filters_of_others_stay_with_them(db: Session, ann: Actor, bob: Actor, board: Board) -> None:
    def names(person_id: UUID | None) -> list[str]:
        file = json.loads(b"".join(trello_parts(db, board.id, person_id)))
        return [one["name"] for one in file["autoreport"]["filters"]]

    assert (names(ann.id), names(bob.id), names(None)) == (["Mine", "Ours"], ["His", "Ours"], ["Ours"])
    assert export_board(db, ann, board.id, "trello").media_type == "application/json"


def test_what_names_something_missing_is_listed_and_its_rule_switched_off(
    db: Session, ann: Actor, board: Board, imported: Import
) -> None:
    file = json.loads(b"".join(trello_parts(db, board.id, ann.id)))
    file["members"] = [one | {"fullName": "Zoe", "username": "zoe"} for one in file["members"]]
    own = file["autoreport"]
    own["filters"].append({"name": "Broken", "text": "label:(", "shared": True})
    own["recurring"][0]["timing"]["cron"] = "0 99 * * 1"
    own["rules"][1]["when"] = {"kind": "when the moon is full"}
    back = imported(ann, json.dumps(file).encode())
    rules = tasks.automations.rules(db, ann, back).items
    assert [(rule.name, rule.enabled, bool(rule.problem)) for rule in rules] == [("First", False, True)]
    [template] = tasks.automations.card_templates(db, ann, back).items
    assert (template.content.assignee_ids, len(template.content.label_ids)) == ([], 1)
    lines = report(db, ann, back)
    assert lines["Rules that name what is not on this board: they are switched off"] == ["First: Zoe"]
    assert lines["Templates of cards that name what is not on this board: they are without it"] == ["Bug report: Zoe"]
    left = {
        kind: lines[f"{kind} that cannot be made here"][0].split(":")[0]
        for kind in ("Rules", "Recurring cards", "Saved filters")
    }
    assert left == {"Rules": "Late", "Recurring cards": "Weekly", "Saved filters": "Broken"}


def test_a_rule_that_waits_for_time_leaves_cards_as_they_came(
    db: Session, ann: Actor, board: Board, imported: Import
) -> None:
    with clock.use(FixedClock(MADE)):
        tasks.create_card(db, ann, board.id, CardCreate(title="Late", due_on=NOW.date()))
        make_rule(db, ann, board, {"kind": "due", "days": 5}, {"kind": "priority", "priority": "urgent"}, name="Soon")
    back = imported(ann, b"".join(trello_parts(db, board.id, ann.id)))
    with clock.use(FixedClock(NOW + timedelta(minutes=1))):
        while tasks.automations.look_for_cards(db):
            pass
        [card] = tasks.board(db, ann, back).columns[0].cards
        soon = next(rule for rule in tasks.automations.rules(db, ann, back).items if rule.name == "Soon")
        assert (card.priority, soon.enabled, outcomes(db, ann, soon)) == ("medium", True, ["nothing"])


def test_a_lane_and_options_that_a_file_only_names_are_listed(
    db: Session, ann: Actor, board: Board, imported: Import
) -> None:
    with clock.use(FixedClock(MADE)):
        tasks.create_card(db, ann, board.id, CardCreate(title="Astray", lane_id=board.lanes[0].id))
    file = json.loads(b"".join(trello_parts(db, board.id)))
    file["cards"][0]["autoreport"]["lane"] = "nowhere"
    file["autoreport"]["options"] = {"stale_days": -4}
    lines = report(db, ann, imported(ann, json.dumps(file).encode()))
    assert lines["Lanes of cards that are not in the file: the cards are in none"] == ["Astray"]
    assert "Options of the board that do not fit here: it has the usual ones" in lines
