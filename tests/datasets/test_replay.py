"""Rejected rows that people mend: they end where they would have been, once, and with their history."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from app.core import db, storage
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Forbidden, NotFound
from app.datasets import service as datasets
from app.datasets.rejects.records import NotOneRecord
from app.datasets.rejects.replay import AlreadyReplayed
from app.datasets.rejects.start import UnknownColumn
from app.datasets.rejects.store import NotMendable
from app.datasets.schemas import Batch, Mend
from tests.datasets.conftest import MakePerson, load, make_dataset, read_batch, rejects_of, rows_of

pytestmark = pytest.mark.usefixtures("database")
PRICES = [
    {"name": "sku", "required": True, "unique": True},
    {"name": "price", "type": "decimal", "decimals": 2, "min": 0},
]
FILE = b"sku,price\na,1\nb,-1\na,2\nc,1,2\n"


def mend(batch: Batch, row: int, *, actor: Actor = SYSTEM, **wanted: Any) -> datasets.Outcome:
    with db.transaction() as session:
        return datasets.replay_reject(session, actor, f"{batch.id}.{row}", Mend.model_validate(wanted))


def history(batch: Batch, row: int) -> Any:
    with db.transaction() as session:
        return datasets.reject_history(session, SYSTEM, f"{batch.id}.{row}")


def counters(batch: Batch) -> tuple[int, int, int, int]:
    now = read_batch(batch.id)
    return now.rows_in, now.rows_valid, now.rows_rejected, now.failures


def in_files(dataset: str) -> list[tuple[Any, ...]]:
    """What questions are answered from."""
    with db.transaction() as session:
        live = datasets.live_files(session, SYSTEM, dataset)
    frames = [pl.read_parquet(io.BytesIO(storage.read(key))) for key in live.files]
    return sorted(pl.concat(frames).rows()) if frames else []


def test_a_mended_row_is_stored_in_its_own_place_and_counted() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    assert counters(batch) == (4, 1, 3, 3)
    assert in_files("prices") == [(batch.id, 1, "a", Decimal("1.00"))]
    outcome = mend(batch, 2, values={"price": "5.50"})
    assert outcome.require_stored().row_id == f"{batch.id}.2"
    assert rows_of("prices") == [["a", Decimal("1.00")], ["b", Decimal("5.50")]]
    assert counters(batch) == (4, 2, 2, 2)
    assert in_files("prices")[1:] == [(batch.id, 2, "b", Decimal("5.50"))]
    assert [one.row for one in rejects_of(batch)] == [3, 4]
    assert [one.row for one in rejects_of(batch, state="replayed")] == [2]


def test_the_version_of_what_is_live_changes_with_a_mended_row() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    with db.transaction() as session:
        before = datasets.live_files(session, SYSTEM, "prices").version
    mend(batch, 2, values={"price": "5.50"})
    with db.transaction() as session:
        assert datasets.live_files(session, SYSTEM, "prices").version != before


def test_what_still_fails_names_every_failure_and_is_kept_in_the_history() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    outcome = mend(batch, 2, values={"price": "-7.123", "sku": "a"})
    assert {(one.column, one.rule) for one in outcome.failures} == {
        ("price", "min"),
        ("price", "decimals"),
        ("sku", "unique"),
    }
    assert counters(batch) == (4, 1, 3, 3)
    [tried] = history(batch, 2).tries
    assert (tried.stored, tried.values) == (False, {"price": "-7.123", "sku": "a"})
    mend(batch, 2, values={"price": "7"})
    first, second = history(batch, 2).tries
    assert (first.stored, second.stored, second.values) == (False, True, {"price": "7"})
    assert history(batch, 2).reject.raw == "b,-1"


def test_a_record_of_broken_structure_is_written_anew() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    still = mend(batch, 4, values={"price": "1"})
    assert [one.rule for one in still.failures] == ["columns"]
    with pytest.raises(NotOneRecord):
        mend(batch, 4, raw="c,1\nd,2")
    assert mend(batch, 4, raw='"c, d",1').mended
    assert rows_of("prices")[-1] == ["c, d", Decimal("1.00")]


def test_a_repeat_may_be_stored_under_another_name_or_not_at_all() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    [failure] = mend(batch, 3).failures
    assert (failure.rule, failure.message) == ("unique", "sku was there before, in row 1 of this file.")
    assert mend(batch, 3, values={"sku": "z"}).mended
    assert [one.rule for one in mend(batch, 2, values={"sku": "z", "price": "1"}).failures] == ["unique"]


def test_of_two_who_mend_the_same_row_one_wins() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    with ThreadPoolExecutor(2) as both:
        tries = [both.submit(mend, batch, 2, values={"price": price}) for price in ("1", "2")]
        errors = [one.exception() for one in tries]
    assert [type(error) for error in errors if error] == [AlreadyReplayed]
    assert counters(batch) == (4, 2, 2, 2)
    with pytest.raises(AlreadyReplayed):
        mend(batch, 2, values={"price": "3"})


def test_rows_of_a_held_batch_are_mended_before_it_is_released() -> None:
    make_dataset("prices", PRICES, max_reject_share=0.1)
    batch = load("prices", FILE)
    mend(batch, 2, values={"price": "5"})
    assert (read_batch(batch.id).status, rows_of("prices"), counters(batch)) == ("held", [], (4, 2, 2, 2))
    with db.transaction() as session:
        datasets.release_batch(session, SYSTEM, batch.id)
    assert rows_of("prices") == [["a", Decimal("1.00")], ["b", Decimal("5.00")]]
    assert in_files("prices")[1:] == [(batch.id, 2, "b", Decimal("5.00"))]


def test_undoing_a_batch_takes_its_mended_rows_along() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    mend(batch, 2, values={"price": "5"})
    with db.transaction() as session:
        datasets.undo_batch(session, SYSTEM, batch.id)
    assert (rows_of("prices"), in_files("prices")) == ([], [])
    with db.transaction() as session:
        assert session.scalar(sa.text("select count(*) from replays")) == 0
    with pytest.raises(NotFound):
        mend(batch, 2, values={"price": "6"})


def test_only_the_live_batch_of_a_replaced_dataset_is_mended() -> None:
    make_dataset("prices", PRICES, mode="replace")
    old = load("prices", FILE)
    new = load("prices", b"sku,price\nx,1\ny,-1\n")
    with pytest.raises(NotMendable):
        mend(old, 2, values={"price": "5"})
    assert mend(new, 2, values={"price": "5"}).mended
    assert rows_of("prices") == [["x", Decimal("1.00")], ["y", Decimal("5.00")]]


UPSERT = [{"name": "sku", "required": True}, {"name": "price", "type": "integer", "min": 0}]


def test_a_mended_row_never_writes_over_a_newer_one_of_its_key() -> None:
    make_dataset("prices", UPSERT, mode="upsert", key=["sku"])
    old = load("prices", b"sku,price\na,1\nb,-1\nc,-1\n")
    load("prices", b"sku,price\nb,20\n")
    assert [one.rule for one in mend(old, 2, values={"price": "2"}).failures] == ["newer"]
    assert mend(old, 3, values={"price": "3"}).mended
    assert sorted(rows_of("prices")) == [["a", 1], ["b", 20], ["c", 3]]


def test_what_a_mended_row_overwrote_comes_back_when_its_batch_is_undone() -> None:
    make_dataset("prices", UPSERT, mode="upsert", key=["sku"])
    load("prices", b"sku,price\na,1\n")
    new = load("prices", b"sku,price\na,-1\nb,2\n")
    mend(new, 1, values={"price": "10"})
    assert sorted(rows_of("prices")) == [["a", 10], ["b", 2]]
    with db.transaction() as session:
        assert datasets.dataset_by_name(session, SYSTEM, "prices").rows == 2
        datasets.undo_batch(session, SYSTEM, new.id)
    assert rows_of("prices") == [["a", 1]]


def test_an_object_of_json_lines_is_mended_by_value_and_by_text() -> None:
    make_dataset("prices", PRICES)
    lines = [{"sku": "a", "price": -1}, {"sku": "b", "price": -2}, ["c"]]
    batch = load("prices", "\n".join(map(json.dumps, lines)).encode(), "rows.ndjson")
    assert mend(batch, 1, values={"price": "1.50"}).mended
    assert mend(batch, 2, raw='{"sku": "b", "price": 2.5}').mended
    assert mend(batch, 3, raw='{"sku": "ü\\n", "price": 3}').mended
    assert rows_of("prices") == [["a", Decimal("1.50")], ["b", Decimal("2.50")], ["ü\n", Decimal("3.00")]]


def test_who_may_load_may_mend_whoever_loaded_it(person: MakePerson) -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    with pytest.raises(Forbidden):
        mend(batch, 2, actor=person("Vera", Role.viewer), values={"price": "1"})
    mona = person("Mona", Role.member)
    assert mend(batch, 2, actor=mona, values={"price": "1"}).mended
    assert history(batch, 2).tries[0].person_id == mona.id


def test_a_column_that_the_dataset_does_not_have_is_named() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", FILE)
    with pytest.raises(UnknownColumn, match="no column 'colour'"):
        mend(batch, 2, values={"colour": "red"})


def test_a_row_behind_a_broken_record_is_read_from_its_own_bytes() -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", b'sku,price\na,1\n"b" x,2\n\nc,-3\n"d\nd",-4\ne,-5')
    assert [(one.row, one.raw) for one in rejects_of(batch)] == [
        (2, '"b" x,2'),
        (3, "c,-3"),
        (4, '"d\nd",-4'),
        (5, "e,-5"),
    ]
    for row in (3, 4, 5):
        assert mend(batch, row, values={"price": str(row)}).mended
    assert rows_of("prices")[1:] == [["c", Decimal("3.00")], ["d\nd", Decimal("4.00")], ["e", Decimal("5.00")]]
