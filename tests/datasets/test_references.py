"""A column that refers to another dataset holds only what was there when its file began to load."""

from typing import Any

import numpy as np
import pytest

from app.core import db
from app.core.actor import SYSTEM, Role
from app.datasets import known_keys
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.references import BadReference
from app.datasets.schemas import DatasetCreate
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson, load, make_dataset, read_batch, receive, rejects_of, rows_of

pytestmark = pytest.mark.usefixtures("database")


def referring(kind: str, **rest: Any) -> dict[str, Any]:
    return {"name": "customer", "type": kind, "references": {"dataset": "customers", "column": "code"}, **rest}


@pytest.mark.parametrize(
    ("kind", "known", "strange"),
    [
        ("text", 'a,é,"two\nlines"', "A"),
        ("integer", "1,9007199254740993,-5", "2"),
        ("decimal", "1.50,0.10", "1.51"),
        ("date", "2026-01-31,1999-12-31", "2026-02-01"),
        ("timestamp", "2026-01-31T10:00:00,2026-01-31T10:00:00.000001", "2026-01-31T10:00:01"),
    ],
)
def test_only_values_that_are_there_are_stored(kind: str, known: str, strange: str) -> None:
    rest = {"decimals": 2} if kind == "decimal" else {}
    make_dataset("customers", [{"name": "code", "type": kind, **rest}])
    values = known.split(",")
    load("customers", ("code\n" + "\n".join([*values, values[0]]) + "\n").encode())
    make_dataset("orders", [{"name": "id", "type": "integer"}, referring(kind, **rest)])
    lines = [f"{place},{value}" for place, value in enumerate([*values, strange, "", values[-1]])]
    batch = load("orders", ("id,customer\n" + "\n".join(lines) + "\n").encode())
    assert [row[0] for row in rows_of("orders")] == [*range(len(values)), len(values) + 1, len(values) + 2]
    [reject] = rejects_of(batch)
    assert [(one.column, one.rule) for one in reject.failures] == [("customer", "references")]
    assert reject.failures[0].message == f'customer "{strange}" is not among code of the dataset customers.'


def test_nothing_is_there_until_something_is_loaded_and_undoing_takes_it_away() -> None:
    make_dataset("customers", [{"name": "code"}], mode="replace")
    make_dataset("orders", [referring("text")])
    assert load("orders", b"customer\na\n").rows_rejected == 1
    load("customers", b"code\na\n")
    assert load("orders", b"customer\na\na\n").rows_rejected == 0
    load("customers", b"code\nb\n")
    assert load("orders", b"customer\na\nb\n").rows_rejected == 1


def test_of_an_upsert_dataset_only_the_newest_row_of_a_key_counts() -> None:
    columns = [{"name": "id", "type": "integer"}, {"name": "code"}]
    make_dataset("customers", columns, mode="upsert", key=["id"])
    make_dataset("orders", [referring("text")])
    load("customers", b"id,code\n1,a\n2,b\n")
    load("customers", b"id,code\n1,c\n")
    assert [one.raw for one in rejects_of(load("orders", b"customer\na\nb\nc\n"))] == ["a"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"dataset": "orders", "column": "customer"}, "its own dataset"),
        ({"dataset": "nothing", "column": "code"}, "There is no dataset nothing"),
        ({"dataset": "customers", "column": "name"}, "has no such column"),
        ({"dataset": "customers", "column": "number"}, "is integer"),
    ],
)
def test_a_reference_that_cannot_hold_is_refused(reference: dict[str, str], words: str) -> None:
    make_dataset("customers", [{"name": "code"}, {"name": "number", "type": "integer"}])
    with pytest.raises(BadReference, match=words):
        make_dataset("orders", [{"name": "customer", "references": reference}])
    with pytest.raises(ValueError, match="exact values"):
        make_dataset("orders", [{"name": "customer", "type": "number", "references": reference}])


def test_a_dataset_that_may_not_be_seen_cannot_be_asked_for_its_keys(person: MakePerson) -> None:
    ada, bob = person("Ada", Role.author), person("Bob", Role.author)
    private = DatasetCreate.model_validate(
        {"name": "customers", "schema": {"columns": [{"name": "code"}]}, "share_with": []}
    )
    mine = DatasetCreate.model_validate({"name": "orders", "schema": {"columns": [referring("text")]}})
    with db.transaction() as session:
        datasets.create_dataset(session, ada, private)
    with pytest.raises(BadReference, match="or you may not see it"), db.transaction() as session:
        datasets.create_dataset(session, bob, mine)


def test_a_target_that_is_gone_fails_the_file_and_says_why() -> None:
    make_dataset("customers", [{"name": "code"}])
    make_dataset("orders", [referring("text")])
    batch = receive("orders", b"customer\na\n")
    with db.transaction() as session:
        datasets.delete_dataset(session, SYSTEM, "customers")
    work_off(HANDLERS)
    failed = read_batch(batch.id)
    assert (failed.status, failed.rows_in) == ("failed", 0)
    assert "refers to the dataset customers, which is not there any more" in str(failed.error)


def test_more_keys_than_fit_into_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_keys, "MAX_KEYS", 2)
    make_dataset("customers", [{"name": "code"}])
    make_dataset("orders", [referring("text")])
    load("customers", b"code\na\na\nb\n")
    assert load("orders", b"customer\na\n").status == "published"
    load("customers", b"code\nc\n")
    failed = load("orders", b"customer\nb\n")
    assert "more than 2 different values" in str(failed.error)


def test_two_keys_that_share_half_of_their_hash_are_told_apart() -> None:
    keys = known_keys.Keys([])
    keys.high, keys.low = (np.array(marks, dtype=np.uint64) for marks in ([3, 3, 3, 9], [7, 1, 4, 2]))
    asked = (np.array(marks, dtype=np.uint64) for marks in ([3, 3, 3, 9, 10], [4, 5, 7, 2, 2]))
    assert keys._holds(*asked).tolist() == [True, False, True, True, False]


def test_parts_of_the_answer_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_keys, "KEYS_IN_A_PART", 7)
    make_dataset("customers", [{"name": "code", "type": "integer"}])
    make_dataset("orders", [referring("integer")])
    load("customers", ("code\n" + "\n".join(map(str, range(100))) + "\n").encode())
    batch = load("orders", ("customer\n" + "\n".join(map(str, range(-2, 103))) + "\n").encode())
    assert [one.raw for one in rejects_of(batch)] == ["-2", "-1", "100", "101", "102"]
