"""Files to datasets in one request, and files given back as they were sent."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.core import db, storage
from app.core.actor import SYSTEM, Role
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson, load, make_dataset, read_batch, receive, texts
from tests.datasets.tables import ROWS, every_kind, xlsx, zipped
from tests.datasets.test_api import client_of

CSV = b"a,b\n1,2\n"
BOOK = {"Orders": [["id"], [1]], "Customers": [["name"], ["Ada"]], "Days": [["day"], ["2024-02-29"]]}


@pytest.fixture
def client(person: MakePerson) -> Iterator[TestClient]:
    yield from client_of(person, "Ann", Role.author)


def upload(client: TestClient, *files: tuple[str, bytes], **params: str) -> dict[str, Any]:
    answer = client.post("/upload", params=params, files=[("file", file) for file in files])
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


def stored(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "storage").rglob("*") if path.is_file()]


def names(answer: dict[str, Any]) -> list[str]:
    return [one["dataset"] for one in answer["datasets"]]


def test_a_workbook_of_three_sheets_is_three_datasets_and_nothing_is_written_over(client: TestClient) -> None:
    first, second = (upload(client, ("Shop.xlsx", xlsx(BOOK))) for _ in range(2))
    assert names(first) == ["shop_orders", "shop_customers", "shop_days"]
    assert names(second) == ["shop_orders_2", "shop_customers_2", "shop_days_2"]
    work_off(HANDLERS)
    for answer in (first, second):
        batches = [client.get(f"/batches/{one['batch_id']}").json() for one in answer["datasets"]]
        assert [(one["status"], one["rows_valid"], one["part"]) for one in batches] == [
            ("published", 1, name) for name in BOOK
        ]
    types = [client.get(f"/datasets/{name}").json()["schema"]["columns"][0]["type"] for name in names(first)]
    assert types == ["integer", "text", "date"]


def test_several_files_are_several_datasets(client: TestClient) -> None:
    files = {name: content for name, content in every_kind().items() if name in ("rows.csv", "rows.ods")}
    answer = upload(client, *(("x/" + name, content) for name, content in files.items()), ("é.csv", CSV))
    assert len(set(names(answer))) == len(files) + 1
    assert names(answer)[:2] == ["rows", "rows_2"]
    assert names(answer)[-1] == "dataset"
    work_off(HANDLERS)
    rows = [read_batch(one["batch_id"]).rows_valid for one in answer["datasets"]]
    assert rows == [len(ROWS)] * len(files) + [1]


def test_a_name_may_be_given_and_what_is_no_table_is_said(client: TestClient) -> None:
    content = zipped(**{"a.csv": CSV, "notes.txt": b"only\n", "b.xlsx": xlsx({"One": [["x"], [1]], "Two": []})})
    answer = upload(client, ("pack.zip", content), name="Mine")
    assert names(answer) == ["Mine_a", "Mine_b_One"]
    assert {one["part"] for one in answer["skipped"]} == {"notes.txt", "b.xlsx#Two"}


def test_a_schema_is_proposed_for_each_table(client: TestClient) -> None:
    answer = client.post("/datasets/infer", files=[("file", ("shop.xlsx", xlsx(BOOK)))]).json()
    assert [one["part"] for one in answer["parts"]] == list(BOOK)
    assert answer["columns"] == answer["parts"][0]["columns"]
    assert answer["dialect"]["sheet"] == "Orders"
    one = client.post("/datasets/infer", params={"sheet": "Days"}, files=[("file", ("shop.xlsx", xlsx(BOOK)))]).json()
    assert [column["column"]["type"] for column in one["columns"]] == ["date"]


def test_an_archive_goes_into_one_dataset_as_far_as_it_fits(client: TestClient) -> None:
    make_dataset("table", texts("a", "b"))
    content = zipped(**{"1.csv": CSV, "2.json": b'[{"a": 3, "b": 4}]', "other.csv": b"x\n1\n"})
    answer = client.post("/ingest", params={"dataset": "table"}, files=[("file", ("p.zip", content))]).json()
    assert [one["part"] for one in answer["batches"]] == ["1.csv", "2.json"]
    assert answer["skipped"][0]["part"] == "other.csv"
    assert "lacks the columns a, b" in answer["skipped"][0]["reason"]


def test_the_original_comes_back_byte_for_byte(client: TestClient) -> None:
    for number, name in enumerate(("rows.csv", "rows.xlsx", "rows.ndjson")):
        content = every_kind()[name]
        make_dataset(f"table{number}", texts("id", "name"))
        path = f"/batches/{receive(f'table{number}', content, name).id}/original"
        assert client.get(path).content == content
        work_off(HANDLERS)
        found = client.get(path)
        assert found.content == content
        assert name in found.headers["content-disposition"]
        with db.transaction() as session:
            datasets.undo_batch(session, SYSTEM, int(path.split("/")[2]))
        assert client.get(path).status_code == 404


def test_bytes_stay_until_the_last_batch_of_them_is_undone(database: str, data_dir: Path) -> None:
    make_dataset("one", [{"name": "id"}])
    sent = datasets.store_upload(SYSTEM, "b.xlsx", [xlsx({"A": [["id"], [1]], "B": [["id"], [2]]})])
    with db.transaction() as session:
        batches = datasets.receive_parts(session, SYSTEM, "one", sent).batches
    work_off(HANDLERS)
    kept = data_dir / "storage" / sent.key
    assert kept.exists()
    assert not list((data_dir / "storage" / "datasets").rglob("text"))
    for batch, left in zip(batches, (True, False), strict=True):
        with db.transaction() as session:
            datasets.undo_batch(session, SYSTEM, batch.id)
        assert kept.exists() is left


def test_a_file_that_breaks_off_behind_its_beginning_fails_its_batch_and_leaves_nothing(
    database: str, data_dir: Path
) -> None:
    make_dataset("broken", texts("a", "b"))
    content = gzip.compress(b"a,b\n" + b"".join(b"1,%b\n" % os.urandom(512).hex().encode() for _ in range(24_000)), 1)
    before = set(stored(data_dir))
    batch = load("broken", content[: len(content) * 9 // 10], "rows.csv.gz")
    assert batch.status == "failed"
    assert batch.error is not None
    assert "damaged or incomplete" in batch.error
    assert set(stored(data_dir)) == before


def test_text_that_was_written_before_a_kill_is_written_again_the_same(database: str) -> None:
    make_dataset("again", texts("a", "b"))
    batch = receive("again", zipped(**{"a.json": b'[{"a": 1, "b": 2}]'}), "a.zip")
    with db.transaction() as session:
        owner = datasets.dataset_by_name(session, SYSTEM, "again").id
    storage.write(f"datasets/{owner}/{batch.id}/text", b"half a te")
    work_off(HANDLERS)
    assert (read_batch(batch.id).status, read_batch(batch.id).rows_valid) == ("published", 1)
