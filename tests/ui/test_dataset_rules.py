"""The rules of a dataset on its page: tried while they are written, saved, applied to everything, and taken back."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Dataset, DatasetChange, DatasetCreate, DatasetSchema, UseVersion
from app.jobs.work_off import work_off
from app.ui.dataset_grid import as_edited, schema_from
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]
COLUMNS = [{"name": "id", "type": "integer"}, {"name": "city", "type": "text"}]


@pytest.fixture
def ann(database: str) -> Actor:
    author = new_person(Role.author, "ann@example.com")
    with transaction() as db:
        datasets.create_dataset(
            db, author, DatasetCreate.model_validate({"name": "towns", "schema": {"columns": COLUMNS}})
        )
        upload = datasets.store_upload(author, "towns.csv", [b"id,city\n1,Oslo\n2,Rome\n30,Bern\n"])
        datasets.receive_file(db, author, "towns", upload)
    work_off(HANDLERS)
    return author


def towns(person: Actor) -> Dataset:
    with transaction() as db:
        return datasets.dataset_by_name(db, person, "towns")


def singly(at: AppTest) -> AppTest:
    """Grids cannot be filled in by a test, fields can."""
    return at.segmented_control(key="rules_towns_1_columns_way").set_value("One by one").run()


def at_most_ten(at: AppTest) -> AppTest:
    return singly(at).text_input(key="rules_towns_1_columns_0_id_max").set_value("10").run()


def test_what_a_rule_would_reject_is_shown_before_it_is_saved(ann: Actor, open_page: Open) -> None:
    at = at_most_ten(open_page(ann, "datasets", dataset="towns", tab="Rules"))
    assert not errors(at)
    assert "Of 3 rows, 1 would newly be rejected" in " ".join(one.value for one in at.warning)
    assert "- id\\: at most none → 10" in " ".join(one.value for one in at.markdown)
    counted = next(one.value for one in at.dataframe if "Rejects" in one.value)
    assert counted.iloc[0].to_dict() == {
        "Rule": "id: above the maximum 10",
        "Rejects": 1,
        "Share": pytest.approx(1 / 3),
        "Such as": "30",
    }
    press(at, "Save rules")
    after = towns(ann)
    assert (after.version, after.rows, after.definition.column("id").max) == (2, 3, "10")


def test_a_change_is_applied_to_everything_and_taken_back(ann: Actor, open_page: Open) -> None:
    at = at_most_ten(open_page(ann, "datasets", dataset="towns", tab="Rules"))
    press(at, "Apply to everything")
    asked = " ".join(one.value for one in at.markdown)
    assert "Of 3 rows, 1 would newly be rejected, 0 newly stored." in asked
    definition = towns(ann).definition.model_copy(
        update={"columns": [towns(ann).definition.columns[0].model_copy(update={"max": 10})]}
    )
    with transaction() as db:
        change = DatasetChange(definition=definition, apply="everything")
        datasets.change_dataset(db, ann, "towns", change)
    waiting = open_page(ann, "datasets", dataset="towns", tab="Rules")
    assert "All rows are being checked again" in " ".join(one.value for one in waiting.info)
    work_off(HANDLERS)
    assert (towns(ann).version, towns(ann).rows) == (2, 2)
    with transaction() as db:
        datasets.use_version(db, ann, "towns", 1, UseVersion(apply="everything"))
    work_off(HANDLERS)
    assert (towns(ann).version, towns(ann).rows) == (3, 3)
    at = open_page(ann, "datasets", dataset="towns", tab="Rules")
    assert not errors(at)
    assert "Applied to everything: 2 → 3 rows stored, 1 → 0 rejected." in [one.value for one in at.caption]


def test_a_wrong_rule_is_said_at_once(ann: Actor, open_page: Open) -> None:
    at = singly(open_page(ann, "datasets", dataset="towns", tab="Rules"))
    at.text_input(key="rules_towns_1_columns_0_id_max").set_value("many").run()
    assert errors(at) == ["Column 'id'\\: limit 'many' is not a number\\."]


def test_lists_and_limits_come_back_from_the_grid_as_they_were() -> None:
    columns = [
        {"name": "n", "type": "decimal", "min": 0.5, "max": 10},
        {"name": "c", "allowed": ["a, b", 'say "c"', "d"]},
        {"name": "p", "type": "number", "formats": ["1.234,56"]},
        {"name": "d", "type": "date", "formats": ["%d.%m.%Y", "%d, %m, %Y"]},
    ]
    schema = DatasetSchema.model_validate({"columns": columns, "max_reject_share": 0.29})
    same = as_edited(schema)
    assert same.columns[1:] == schema.columns[1:]
    assert datasets.what_changes(schema, same, {}) == ("rules", [])


def test_how_numbers_are_written_is_chosen_and_counted(ann: Actor, open_page: Open) -> None:
    at = singly(open_page(ann, "datasets", dataset="towns", tab="Rules"))
    at.selectbox(key="rules_towns_1_columns_0_id_numbers").set_value("1.234,56").run()
    assert "- id\\: written as none → 1\\.234,56" in " ".join(one.value for one in at.markdown)
    press(at, "Save rules")
    assert towns(ann).definition.column("id").formats == ["1.234,56"]


def test_a_renamed_column_is_one_change(ann: Actor, open_page: Open) -> None:
    at = singly(open_page(ann, "datasets", dataset="towns", tab="Rules"))
    at.text_input(key="rules_towns_1_columns_0_id_name").set_value("number").run()
    assert "- Column id renamed to number" in " ".join(one.value for one in at.markdown)
    assert "Save rules" not in [button.label for button in at.button]
    assert "Apply to everything" in [button.label for button in at.button]


def test_who_may_not_change_it_sees_the_rules_and_versions(ann: Actor, open_page: Open) -> None:
    at = open_page(new_person(Role.viewer), "datasets", dataset="towns", tab="Rules")
    assert not errors(at)
    assert "Only authors change rules." in [one.value for one in at.caption]
    assert not {"Save rules", "Apply to everything", "Delete dataset"} & {button.label for button in at.button}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"name": f"c{place}"} for place in range(501)], "These are 501 columns; a dataset has at most 500."),
        ([{"name": "a", "pattern": "x" * 501}], "Column 'a' pattern: String should have at most 500 characters."),
        ([], "Columns: List should have at least 1 item after validation, not 0."),
    ],
    ids=["too many", "long pattern", "none"],
)
def test_what_is_wrong_with_columns_is_told_by_their_names(lines: list[dict[str, Any]], words: str) -> None:
    assert schema_from(lines, [], {"mode": "append"}) == words
