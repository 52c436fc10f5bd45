"""Questions on their page: put together, asked, kept, changed and deleted."""

from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.queries import service as queries
from app.queries.schemas import NamedQuery, QueryCreate
from app.ui.query_result import as_csv
from tests.access_objects import new_person
from tests.datasets.conftest import load, make_dataset
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]

SALES: list[dict[str, Any]] = [
    {"name": "city", "references": {"dataset": "cities", "column": "name"}},
    {"name": "amount", "type": "integer"},
    {"name": "day", "type": "date"},
]


@pytest.fixture
def data(database: str) -> None:
    make_dataset("cities", [{"name": "name", "unique": True}, {"name": "land"}])
    load("cities", b"name,land\nOslo,Norway\nBonn,Germany\n")
    make_dataset("sales", SALES)
    load("sales", b"city,amount,day\nOslo,3,2026-01-02\nBonn,4,2026-01-03\nOslo,5,2026-02-01\n")


def button(at: AppTest, label: str) -> AppTest:
    return next(each for each in at.button if each.label == label).click().run()


def kept(question: dict[str, object]) -> NamedQuery:
    with transaction() as db:
        return queries.create_query(
            db, SYSTEM, QueryCreate.model_validate({"name": "Large ones", "question": question})
        )


def test_a_question_is_put_together_and_asked(data: None, open_page: Open) -> None:
    at = open_page(new_person(Role.member), "queries", query="new")
    assert errors(at) == []
    next(box for box in at.selectbox if box.label == "Dataset").set_value("sales").run()
    next(box for box in at.selectbox if box.label == "Join a dataset").set_value("cities").run()
    next(box for box in at.selectbox if box.label == "For each").set_value("cities.land").run()
    next(box for box in at.selectbox if box.label == "Figure").set_value("sum").run()
    next(box for box in at.selectbox if box.label == "Of").set_value("amount").run()
    button(at, "Run")
    assert errors(at) == []
    assert at.dataframe[0].value.to_dict("list") == {"cities.land": ["Germany", "Norway"], "Sum amount": ["4", "8"]}
    assert any("2 rows in" in caption.value for caption in at.caption)
    assert not [each for each in at.button if each.label == "Save as"], "members ask, authors keep"


def test_sql_that_is_wrong_says_where_and_the_page_goes_on(data: None, open_page: Open) -> None:
    at = open_page(new_person(Role.author), "queries", query="new")
    at.segmented_control[0].set_value("SQL").run()
    next(area for area in at.text_area if area.label == "One SELECT").set_value("SELECT town FROM sales").run()
    button(at, "Run")
    assert any("Line 1, column 8" in error for error in errors(at))
    next(area for area in at.text_area if area.label == "One SELECT").set_value("SELECT max(day) AS d FROM sales").run()
    button(at, "Run")
    assert at.dataframe[0].value.to_dict("list") == {"d": ["2026-02-01"]}


def test_a_kept_query_is_changed_saved_and_deleted_after_a_question(data: None, open_page: Open) -> None:
    found = kept({"sql": "SELECT city FROM sales WHERE amount > 3"})
    admin = new_person(Role.admin)
    at = open_page(admin, "queries", query=str(found.id))
    next(area for area in at.text_area if area.label == "One SELECT").set_value("SELECT day FROM sales").run()
    button(at, "Save")
    assert errors(at) == []
    with transaction() as db:
        saved = queries.query(db, admin, found.id)
    assert ([column.name for column in saved.columns], saved.version) == (["day"], 2)
    button(at, "Delete")
    assert at.button(key="confirm_act").label == "Delete", "asks before it deletes"


@pytest.mark.parametrize("name", ["", "Umsätze"])
def test_a_name_that_cannot_be_is_refused_in_words(data: None, open_page: Open, name: str) -> None:
    at = button(open_page(new_person(Role.author), "queries", query="new"), "Save as")
    next(field for field in at.text_input if field.label == "Name").set_value(name)
    next(each for each in at.button if each.label == "Save as").click()
    [said] = errors(button(at, "Save"))
    assert f"{name or 'Nothing'} cannot be a name" in said
    with transaction() as db:
        assert queries.queries_page(db, SYSTEM).items == []


def test_a_viewer_reads_what_a_query_gives_and_cannot_ask(data: None, open_page: Open) -> None:
    found = kept({"dataset": "sales", "columns": ["city"]})
    at = open_page(new_person(Role.viewer), "queries", query=str(found.id))
    assert at.dataframe[0].value.to_dict("list") == {"Column": ["city"], "Type": ["text"]}
    assert not [each for each in at.button if each.label == "Run"]


def test_a_text_that_is_no_formula_stays_none_in_a_spreadsheet() -> None:
    from app.queries.schemas import QueryResult

    answer = QueryResult.model_validate(
        {
            "columns": [{"name": "@note", "type": "text"}, {"name": "n", "type": "integer"}],
            "rows": [["=1+1", -2], ["＝1+1", None], [None, 3]],
            "row_count": 3, "truncated": False, "sql": "", "values": [], "dataset": "d", "dataset_id": UUID(int=1),
            "version": "1", "batches": [1],
        }
    )  # fmt: skip
    assert as_csv(answer) == "'@note,n\n'=1+1,-2\n'＝1+1,\n,3\n"
