"""Every definition is kept, and a changed one can be laid over all that is stored."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.core import db, storage
from app.core.actor import SYSTEM
from app.datasets import cut_blocks
from app.datasets import service as datasets
from app.datasets.definitions import DatasetHoldsRows
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Dataset, DatasetChange, DatasetVersion, Mend
from app.datasets.settled import BeingRevalidated
from app.datasets.versions.request import BadRename, FilesLoading, FilesReplaced
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, receive, rejects_of, rows_of

ORDERS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True, "unique": True},
    {"name": "amount", "type": "decimal", "decimals": 2},
    {"name": "currency"},
]
FILE = b"id,amount,currency,note\n1,10.50,USD,a\n2,-1,CHF,b\n2,7.00,EUR,c\n3,x,EUR,d\n4,0.25,usd,\n"

pytestmark = pytest.mark.usefixtures("database")


def change(name: str, columns: list[dict[str, Any]] | None = None, **rest: Any) -> Dataset:
    """What is not given of the schema is its default."""
    outside = {key: rest.pop(key) for key in ("apply", "renamed", "note", "version") if key in rest}
    schema = {"schema": {"columns": columns, **rest}} if columns else {}
    with db.transaction() as session:
        return datasets.change_dataset(session, SYSTEM, name, DatasetChange.model_validate({**schema, **outside}))


def apply(name: str, columns: list[dict[str, Any]] | None = None, **rest: Any) -> Dataset:
    """Changed and worked off."""
    change(name, columns, apply="everything", **rest)
    work_off(HANDLERS)
    with db.transaction() as session:
        return datasets.dataset_by_name(session, SYSTEM, name)


def versions_of(name: str) -> list[DatasetVersion]:
    with db.transaction() as session:
        return datasets.versions(session, SYSTEM, name).items


def changed(place: int, **rules: Any) -> list[dict[str, Any]]:
    return [column | rules if place == index else column for index, column in enumerate(ORDERS)]


def parquet_rows(name: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    with db.transaction() as session:
        files = datasets.live_files(session, SYSTEM, name).files
    return [row for key in files for row in pq.read_table(key, filesystem=storage.filesystem()).to_pylist()]


def test_rules_for_later_files_leave_what_is_stored() -> None:
    make_dataset("orders", ORDERS)
    load("orders", FILE)
    change("orders", changed(1, min=0), note="no refunds")
    assert [row[0] for row in rows_of("orders")] == [1, 2, 4]
    newest, first = versions_of("orders")
    assert (newest.version, newest.changes, newest.note) == (2, ["amount: at least none → 0"], "no refunds")
    assert newest.applied_at is None
    assert (first.version, first.changes) == (1, [])
    assert first.applied_at is not None


def test_a_rule_is_laid_over_what_is_stored() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    after = apply("orders", changed(1, min=0))
    assert (after.version, after.rows, after.rejected, after.job_id) == (2, 2, 3, None)
    assert [row[0] for row in rows_of("orders")] == [1, 4]
    assert [(one.row, [f.rule for f in one.failures]) for one in rejects_of(batch)] == [
        (2, ["min"]),
        (3, ["unique"]),
        (4, ["type"]),
    ]
    again = read_batch(batch.id)
    assert (again.rows_in, again.rows_valid, again.rows_rejected, again.schema_version) == (5, 2, 3, 2)
    assert [row["id"] for row in parquet_rows("orders")] == [1, 4]
    figures = {"rows_before": 3, "rejected_before": 2, "rows_after": 2, "rejected_after": 3}
    assert versions_of("orders")[0].figures == figures


def test_a_changed_type_and_a_column_that_nobody_wanted_come_from_the_raw_bytes() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    columns = [{"name": "note", "required": True}, *changed(1, type="text", decimals=None)]
    apply("orders", columns)
    assert rows_of("orders") == [["a", 1, "10.50", "USD"], ["b", 2, "-1", "CHF"], ["d", 3, "x", "EUR"]]
    with db.transaction() as session:
        trace = datasets.trace_row(session, SYSTEM, "orders", f"{batch.id}.4")
    assert (trace.raw, trace.values) == ("3,x,EUR,d", {"note": "d", "id": 3, "amount": "x", "currency": "EUR"})


def test_a_renamed_column_keeps_its_values_and_a_removed_one_can_come_back() -> None:
    make_dataset("orders", ORDERS)
    load("orders", FILE)
    columns = [ORDERS[0], {**ORDERS[1], "name": "note"}]
    apply("orders", columns, renamed={"amount": "note"})
    assert rows_of("orders") == [[1, Decimal("10.50")], [2, Decimal("-1.00")], [4, Decimal("0.25")]]
    assert versions_of("orders")[0].changes == ["Column amount renamed to note", "Column currency removed"]
    apply("orders", ORDERS, renamed={"note": "amount"})
    assert rows_of("orders")[0] == [1, Decimal("10.50"), "USD"]


def test_a_required_column_that_no_file_has_rejects_every_row() -> None:
    make_dataset("orders", ORDERS)
    load("orders", FILE)
    apply("orders", [*ORDERS, {"name": "shop", "required": True}])
    assert rows_of("orders") == []
    apply("orders", [*ORDERS, {"name": "shop", "required": True, "default": "main"}])
    assert rows_of("orders")[0] == [1, Decimal("10.50"), "USD", "main"]


def test_held_and_replaced_files_are_read_again_too() -> None:
    make_dataset("orders", ORDERS, mode="replace", max_reject_share=0.5)
    first = load("orders", FILE)
    second = load("orders", b"id,amount,currency\n7,1,USD\n", "second.csv")
    held = load("orders", b"id,amount,currency\n8,x,USD\n9,1,USD\n9,2,USD\n", "held.csv")
    assert held.status == "held"
    apply("orders", [*ORDERS, {"name": "note"}], mode="replace", max_reject_share=0.5)
    assert rows_of("orders") == [[7, Decimal("1.00"), "USD", None]]
    with db.transaction() as session:
        datasets.undo_batch(session, SYSTEM, second.id)
    assert [row[3] for row in rows_of("orders")] == ["a", "b", None]
    with db.transaction() as session:
        datasets.release_batch(session, SYSTEM, held.id)
    assert rows_of("orders") == [[9, Decimal("1.00"), "USD", None]]
    assert read_batch(first.id).replaced_by == held.id


def test_files_with_a_key_are_merged_in_the_order_in_which_they_came() -> None:
    columns = [{"name": "id", "type": "integer"}, {"name": "value"}]
    make_dataset("stock", columns)
    load("stock", b"id,value\n1,a\n2,b\n")
    last = load("stock", b"id,value\n2,c\n3,d\n", "second.csv")
    apply("stock", columns, mode="upsert", key=["id"])
    assert sorted(rows_of("stock")) == [[1, "a"], [2, "c"], [3, "d"]]
    apply("stock", [columns[0], {**columns[1], "type": "text", "allowed": ["a", "b", "d"]}], mode="upsert", key=["id"])
    assert sorted(rows_of("stock")) == [[1, "a"], [2, "b"], [3, "d"]]
    with db.transaction() as session:
        datasets.undo_batch(session, SYSTEM, last.id)
    assert sorted(rows_of("stock")) == [[1, "a"], [2, "b"]]
    apply("stock", columns)
    assert sorted(rows_of("stock")) == [[1, "a"], [2, "b"]]


def test_what_the_stored_rows_do_not_fit_needs_everything() -> None:
    make_dataset("orders", ORDERS)
    batch = receive("orders", FILE)
    with pytest.raises(FilesLoading):
        change("orders", changed(1, min=0), apply="everything")
    work_off(HANDLERS)
    assert read_batch(batch.id).status == "published"
    with pytest.raises(DatasetHoldsRows, match='apply: "everything"'):
        change("orders", changed(1, type="text", decimals=None))
    with pytest.raises(BadRename, match="no column 'price'"):
        change("orders", ORDERS, apply="everything", renamed={"price": "amount"})


def test_nothing_else_changes_the_dataset_meanwhile_and_everybody_sees_the_old_state() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    pending = change("orders", changed(1, min=0), apply="everything")
    assert pending.job_id is not None
    assert (pending.version, pending.definition.column("amount").min) == (1, None)
    with pytest.raises(BeingRevalidated), db.transaction() as session:
        datasets.undo_batch(session, SYSTEM, batch.id)
    with pytest.raises(BeingRevalidated):
        receive("orders", b"id\n1\n")
    with pytest.raises(BeingRevalidated):
        change("orders", ORDERS)
    assert len(rows_of("orders")) == 3
    work_off(HANDLERS)
    assert load("orders", b"id,amount\n9,-1\n", "later.csv").rows_rejected == 1


def test_replaced_files_stand_in_the_way_of_a_key() -> None:
    make_dataset("orders", ORDERS, mode="replace")
    load("orders", FILE)
    load("orders", b"id\n1\n", "second.csv")
    with pytest.raises(FilesReplaced, match="Undo these"):
        change("orders", ORDERS, apply="everything", mode="upsert", key=["id"])


def test_the_same_schema_again_changes_nothing() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    query = sa.text("select row, line, raw, failures from rejects order by 1")
    with db.transaction() as session:
        before = rows_of("orders"), session.execute(query).all(), parquet_rows("orders"), read_batch(batch.id)
    apply("orders")
    with db.transaction() as session:
        after = rows_of("orders"), session.execute(query).all(), parquet_rows("orders"), read_batch(batch.id)
    assert after[:3] == before[:3]
    assert after[3].model_copy(update={"schema_version": 1}) == before[3]


def mend(row_id: str, **what: Any) -> bool:
    with db.transaction() as session:
        return datasets.replay_reject(session, SYSTEM, row_id, Mend.model_validate(what)).mended is not None


def test_mended_rows_stay_mended_and_are_open_again_when_the_new_rules_refuse_them() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    assert mend(f"{batch.id}.4", values={"amount": "30"})
    assert mend(f"{batch.id}.3", raw="5,70,EUR,c")
    before = rows_of("orders"), rejects_of(batch), parquet_rows("orders")
    apply("orders")
    after = rows_of("orders"), rejects_of(batch), sorted(parquet_rows("orders"), key=lambda row: int(row["_row"]))
    assert after == (*before[:2], sorted(before[2], key=lambda row: int(row["_row"])))
    assert (read_batch(batch.id).rows_valid, read_batch(batch.id).rows_rejected) == (5, 0)
    columns = [ORDERS[0], {**ORDERS[1], "name": "price", "max": 50}, ORDERS[2]]
    apply("orders", columns, renamed={"amount": "price"})
    assert [(row[0], row[1]) for row in rows_of("orders")] == [
        (1, Decimal("10.50")),
        (2, Decimal("-1.00")),
        (3, Decimal("30.00")),
        (4, Decimal("0.25")),
    ]
    [reject] = [one for one in rejects_of(batch) if one.state == "open"]
    assert (reject.row, [(one.column, one.rule) for one in reject.failures]) == (3, [("price", "max")])
    assert mend(f"{batch.id}.3", values={"id": "5", "price": "49"})


HOSTILE = {
    "quotes.csv": b'id,note\n1,5" pipe\n2,"x"y\n3,"two\nlines"\n1,again\n4,"open\n5,a,b\n\n6\n',
    "bytes.csv": b"id,note\n1,caf\xc3\xa9\n2,caf\xe9\n3,nul\0byte\n" + b"4,ok\n" * 20,
    "wide.csv": "id,note\n1,é\n2,中\nx,y\n".encode("utf-16"),
    "lines.ndjson": b'{"id": 1, "note": "a"}\n{"id": 2}\nno json\n{"id": "x", "note": [1, 2]}\n{"id": 1.0}\n',
    "returns.csv": b"id,note\r1,a\r1,b\rx,c\r",
}


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_hostile_files_are_read_again_exactly_as_they_were(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", 24)
    columns = [{"name": "id", "type": "integer", "required": True, "unique": True}, {"name": "note"}]
    make_dataset("hostile", columns, mode=mode, key=["id"])
    batches = [load("hostile", content, name) for name, content in HOSTILE.items()]
    assert min(sum(one.rows_valid for one in batches), sum(one.rows_rejected for one in batches)) >= 10
    queries = [
        "select batch_id, row, line, raw, failures from rejects order by 1, 2",
        'select batch_id, "column", rule, rows from reject_reasons order by 1, 2, 3',
        "select batch_id, block, rows, size from data_files order by 1, 2",
        "select id, rows_in, rows_valid, rows_rejected, failures, dialect, status from batches order by 1",
        f"select * from data.d_{batches[0].dataset_id.hex} order by _batch, _row",
    ]
    with db.transaction() as session:
        before = [session.execute(sa.text(query)).all() for query in queries]
    with db.transaction() as session:
        same = DatasetChange(apply="everything")
        datasets.change_dataset(session, SYSTEM, "hostile", same)
    work_off(HANDLERS)
    with db.transaction() as session:
        after = [session.execute(sa.text(query)).all() for query in queries]
    assert after == before
