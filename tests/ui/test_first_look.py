"""What the start page and the lists say first: what waits for a decision, and what to do when nothing is there yet."""

import pytest

from app.core.actor import Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import DatasetCreate
from app.jobs.work_off import work_off
from app.ui.job_parts import result_text
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]
STRICT = {"columns": [{"name": "id", "type": "integer"}], "max_reject_share": 0.1}


@pytest.fixture
def ann(database: str) -> Actor:
    author = new_person(Role.author, "ann@example.com")
    with transaction() as db:
        datasets.create_dataset(db, author, DatasetCreate.model_validate({"name": "towns", "schema": STRICT}))
        upload = datasets.store_upload(author, "towns.csv", [b"id\n1\nx\n"])
        datasets.receive_file(db, author, "towns", upload)
    work_off(HANDLERS)
    return author


def test_a_file_that_is_held_back_waits_on_the_start_page_and_in_the_list(ann: Actor, open_page: Open) -> None:
    home = open_page(ann, "home")
    assert errors(home) == []
    assert "1 of 2 rows rejected" in " ".join(one.value for one in home.caption)
    listed = open_page(ann, "datasets")
    assert errors(listed) == []
    assert "1 held" in " ".join(one.value for one in listed.caption)


@pytest.mark.parametrize("page", ["datasets", "documents"])
def test_an_empty_list_tells_nobody_to_do_what_they_may_not(open_page: Open, database: str, page: str) -> None:
    said = open_page(new_person(Role.viewer), page)
    assert errors(said) == []
    texts = " ".join(one.value for one in said.caption)
    assert "them." in texts
    assert not any(word in texts for word in ("Drop a file", "Add reports"))


def test_counts_that_a_job_tells_have_separators_and_names_that_are_numbers_have_none() -> None:
    told = result_text({"status": "published", "batch_id": 13000, "rows_in": 2500000, "parts": [1]})
    assert told == "status: published, batch id: 13000, rows in: 2,500,000"
