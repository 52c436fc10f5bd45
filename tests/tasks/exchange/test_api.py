"""Boards in and out over HTTP, at once or by a job."""

import json

import pytest
from starlette.testclient import TestClient

from app.jobs.work_off import work_off
from app.tasks.exchange import imports
from app.tasks.exchange.jobs import HANDLERS
from tests.tasks.exchange.test_csv_import import BAD
from tests.tasks.exchange.trello_files import busy_board


def send(client: TestClient, content: bytes, file: str = "board.json", **asked: object) -> tuple[int, dict]:
    files = {"file": (file, content)}
    answer = client.post("/boards/import", files=files, params=asked)
    return answer.status_code, answer.json()


def test_a_file_is_looked_at_imported_and_exported(client: TestClient) -> None:
    content = busy_board(cards=10, actions=40).content()
    status, seen = send(client, content, preview=True)
    assert (status, seen["board"], seen["cards"] + seen["archived"]) == (201, "Relaunch", 10)
    assert client.get("/boards").json()["items"] == []
    status, made = send(client, content, name="Ours", done="Review", private=True)
    assert (status, made["state"]) == (201, "done")
    board = client.get(f"/boards/{made['board_id']}").json()
    assert [column["name"] for column in board["columns"] if column["is_done"]] == ["Review"]
    report = client.get(f"/boards/{made['board_id']}/import").json()["report"]
    assert report["transitions"] == seen["transitions"]
    exported = client.get(f"/boards/{made['board_id']}/export")
    assert len(json.loads(exported.content)["cards"]) == 10
    table = client.get(f"/boards/{made['board_id']}/export", params={"format": "csv"})
    assert table.content.count(b"Card ") == 10


def test_a_large_file_is_imported_by_a_job(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE_BYTES", 10)
    status, begun = send(client, busy_board(cards=10, actions=40).content())
    assert (status, begun["state"], begun["board_id"]) == (201, "running", None)
    work_off(HANDLERS)
    ended = client.get(f"/board-imports/{begun['id']}").json()
    assert ended["state"] == "done"
    assert client.get(f"/boards/{ended['board_id']}").json()["name"] == "Relaunch"


def test_a_large_file_that_cannot_be_read_says_why(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE_BYTES", 10)
    _, begun = send(client, b'{"cards": [], "lists": 7}')
    work_off(HANDLERS)
    ended = client.get(f"/board-imports/{begun['id']}").json()
    assert (ended["state"], ended["board_id"]) == ("failed", None)
    assert "lists" in ended["note"]


def test_rejected_rows_are_in_the_answer(client: TestClient) -> None:
    status, refused = send(client, BAD.encode(), "bad.csv")
    assert (status, refused["error"], len(refused["details"])) == (422, "RowsRejected", 5)
    assert send(client, BAD.encode(), "bad.csv", skip_rejected=True)[0] == 201


@pytest.mark.parametrize(
    "asked", [{"zone": "Moon"}, {"map": "title"}, {"unknown": 1}, {"name": ""}, {"delimiter": "too long"}], ids=repr
)
def test_a_wish_that_makes_no_sense_is_named(client: TestClient, asked: dict[str, object]) -> None:
    status, refused = send(client, b"title\nOne\n", "a.csv", **asked)
    assert status == 422
    assert next(iter(asked)).replace("map", "mapping") in refused["message"]
