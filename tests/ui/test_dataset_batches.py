"""The files of a dataset on its page."""

from app.core.actor import Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.jobs import service as jobs
from tests.access_objects import new_person
from tests.datasets.conftest import make_dataset, receive, texts
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]


def test_a_load_that_somebody_else_let_go_on_is_shown_to_whoever_sent_the_file(database: str, open_page: Open) -> None:
    ann, ben = new_person(Role.author, "ann@example.com"), new_person(Role.admin, "ben@example.com")
    make_dataset("notes", texts("a"))
    batch = receive("notes", b"a\n1\n", actor=ann)
    assert batch.run_id
    with transaction() as db:
        jobs.cancel_run(db, ann, batch.run_id)
        datasets.load_again(db, ben, batch.id)
    at = open_page(ann, "datasets", dataset="notes")
    assert not errors(at)
    assert "Undo" in [button.label for button in at.button]
