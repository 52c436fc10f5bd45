"""Columns whose names no dataset can have load under the names that were proposed, at first and ever after.

So do those whose names mean several columns to the engine.
"""

import io
import json
from collections.abc import Iterator

import polars as pl
import pytest
from starlette.testclient import TestClient

from app.core.actor import Role
from app.datasets.header import column_names
from app.datasets.jobs import HANDLERS
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson
from tests.datasets.test_api import client_of

LONG = "long " * 20
NAMES = ["_id", "id", "a\x01b", LONG + "1", LONG + "2", "__index", "_ _", "*", "^.*$", "plain"]


@pytest.fixture
def client(person: MakePerson) -> Iterator[TestClient]:
    yield from client_of(person, "Ann", Role.author)


def file_of(kind: str, names: list[str], first: int) -> bytes:
    """Each value says which column it belongs to."""
    rows = [[f"{NAMES.index(name)}:{row}" for name in names] for row in (first, first + 1)]
    if kind == "parquet":
        file = io.BytesIO()
        pl.DataFrame(rows, schema=names, orient="row").write_parquet(file)
        return file.getvalue()
    if kind == "csv":
        return "\n".join(",".join(row) for row in [names, *rows]).encode()
    return "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows).encode()


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_such_files_load_and_so_do_the_next_ones_and_all_is_read_again(client: TestClient, kind: str) -> None:
    sent = client.post("/upload", files=[("file", (f"x.{kind}", file_of(kind, NAMES, 1)))])
    assert sent.status_code == 202, sent.text
    work_off(HANDLERS)
    for names, first in ((NAMES[::-1], 3), (NAMES, 5)):
        again = client.post(
            "/ingest", params={"dataset": "x"}, files=[("file", (f"y.{kind}", file_of(kind, names, first)))]
        )
        assert again.status_code == 202, again.text
        work_off(HANDLERS)
    check_rows(client)
    schema = client.get("/datasets/x").json()["schema"]
    schema["columns"][-1] |= {"pattern": "9:[1-6]", "name": "renamed"}
    change = {"schema": schema, "apply": "everything", "renamed": {"plain": "renamed"}}
    assert client.patch("/datasets/x", json=change).status_code == 202
    work_off(HANDLERS)
    check_rows(client)


def check_rows(client: TestClient) -> None:
    rows = client.get("/datasets/x/rows").json()["rows"]
    assert sorted(rows) == [[f"{place}:{row}" for place in range(len(NAMES))] for row in range(1, 7)]


def test_names_do_not_depend_on_their_order() -> None:
    names = column_names(NAMES)
    assert column_names(NAMES[::-1]) == names[::-1]
    assert len({name.casefold() for name in names}) == len(NAMES)
    assert (names[1], names[2], *names[5:]) == ("id", "ab", "index", "column", "*", "^.*$", "plain")


def test_a_table_with_more_columns_than_a_dataset_can_have_fills_one_with_fewer(client: TestClient) -> None:
    content = ",".join(f"c{place}" for place in range(501)).encode() + b"\n" + b",".join([b"1"] * 501) + b"\n"
    file = {"file": ("wide.csv", content)}
    refused = client.post("/upload", files=file)
    assert (refused.status_code, refused.json()["message"]) == (
        422,
        "wide.csv has 501 columns; a dataset has at most 500. "
        "Make one with those that you need, then load the file into it: the others are left out.",
    )
    columns = [{"name": "c500", "type": "integer"}]
    assert client.post("/datasets", json={"name": "narrow", "schema": {"columns": columns}}).status_code == 201
    assert client.post("/ingest?dataset=narrow", files=file).status_code == 202
    work_off(HANDLERS)
    assert client.get("/datasets/narrow/rows").json()["rows"] == [[1]]
