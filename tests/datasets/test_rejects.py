"""Finding rejected rows, and the figures about them."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.core import db
from app.core.actor import SYSTEM, Role
from app.datasets import service as datasets
from app.datasets.rejects import search
from app.datasets.rejects.search import SearchTooBroad
from app.datasets.schemas import Batch, Mend, RejectFilter, Summary
from tests.datasets.conftest import MakePerson, load, make_dataset, rejects_of
from tests.datasets.test_api import client_of

pytestmark = pytest.mark.usefixtures("database")
SALES = [{"name": "id", "required": True}, {"name": "amount", "type": "integer", "min": 0}]
FILE = 'id,amount\na,1\nb%,-1\nc,x\n,"-2"\nÜber,-3\n'.encode()
OPEN_ONES = (
    "select count(*) from rejects where not exists (select from replays where stored"
    " and replays.batch_id = rejects.batch_id and replays.row = rejects.row)"
)
REASONS = (
    "select one ->> 'column', one ->> 'rule', count(*) from rejects, jsonb_array_elements(failures) as one"
    " where not exists (select from replays where stored and replays.batch_id = rejects.batch_id"
    " and replays.row = rejects.row) group by 1, 2"
)


@pytest.fixture
def batch() -> Batch:
    make_dataset("sales", SALES)
    return load("sales", FILE)


@pytest.fixture
def client(person: MakePerson) -> Iterator[TestClient]:
    yield from client_of(person, "Ann", Role.author)


def mend(batch: Batch, row: int, **values: str) -> None:
    with db.transaction() as session:
        datasets.replay_reject(session, SYSTEM, f"{batch.id}.{row}", Mend(values=values)).require_stored()


def found(batch: Batch, **wanted: str) -> list[int]:
    return [one.row for one in rejects_of(batch, **wanted)]


def test_rejects_are_found_by_rule_column_and_text(batch: Batch) -> None:
    assert found(batch) == [2, 3, 4, 5]
    assert found(batch, rule="min") == [2, 4, 5]
    assert found(batch, rule="required", column="id") == [4]
    assert found(batch, rule="required", column="amount") == []
    assert found(batch, q="über") == [5]
    assert found(batch, q="b%") == [2]
    assert found(batch, q="%") == [2]
    assert found(batch, q='"-2"') == [4]
    assert found(batch, q="less than 0") == [2, 4, 5]


def test_open_and_mended_rows_are_told_apart(batch: Batch) -> None:
    mend(batch, 3, amount="3")
    assert (found(batch), found(batch, state="replayed"), found(batch, state="all")) == ([2, 4, 5], [3], [2, 3, 4, 5])
    assert [one.state for one in rejects_of(batch, state="all")] == ["open", "replayed", "open", "open"]


def test_rejects_of_a_dataset_come_newest_file_first_and_page_without_gaps(batch: Batch) -> None:
    second = load("sales", b"id,amount\nx,-1\ny,-2\n", "second.csv")
    load("sales", b"id,amount\nz,1\n", "good.csv")
    cursor, seen = None, []
    for _ in range(6):
        with db.transaction() as session:
            page = datasets.dataset_rejects(session, SYSTEM, "sales", RejectFilter(rule="min"), limit=2, cursor=cursor)
        seen += [(one.batch_id, one.row, one.file_name) for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    first = [(batch.id, row, "rows.csv") for row in (2, 4, 5)]
    assert seen == [(second.id, 1, "second.csv"), (second.id, 2, "second.csv"), *first]


def test_a_search_that_takes_too_long_is_stopped_and_says_so(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        session.execute(
            sa.text("insert into rejects select :batch, 100 + n, n, repeat('long ', 500), '[]' from"
                    " generate_series(1, 20000) as n"),
            {"batch": batch.id},
        )  # fmt: skip
    monkeypatch.setattr(search, "SEARCH_SECONDS", 0.01)
    with pytest.raises(SearchTooBroad, match="Narrow it down"):
        found(batch, q="nowhere")
    monkeypatch.undo()
    assert found(batch, q="über") == [5]


def test_the_summary_equals_what_the_tables_say(batch: Batch) -> None:
    load("sales", b"id,amount\nx,-1\ny,2\n", "second.csv")
    mend(batch, 4, id="d", amount="4")
    with db.transaction() as session:
        summary = datasets.summary(session, SYSTEM, dataset="sales")
        everything = datasets.summary(session, SYSTEM)
        rejected = session.scalar(sa.text(OPEN_ONES))
        reasons = {tuple(row) for row in session.execute(sa.text(REASONS))}
    assert (summary.rows_in, summary.rows_valid, summary.rows_rejected, summary.rows_mended) == (7, 3, rejected, 1)
    assert {(one.column, one.rule, one.rows) for one in summary.by_reason} == reasons
    assert summary.success_rate == pytest.approx(3 / 7)
    assert sum(one.rows for one in summary.by_combination or []) == rejected
    assert [(one.file_name, one.rows_in, one.rows_valid, one.rows_rejected) for one in summary.by_file] == [
        ("second.csv", 2, 1, 1),
        ("rows.csv", 5, 2, 3),
    ]
    assert added_up(summary) == (summary.rows_in, summary.rows_valid, summary.rows_rejected)
    assert everything.model_dump(exclude={"dataset"}) == summary.model_dump(exclude={"dataset"})


def added_up(summary: Summary) -> tuple[int, int, int]:
    days = summary.by_day
    return sum(one.rows_in for one in days), sum(one.rows_valid for one in days), sum(one.rows_rejected for one in days)


def test_the_trace_of_a_mended_row_shows_both_texts_and_who_did_it(batch: Batch) -> None:
    mend(batch, 3, amount="3")
    with db.transaction() as session:
        trace = datasets.trace_row(session, SYSTEM, "sales", f"{batch.id}.3")
    assert (trace.status, trace.raw, trace.values) == ("valid", "c,x", {"id": "c", "amount": 3})
    assert [(one.stored, one.values) for one in trace.mends] == [(True, {"amount": "3"})]
    assert [one.rule for one in trace.failures] == ["type"]


def test_rows_are_mended_over_http(batch: Batch, client: TestClient) -> None:
    ids = {one["row"]: one["id"] for one in client.get(f"/batches/{batch.id}/rejects").json()["items"]}
    path = f"/rejects/{ids[3]}"
    record = client.get(path).json()
    assert (record["reject"]["raw"], record["values"]) == ("c,x", {"id": "c", "amount": "x"})
    refused = client.post(f"{path}/replay", json={"values": {"amount": "-3"}})
    assert (refused.status_code, refused.json()["details"][0]["rule"]) == (422, "min")
    assert len(client.get(f"{path}/history").json()["tries"]) == 1
    assert client.post(f"{path}/replay", json={"values": {"amount": "3"}}).json()["rows_rejected"] == 3
    assert client.post(f"{path}/replay", json={"values": {"amount": "4"}}).status_code == 409
    assert client.post(f"{path}/replay", json={"values": {}, "raw": "x"}).status_code == 422
    listed = client.get("/datasets/sales/rejects?rule=min&q=ber").json()["items"]
    assert [one["row"] for one in listed] == [5]
    started = client.post(f"/batches/{batch.id}/replay", json={"dry_run": True})
    assert (started.status_code, started.json()["dry_run"]) == (202, True)
