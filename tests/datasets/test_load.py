"""From bytes to typed rows, evidence and rejects."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
import zstandard

from app.core import db, storage
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.schemas import BatchStatus
from tests.datasets.conftest import load, make_dataset, rejects_of, rows_of, texts

ORDERS = [
    {"name": "id", "type": "integer", "required": True, "unique": True},
    {"name": "amount", "type": "decimal", "decimals": 2, "exclusive_min": 0},
    {"name": "currency", "allowed": ["USD", "EUR"], "transform": "trim upper"},
]
FILE = b'id,amount,currency\n1,10.50, usd \n2,-1,CHF\n2,"7.00",EUR\n3,7.001,EUR\n4,"1,5",EUR\n'

pytestmark = pytest.mark.usefixtures("database")


def test_good_rows_are_typed_and_bad_ones_keep_every_reason() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    assert (batch.status, batch.rows_in, batch.rows_valid, batch.rows_rejected) == ("published", 5, 1, 4)
    assert rows_of("orders") == [[1, Decimal("10.50"), "USD"]]
    assert [(one.row, one.line, [(f.column, f.rule) for f in one.failures]) for one in rejects_of(batch)] == [
        (2, 3, [("amount", "exclusive_min"), ("currency", "allowed")]),
        (3, 4, [("id", "unique")]),
        (4, 5, [("amount", "decimals")]),
        (5, 6, [("amount", "type")]),
    ]
    second = rejects_of(batch)[0]
    assert second.raw == "2,-1,CHF"
    assert second.failures[1].message == 'currency "CHF" is not one of USD, EUR.'


def test_raw_blocks_together_are_the_file_and_the_upload_is_gone() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    with db.transaction() as session:
        blocks = session.execute(
            sa.text("select content from raw_blocks where batch_id = :id order by block"), {"id": batch.id}
        )
        raw = b"".join(zstandard.ZstdDecompressor().decompress(content) for (content,) in blocks)
        assert session.scalar(sa.text("select upload_key from batches")) is None
    assert raw == FILE


def test_the_same_bytes_twice_are_answered_with_the_first_batch() -> None:
    make_dataset("orders", ORDERS)
    first = load("orders", FILE)
    again = load("orders", FILE, "other-name.csv")
    assert (again.status, again.duplicate_of, again.rows_in) == (BatchStatus.duplicate, first.id, 0)
    assert len(rows_of("orders")) == 1


def test_parquet_holds_the_same_rows_and_is_live_only_when_published() -> None:
    import pyarrow.parquet as pq

    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    with db.transaction() as session:
        live = datasets.live_files(session, SYSTEM, "orders")
    assert live.batches == [batch.id]
    table = pq.read_table(live.files[0], filesystem=storage.filesystem())
    assert table.select(["id", "amount", "currency"]).to_pylist() == [
        {"id": 1, "amount": Decimal("10.50"), "currency": "USD"}
    ]


def test_a_row_leads_back_to_its_bytes() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", FILE)
    with db.transaction() as session:
        good = datasets.trace_row(session, SYSTEM, "orders", f"{batch.id}.1")
        bad = datasets.trace_row(session, SYSTEM, "orders", f"{batch.id}.3")
    assert (good.status, good.raw, good.line) == ("valid", "1,10.50, usd ", 2)
    assert good.values == {"id": 1, "amount": Decimal("10.50"), "currency": "USD"}
    assert (bad.status, bad.raw, bad.line, bad.values) == ("rejected", '2,"7.00",EUR', 4, None)


def test_columns_are_matched_by_name_in_any_order() -> None:
    make_dataset("orders", ORDERS)
    batch = load("orders", b"Currency;extra;ID\nEUR;x;7\n")
    assert rows_of("orders") == [[7, None, "EUR"]]
    assert (batch.dialect.ignored, batch.dialect.absent, batch.dialect.delimiter) == (["extra"], ["amount"], ";")


def test_all_null_columns_and_empty_texts_load() -> None:
    make_dataset("plain", texts("a", "b"))
    load("plain", b'a,b\n,\n"",x\n')
    assert rows_of("plain") == [[None, None], [None, "x"]]
