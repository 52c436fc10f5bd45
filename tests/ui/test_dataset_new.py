"""New datasets from several files on the page."""

from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.datasets import service as datasets
from tests.access_objects import new_person
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]
FILES = [("towns.csv", b"id,town\n1,Oslo\n", "text/csv"), ("ships.csv", b"id,ship\n1,Fram\n", "text/csv")]


def test_nothing_is_said_to_be_made_while_a_name_is_wrong(open_page: Open) -> None:
    at = open_page(new_person(Role.author), "datasets")
    at.file_uploader[0].set_value(FILES).run()
    next(field for field in at.text_input if field.value == "ships").set_value("sea ships").run()
    press(at, "Create 2 datasets and load")
    assert "sea ships cannot be a name" in errors(at)[0]
    assert [one.value for one in at.toast] == []
    with transaction() as db:
        assert datasets.datasets(db, SYSTEM) == []
