"""Datasets over HTTP, as scripts use them."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import make_api
from app.core import db
from app.core.actor import Role
from app.core.settings import settings
from app.datasets.jobs import HANDLERS
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson

SCHEMA = {"columns": [{"name": "id", "type": "integer", "required": True}, {"name": "note", "max_length": 10}]}
FILE = b"id,note\n1,a\nx,b\n3,=1+1\n4,this is too long\n"


@pytest.fixture
def client(person: MakePerson) -> Iterator[TestClient]:
    yield from client_of(person, "Ann", Role.author)


def client_of(person: MakePerson, name: str, role: Role) -> Iterator[TestClient]:
    actor = person(name, role)
    with db.transaction() as session:
        key = accounts.create_key(session, actor, KeyCreate(name="test", scopes=[Scope.read, Scope.write])).key
    with TestClient(make_api(), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def send(client: TestClient, *files: tuple[str, bytes], **params: str) -> dict[str, object]:
    parts = [("file", (name, content)) for name, content in files]
    answer = client.post("/ingest", params={"dataset": "notes", **params}, files=parts)
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json())


def make(client: TestClient) -> None:
    assert client.post("/datasets", json={"name": "notes", "schema": SCHEMA}).status_code == 201


def stored_uploads(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "storage" / "uploads").rglob("*") if path.is_file()]


def test_several_files_in_one_request_become_batches_whose_rows_add_up(client: TestClient) -> None:
    make(client)
    sent = send(client, ("a.csv", FILE), ("a.csv", b"id,note\n9,z\n"))
    work_off(HANDLERS)
    batches = [client.get(f"/batches/{one['batch_id']}").json() for one in sent["batches"]]
    assert [(one["file_name"], one["rows_in"], one["rows_valid"], one["rows_rejected"]) for one in batches] == [
        ("a.csv", 4, 2, 2),
        ("a.csv", 1, 1, 0),
    ]
    assert client.get("/datasets/notes").json()["rows"] == 3
    assert client.get("/datasets").json()["items"][0]["rejected"] == 2


def test_waiting_answers_with_the_outcome(client: TestClient) -> None:
    make(client)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            work_off(HANDLERS)
            stop.wait(0.05)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        sent = send(client, ("a.csv", FILE), wait="true")
    finally:
        stop.set()
        worker.join()
    assert sent["batches"][0]["status"] == "published"
    assert sent["batches"][0]["rows_valid"] == 2


def test_a_file_over_the_limit_is_refused_while_it_comes_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    make(client)
    before = stored_uploads(data_dir)
    monkeypatch.setenv("MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    read = 0

    def body() -> Iterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\nid,note\n'
        for _ in range(40):
            read += 1
            yield b"1,a\n" * 16384

    answer = client.post(
        "/ingest?dataset=notes", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    monkeypatch.undo()
    settings.cache_clear()
    assert (answer.status_code, answer.json()["error"]) == (413, "FileTooLarge")
    assert "1 MB" in answer.json()["message"]
    assert stored_uploads(data_dir) == before


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 415, "PNG"),
        (b"", 415, "empty"),
        (b"id,id,note\n1,2,3\n", 422, "'id'"),
        (b"id,,note\n1,2,3\n", 422, "Column 2"),
        (b"id,note\n", 422, "no rows"),
        (b"note\nx\n", 422, "id"),
        (b'"id,note\n1,x\n', 422, "quotation mark"),
    ],
)
def test_files_that_are_no_tables_are_refused_with_the_reason(
    client: TestClient, data_dir: Path, content: bytes, status: int, words: str
) -> None:
    make(client)
    before = stored_uploads(data_dir)
    answer = client.post("/ingest?dataset=notes", files=[("file", ("x.csv", content))])
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert "x.csv" in answer.json()["message"]
    assert client.get("/batches").json()["items"] == []
    assert stored_uploads(data_dir) == before


def test_a_broken_body_is_refused(client: TestClient) -> None:
    make(client)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid,note\n1,a\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/ingest?dataset=notes", content=head, headers=headers).status_code == 422
    assert client.post("/ingest?dataset=notes", json={"file_path": "/etc/passwd"}).status_code == 422


def test_exports_agree_and_no_formula_survives_in_csv(client: TestClient) -> None:
    make(client)
    send(client, ("a.csv", FILE))
    work_off(HANDLERS)
    assert client.get("/report/csv?dataset=notes").text == "id,note\n1,a\n3,'=1+1\n"
    as_lines = [json.loads(line) for line in client.get("/report/ndjson?dataset=notes").text.splitlines()]
    assert (
        as_lines
        == client.get("/report/json?dataset=notes").json()
        == [
            {"id": 1, "note": "a"},
            {"id": 3, "note": "=1+1"},
        ]
    )
    rejects = client.get("/errors/json?dataset=notes").json()
    assert [(one["row"], one["raw"]) for one in rejects] == [(2, "x,b"), (4, "4,this is too long")]
    assert len(client.get("/errors/csv?dataset=notes").text.splitlines()) == 1 + len(rejects)


def test_an_unknown_format_is_answered_with_the_known_ones(client: TestClient) -> None:
    make(client)
    answer = client.get("/report/pdf?dataset=notes")
    assert (answer.status_code, answer.json()["error"]) == (400, "UnknownFormat")
    assert "csv, json, ndjson" in answer.json()["message"]


def test_summary_trace_and_undo_over_http(client: TestClient) -> None:
    make(client)
    batch = send(client, ("a.csv", FILE))["batches"][0]["batch_id"]
    work_off(HANDLERS)
    summary = client.get(f"/summary?batch={batch}").json()
    assert (summary["rows_in"], summary["success_rate"]) == (4, 0.5)
    assert summary["by_rule"] == {"max_length": 1, "type": 1}
    assert client.get(f"/trace/notes/{batch}.2").json()["raw"] == "x,b"
    assert client.get(f"/trace/notes/{batch}.99").status_code == 404
    assert client.post(f"/batches/{batch}/undo").json()["status"] == "undone"
    assert client.get("/datasets/notes/rows").json()["rows"] == []


def test_a_schema_is_proposed_from_a_file(client: TestClient) -> None:
    content = b"zip,amount,day,ok,note\n00123,1.50,2026-01-02,yes,a\n10115,2,2026-01-03,no,\n"
    proposal = client.post("/datasets/infer", files=[("file", ("x.csv", content))]).json()
    kinds = {one["column"]["name"]: one["column"]["type"] for one in proposal["columns"]}
    assert kinds == {"zip": "text", "amount": "decimal", "day": "date", "ok": "boolean", "note": "text"}
    assert proposal["columns"][1]["column"]["decimals"] == 2
    assert [one["missing"] for one in proposal["columns"]] == [0, 0, 0, 0, 1]


def test_viewers_may_read_and_nothing_else(client: TestClient, person: MakePerson) -> None:
    make(client)
    viewer = next(client_of(person, "Vera", Role.viewer))
    assert viewer.get("/datasets").status_code == 200
    for answer in (
        viewer.post("/ingest?dataset=notes", files=[("file", ("a.csv", FILE))]),
        viewer.post("/datasets", json={"name": "mine", "schema": SCHEMA}),
        viewer.patch("/datasets/notes", json={"description": "x"}),
        viewer.delete("/datasets/notes"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
