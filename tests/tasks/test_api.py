"""Boards and cards over HTTP."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import SESSION
from app.accounts.tables import SessionRow
from app.api import make_api
from app.core import clock
from app.core.actor import Role
from app.core.db import transaction
from tests.tasks.conftest import make_person


def make_board(client: TestClient) -> tuple[str, dict[str, str]]:
    board_id = client.post("/boards", json={"name": "Team"}).json()["id"]
    columns = client.get(f"/boards/{board_id}").json()["columns"]
    return board_id, {column["name"]: column["id"] for column in columns}


def test_a_card_lives_its_whole_life_over_http(client: TestClient) -> None:
    board_id, columns = make_board(client)
    made = client.post(f"/boards/{board_id}/cards", json={"title": "Call", "due_on": "2026-03-09"})
    assert made.status_code == 201
    card = made.json()
    changed = client.patch(f"/cards/{card['id']}", json={"version": card["version"], "due_on": None}).json()
    assert (changed["due_on"], changed["title"]) == (None, "Call")
    place = {"column": columns["Completed"], "after": None, "before": None, "version": changed["version"]}
    assert client.post(f"/cards/{card['id']}/move", json=place).json()["completed_at"]
    assert client.post(f"/cards/{card['id']}/archive").json()["archived_at"]
    assert client.post(f"/cards/{card['id']}/revive").json()["column_id"] == columns["Completed"]
    client.post(f"/cards/{card['id']}/archive")
    assert client.delete(f"/cards/{card['id']}").status_code == 204
    assert client.get(f"/cards/{card['id']}").status_code == 404
    kinds = [event["kind"] for event in client.get(f"/cards/{card['id']}/history").json()["items"]]
    assert kinds == ["deleted", "archived", "revived", "archived", "moved", "changed", "created"]


def test_a_stale_move_is_a_conflict_that_says_what_to_do(client: TestClient) -> None:
    board_id, columns = make_board(client)
    card = client.post(f"/boards/{board_id}/cards", json={"title": "Call"}).json()
    place = {"column": columns["Pending"], "version": card["version"]}
    assert client.post(f"/cards/{card['id']}/move", json=place).status_code == 200
    refused = client.post(f"/cards/{card['id']}/move", json=place)
    assert (refused.status_code, refused.json()["error"]) == (409, "StaleCard")
    assert "Ann changed “Call” in the meantime" in refused.json()["message"]


def test_columns_are_arranged_over_http(client: TestClient) -> None:
    board_id, columns = make_board(client)
    wanted = [{"id": columns["Completed"], "name": "Done", "is_done": True}, {"name": "Ideas", "wip_limit": 2}]
    assert client.patch(f"/boards/{board_id}", json={"columns": wanted}).status_code == 200
    shown = client.get(f"/boards/{board_id}").json()["columns"]
    assert [(c["name"], c["wip_limit"]) for c in shown] == [("Done", None), ("Ideas", 2)]
    assert [board["name"] for board in client.get("/boards").json()["items"]] == ["Team"]


def test_the_summary_of_a_window_and_the_search_answer(client: TestClient) -> None:
    board_id, _ = make_board(client)
    client.post(f"/boards/{board_id}/cards", json={"title": "Call Zoe"})
    window = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00+01:00"}
    assert client.get(f"/boards/{board_id}/summary", params=window).json()["created"] == 1
    naive = client.get(f"/boards/{board_id}/summary", params={**window, "since": "2000-01-01T00:00:00"})
    assert naive.status_code == 422
    found = client.get(f"/boards/{board_id}/cards", params={"text": "zoe"}).json()["items"]
    assert [card["title"] for card in found] == ["Call Zoe"]


@pytest.mark.parametrize("body", [{"title": ""}, {"title": "x", "rank": "V"}, {"title": "x", "priority": "huge"}, {}])
def test_a_bad_card_is_refused(client: TestClient, body: dict[str, str]) -> None:
    board_id, _ = make_board(client)
    assert client.post(f"/boards/{board_id}/cards", json=body).status_code == 422


@pytest.mark.parametrize(("path", "counts"), [("", True), ("/changes", False)])
def test_a_board_that_asks_what_is_new_keeps_nobody_signed_in(client: TestClient, path: str, counts: bool) -> None:
    board_id, _ = make_board(client)
    with transaction() as db:
        bob = make_person(db, "Bob", Role.member)
        assert bob.id
        token = accounts.start_session(db, accounts.me(db, bob))
        earlier = clock.now() - timedelta(minutes=10)
        db.execute(sa.update(SessionRow).values(last_seen_at=earlier))
    browser = TestClient(make_api(), cookies={SESSION: token})
    assert browser.get(f"/boards/{board_id}{path}").status_code == 200
    with transaction() as db:
        assert (db.scalars(sa.select(SessionRow.last_seen_at)).one() > earlier) is counts


def test_undo_and_redo_need_no_body(client: TestClient) -> None:
    board_id, _columns = make_board(client)
    client.post(f"/boards/{board_id}/cards", json={"title": "Call"})
    assert client.post(f"/boards/{board_id}/undo").json()["message"] == "Undone: the making of “Call”."
    assert client.post(f"/boards/{board_id}/redo").status_code == 200
    assert client.post(f"/boards/{board_id}/undo", json={}).status_code == 200
    assert client.post(f"/boards/{board_id}/undo", json={"skip": "x"}).status_code == 422
