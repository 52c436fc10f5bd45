"""What a schema would reject, before anything is stored."""

from typing import Any

import pytest

from app.core import db
from app.core.actor import SYSTEM
from app.core.errors import Invalid
from app.datasets import service as datasets
from app.datasets.schemas import DatasetSchema, Trial, TryChange
from app.datasets.trials import run
from tests.datasets.conftest import load, make_dataset, rows_of

pytestmark = pytest.mark.usefixtures("database")
FILE = b"id,amount\n1,10\n2,-1\n2,x\n3,-2\n4,-3\n5,-4\n6,7,8\n"
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "unique": True},
    {"name": "amount", "type": "integer"},
]


def tried(content: bytes, columns: list[dict[str, Any]], file_name: str = "rows.csv", **rest: Any) -> Trial:
    upload = datasets.store_upload(SYSTEM, file_name, [content])
    return datasets.try_schema(SYSTEM, upload, DatasetSchema.model_validate({"columns": columns, **rest}))


def changed(name: str, columns: list[dict[str, Any]], **renamed: str) -> Trial:
    """Of all rows: on a busy machine the time for a try may be over before, so it is made again."""
    change = TryChange.model_validate({"schema": {"columns": columns}, "renamed": renamed})
    for _ in range(30):
        with db.transaction() as session:
            trial = datasets.try_change(session, SYSTEM, name, change)
        if trial.whole:
            return trial
    raise AssertionError("no try comes to the end of a few rows")


def test_each_rule_is_counted_with_examples() -> None:
    trial = tried(FILE, [COLUMNS[0], {**COLUMNS[1], "min": 0}], rules=[{"name": "small", "expression": "id < 5"}])
    assert (trial.rows_seen, trial.rows_rejected, trial.whole) == (7, 6, True)
    found = {(one.column, one.rule): (one.rows, one.examples) for one in trial.reasons}
    assert found == {
        ("amount", "min"): (4, ["-1", "-2", "-3"]),
        ("id", "unique"): (1, ["2"]),
        ("amount", "type"): (1, ["x"]),
        ("id", "small"): (1, ["5"]),
        ("", "columns"): (1, []),
    }
    assert trial.reasons[0].message == 'amount "-1" is less than 0.'


def test_only_the_time_there_is_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.0)
    monkeypatch.setattr(run, "BLOCK_BYTES", 100)
    upload = datasets.store_upload(SYSTEM, "rows.csv", [b"id\n" + b"1\n" * 500])
    schema = DatasetSchema.model_validate({"columns": [{"name": "id", "type": "integer", "min": 2}]})
    trial = run.try_file(upload, schema, run.Pins(), "")
    assert trial.whole is False
    assert 0 < trial.rows_seen == trial.rows_rejected < 500


def test_keys_of_another_dataset_are_asked_too() -> None:
    make_dataset("customers", [{"name": "code"}])
    load("customers", b"code\na\n")
    reference = {"dataset": "customers", "column": "code"}
    trial = tried(b"customer\na\nb\n", [{"name": "customer", "references": reference}])
    assert [(one.rule, one.rows, one.examples) for one in trial.reasons] == [("references", 1, ["b"])]


def test_a_file_that_does_not_fit_at_all_says_so() -> None:
    with pytest.raises(Invalid, match="lacks the column price"):
        tried(FILE, [{"name": "price", "required": True}])


def test_a_change_is_tried_on_what_is_stored_and_stores_nothing() -> None:
    make_dataset("orders", COLUMNS)
    first = load("orders", FILE)
    second = load("orders", b"id,amount\n8,-5\n9,1.5\n", "second.csv")
    trial = changed("orders", [COLUMNS[0], {"name": "price", "type": "decimal", "min": 0}], amount="price")
    assert (trial.rows_seen, trial.whole, trial.batches) == (9, True, [second.id, first.id])
    assert (trial.rows_rejected, trial.newly_rejected, trial.newly_stored) == (7, 5, 1)
    assert trial.reasons[0].examples == ["-5", "-1", "-2"]
    assert len(rows_of("orders")) == 6


def test_the_stored_rows_are_sampled_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.0)
    dataset = make_dataset("orders", COLUMNS)
    load("orders", FILE)
    second = load("orders", b"id,amount\n8,-5\n", "second.csv")
    trial = run.try_stored(dataset.id, dataset.definition, {}, "")
    assert (trial.whole, trial.batches, trial.rows_seen) == (False, [second.id], 1)
