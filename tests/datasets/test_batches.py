"""What may happen to a batch: held, released, undone, replaced, merged, deleted."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.core import db, storage
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import AppError, Conflict, Forbidden, NotFound
from app.datasets import service as datasets
from app.datasets.decisions import NotHeld, NothingToUndo
from app.datasets.definitions import DatasetChanged, DatasetExists, DatasetHoldsRows
from app.datasets.jobs import HANDLERS
from app.datasets.publish import NewerBatch
from app.datasets.schemas import Batch, Dataset, DatasetChange, DatasetSchema
from app.jobs import service as jobs
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson, load, make_dataset, read_batch, receive, rejects_of, rows_of, texts

pytestmark = pytest.mark.usefixtures("database")
PRICES = [{"name": "sku", "required": True}, {"name": "price", "type": "decimal", "decimals": 2, "min": 0}]


TABLES = "select count(*) from pg_class where relnamespace = 'data'::regnamespace"


def partitions(session: Session) -> int:
    return session.scalar(sa.text(f"{TABLES} and relkind = 'r'")) or 0


def undo(batch: Batch, actor: Actor = SYSTEM) -> Batch:
    with db.transaction() as session:
        return datasets.undo_batch(session, actor, batch.id)


def release(batch: Batch) -> Batch:
    with db.transaction() as session:
        return datasets.release_batch(session, SYSTEM, batch.id)


def live(name: str) -> list[int]:
    with db.transaction() as session:
        return datasets.live_files(session, SYSTEM, name).batches


def count_of(name: str) -> int:
    with db.transaction() as session:
        return datasets.dataset_by_name(session, SYSTEM, name).rows


def change(name: str, definition: dict[str, Any], **rest: Any) -> Dataset:
    wanted = DatasetChange(definition=DatasetSchema.model_validate(definition), **rest)
    with db.transaction() as session:
        return datasets.change_dataset(session, SYSTEM, name, wanted)


def test_too_many_rejects_hold_a_batch_until_somebody_decides() -> None:
    make_dataset("prices", PRICES, max_reject_share=0.4)
    held = load("prices", b"sku,price\na,1\nb,-1\n")
    assert (held.status, rows_of("prices"), live("prices"), count_of("prices")) == ("held", [], [], 0)
    assert len(rejects_of(held)) == 1
    assert release(held).status == "published"
    assert rows_of("prices") == [["a", Decimal("1.00")]]
    assert (live("prices"), count_of("prices")) == ([held.id], 1)
    with pytest.raises(NotHeld):
        release(held)


def test_a_share_of_exactly_the_limit_is_published() -> None:
    make_dataset("prices", PRICES, max_reject_share=0.5)
    assert load("prices", b"sku,price\na,1\nb,-1\n").status == "published"


@pytest.mark.parametrize("limit", [1.0, 0.0])
def test_undo_leaves_nothing_but_the_line_in_the_list(limit: float) -> None:
    make_dataset("prices", PRICES, max_reject_share=limit)
    batch = load("prices", b"sku,price\na,1\nb,-1\n")
    with db.transaction() as session:
        keys = list(session.scalars(sa.text("select key from data_files")))
    assert undo(batch).status == "undone"
    assert (rows_of("prices"), live("prices"), rejects_of(batch)) == ([], [], [])
    with db.transaction() as session:
        for table in ("raw_blocks", "rejects", "reject_reasons", "data_files"):
            assert session.scalar(sa.text(f"select count(*) from {table}")) == 0
        assert partitions(session) == 0
        with pytest.raises(NotFound):
            datasets.trace_row(session, SYSTEM, "prices", f"{batch.id}.1")
    for key in keys:
        with pytest.raises(NotFound), storage.open_file(key):
            pass
    with pytest.raises(NothingToUndo):
        undo(batch)
    assert load("prices", b"sku,price\na,1\nb,-1\n").status != "duplicate"


def test_replace_shows_only_the_newest_and_undo_brings_back_the_one_before() -> None:
    make_dataset("prices", PRICES, mode="replace")
    first = load("prices", b"sku,price\na,1\n")
    second = load("prices", b"sku,price\nb,2\nc,3\n")
    assert (live("prices"), count_of("prices")) == ([second.id], 2)
    assert read_batch(first.id).replaced_by == second.id
    again = load("prices", b"sku,price\na,1\n")
    assert (again.status, rows_of("prices")) == ("published", [["a", Decimal("1.00")]])
    undo(again)
    assert [row[0] for row in rows_of("prices")] == ["b", "c"]
    undo(second)
    assert (live("prices"), [row[0] for row in rows_of("prices")]) == ([first.id], ["a"])


def test_upsert_keeps_the_newest_row_of_each_key_and_can_be_undone_from_the_end() -> None:
    make_dataset("prices", PRICES, mode="upsert", key=["sku"])
    first = load("prices", b"sku,price\na,1\nb,2\n")
    second = load("prices", b"sku,price\nb,3\nc,4\nb,5\n")
    assert (second.rows_valid, second.rows_rejected) == (2, 1)
    assert sorted(rows_of("prices")) == [["a", Decimal(1)], ["b", Decimal(3)], ["c", Decimal(4)]]
    assert count_of("prices") == 3
    with pytest.raises(NewerBatch, match=str(second.id)):
        undo(first)
    undo(second)
    assert sorted(rows_of("prices")) == [["a", Decimal(1)], ["b", Decimal(2)]]
    undo(first)
    assert rows_of("prices") == []


def test_new_rules_hold_for_later_files_and_the_shape_is_fixed_while_there_are_rows() -> None:
    made = make_dataset("prices", PRICES)
    batch = load("prices", b"sku,price\na,1\nb,2000\n")
    stricter = {"columns": [PRICES[0], {**PRICES[1], "max": 1000}]}
    assert change("prices", stricter, version=made.version).version == 2
    assert load("prices", b"sku,price\nc,2000\n").rows_rejected == 1
    with pytest.raises(DatasetHoldsRows):
        change("prices", {"columns": texts("sku", "price")})
    with pytest.raises(DatasetChanged):
        change("prices", stricter, version=1)
    undo(batch)
    with pytest.raises(DatasetHoldsRows):
        change("prices", {"columns": texts("sku")})


def test_an_empty_dataset_may_change_its_shape() -> None:
    make_dataset("prices", PRICES)
    undo(load("prices", b"sku,price\na,1\n"))
    change("prices", {"columns": texts("word")})
    load("prices", b"word\nx\n")
    assert rows_of("prices") == [["x"]]


def test_a_deleted_dataset_leaves_no_table_no_row_and_no_file(data_dir: Any) -> None:
    made = make_dataset("prices", PRICES, mode="replace")
    load("prices", b"sku,price\na,1\n")
    load("prices", b"sku,price\nb,1\n")
    receive("prices", b"sku,price\nc,1\n")
    with db.transaction() as session:
        datasets.delete_dataset(session, SYSTEM, "prices")
    with db.transaction() as session:
        for table in ("batches", "raw_blocks", "rejects", "data_files"):
            assert session.scalar(sa.text(f"select count(*) from {table}")) == 0
        assert session.scalar(sa.text(TABLES)) == 0
    assert not [path for path in (data_dir / "storage" / "datasets" / str(made.id)).rglob("*") if path.is_file()]
    assert [run.status for run in work_off(HANDLERS)] == ["failed"]  # its batch is gone
    make_dataset("prices", PRICES)


def test_a_name_is_taken_once() -> None:
    make_dataset("prices", PRICES)
    with pytest.raises(DatasetExists):
        make_dataset("prices", PRICES)


def test_the_same_file_sent_again_goes_on_with_a_load_that_was_stopped() -> None:
    make_dataset("prices", PRICES)
    batch = receive("prices", b"sku,price\na,1\n")
    assert batch.run_id
    with db.transaction() as session:
        jobs.cancel_run(session, SYSTEM, batch.run_id)
    again = receive("prices", b"sku,price\na,1\n")
    assert (again.id, again.status) == (batch.id, "loading")
    work_off(HANDLERS)
    assert read_batch(batch.id).status == "published"


def test_a_file_that_cannot_be_read_to_its_end_fails_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.datasets import cut_blocks

    monkeypatch.setattr(cut_blocks, "BLOCK_BYTES", 64)
    monkeypatch.setattr(cut_blocks, "MAX_RECORD_BYTES", 256)
    make_dataset("plain", texts("a", "b"))
    batch = load("plain", b"a,b\n" + b"1,2\n" * 100 + b"1," + b"x" * 1000 + b"\n")
    assert (batch.status, batch.rows_in) == ("failed", 0)
    assert "longer than" in (batch.error or "")
    assert (rows_of("plain"), live("plain")) == ([], [])


def test_members_load_and_only_those_concerned_decide(person: MakePerson) -> None:
    ann, bob, cleo = person("Ann", Role.member), person("Bob", Role.member), person("Cleo", Role.author)
    make_dataset("prices", PRICES)
    batch = load("prices", b"sku,price\na,1\n", actor=ann)
    assert (batch.created_by, batch.status) == (ann.id, "published")
    with pytest.raises(Forbidden):
        undo(batch, bob)
    with db.transaction() as session:
        for act in (
            lambda: datasets.delete_dataset(session, cleo, "prices"),
            lambda: datasets.change_dataset(session, ann, "prices", DatasetChange(description="x")),
        ):
            with pytest.raises(Forbidden):
                act()
    assert undo(batch, ann).status == "undone"


def test_lists_go_on_with_their_cursor() -> None:
    make_dataset("prices", PRICES)
    ids = [load("prices", b"sku,price\n%d,1\n,2\n,3\n" % number).id for number in range(3)]
    with db.transaction() as session:
        first = datasets.batches(session, SYSTEM, "prices", limit=2)
        rest = datasets.batches(session, SYSTEM, "prices", limit=2, cursor=first.next_cursor)
        assert [one.id for one in [*first.items, *rest.items]] == ids[::-1]
        page = datasets.rejects(session, SYSTEM, ids[0], limit=1)
        rest_of_rejects = datasets.rejects(session, SYSTEM, ids[0], limit=1, cursor=page.next_cursor)
        assert ([one.row for one in page.items], [one.row for one in rest_of_rejects.items]) == ([2], [3])
        rows = datasets.rows(session, SYSTEM, "prices", limit=2)
        more = datasets.rows(session, SYSTEM, "prices", limit=2, cursor=rows.next_cursor)
        assert [row[0] for row in rows.rows + more.rows] == ["0", "1", "2"]
        with pytest.raises(AppError):
            datasets.batches(session, SYSTEM, cursor="nonsense")


def test_a_column_may_be_called_like_sql_and_anything_else() -> None:
    names = ["select", 'with "quotes"', "100 %", "käse; drop table x", "order by"]
    make_dataset("odd", texts(*names))
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    load("odd", f"{header}\n1,2,3,4,5\n".encode())
    assert rows_of("odd") == [["1", "2", "3", "4", "5"]]
    with db.transaction() as session:
        assert b"".join(datasets.export_rows(session, SYSTEM, "odd", "csv").parts()).count(b"\n") == 2


def test_two_people_changing_one_dataset_do_not_overwrite_each_other() -> None:
    make_dataset("prices", PRICES)
    change("prices", {"columns": PRICES, "max_reject_share": 0.5}, version=1)
    with pytest.raises(Conflict):
        change("prices", {"columns": PRICES, "max_reject_share": 0.7}, version=1)


def test_a_file_of_somebody_who_was_deactivated_before_it_was_loaded_is_refused_in_the_list(person: MakePerson) -> None:
    make_dataset("prices", PRICES)
    ann = person("Ann", Role.member)
    batch = receive("prices", b"sku,price\nA,1\n", actor=ann)
    with db.transaction() as session:
        assert ann.id
        accounts.change_person(session, SYSTEM, ann.id, PersonChange(is_active=False))
    [run] = work_off(HANDLERS)
    seen = read_batch(batch.id)
    assert seen.status == "failed"
    assert seen.error == "The account of Ann is deactivated. Nothing is done in their name any more."
    assert run.error == f"{seen.error} Load the file again."
