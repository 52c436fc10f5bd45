"""What cannot be undone asks for the password again."""

import pytest
from streamlit.testing.v1 import AppTest

from app.accounts import service as accounts
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from tests.access_objects import new_person
from tests.ui.opening import errors, press

PASSWORD = "three unrelated words"


@pytest.fixture
def ann(database: str) -> Actor:
    return new_person(Role.author, "ann@example.com")


def deleting() -> None:
    """The dialog by itself: a test cannot press a button inside of one that a click has opened."""
    from functools import partial

    import streamlit as st

    from app.datasets import service as datasets
    from app.ui import dataset_rules
    from app.ui.page import reading, viewer
    from app.ui.reconfirm import confirm_with_password

    person = viewer()
    with reading() as db:
        found = [one for one in datasets.datasets_page(db, person).items if one.name == "orders"]
    if found:
        delete = partial(dataset_rules._delete, person, found[0])
        confirm_with_password(person, "Delete orders?", verb="Delete", act=delete)
    else:
        st.write("Nothing left")


def test_a_dataset_is_deleted_only_with_the_password(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as db:
        columns = [{"name": "amount", "type": "integer"}]
        datasets.create_dataset(
            db, ann, DatasetCreate.model_validate({"name": "orders", "schema": {"columns": columns}})
        )
        token = accounts.start_session(db, accounts.me(db, ann))
    for module in ("page", "reconfirm"):
        monkeypatch.setattr(f"app.ui.{module}.session_token", lambda: token)
    at = AppTest.from_function(deleting, default_timeout=120).run()
    for wrong in ("", "not my password"):
        at.text_input(key="password_again").set_value(wrong)
        assert errors(press(at, "Delete")) == ["This is not your password. Nothing was changed."]
    at.text_input(key="password_again").set_value(PASSWORD)
    press(at, "Delete")
    assert [each.value for each in at.markdown if each.value == "Nothing left"]
    with transaction() as db:
        assert datasets.datasets_page(db, ann).items == []
