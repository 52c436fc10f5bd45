"""Rules over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.tasks.test_api import make_board

DONE = {"name": "Done", "when": {"kind": "completed"}, "then": [{"kind": "category", "category": "highlight"}]}


def test_a_rule_lives_its_whole_life_over_http(client: TestClient) -> None:
    board_id, columns = make_board(client)
    rule = client.post(f"/boards/{board_id}/rules", json={**DONE, "condition": "title:call"}).json()
    assert rule["words"] == "When a card is completed and title:call, then set its category to highlight."
    card = client.post(f"/boards/{board_id}/cards", json={"title": "Call"}).json()
    assert client.post(f"/rules/{rule['id']}/try").json()["count"] == 1
    place = {"column": columns["Completed"], "version": card["version"]}
    moved = client.post(f"/cards/{card['id']}/move", json=place).json()
    assert (moved["category"], moved["version"]) == ("highlight", card["version"] + 2)
    [run] = client.get(f"/rules/{rule['id']}/runs").json()["items"]
    assert (run["outcome"], run["text"]) == ("done", "Set its category to highlight.")
    assert client.patch(f"/rules/{rule['id']}", json={"version": 1, "enabled": False}).json()["version"] == 2
    stale = client.patch(f"/rules/{rule['id']}", json={"version": 1, "enabled": True})
    assert (stale.status_code, stale.json()["error"]) == (409, "RuleChanged")
    assert client.delete(f"/rules/{rule['id']}").status_code == 204
    assert client.get(f"/boards/{board_id}/rules").json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"when": {"kind": "sunrise"}},
        {"when": {"kind": "due", "days": 2, "hours": 3}},
        {"then": []},
        {"then": [{"kind": "move"}]},
        {"colour": "red"},
    ],
    ids=["unknown trigger", "unknown field", "no action", "no column", "unknown part"],
)
def test_what_is_no_rule_is_refused(client: TestClient, change: dict[str, Any]) -> None:
    board_id, _ = make_board(client)
    assert client.post(f"/boards/{board_id}/rules", json={**DONE, **change}).status_code == 422


def test_a_recurring_card_tells_its_next_date_and_refuses_unknown_fields(client: TestClient) -> None:
    board_id, _ = make_board(client)
    new: dict[str, Any] = {"content": {"title": "Review"}, "timing": {"cron": "0 8 * * 1", "zone": "Europe/Berlin"}}
    made = client.post(f"/boards/{board_id}/recurring", json=new).json()
    assert made["next_at"]
    assert made["explanation"] == "At 08:00 on Monday, Europe/Berlin time"
    new["timing"]["colour"] = "red"
    assert client.post(f"/boards/{board_id}/recurring", json=new).status_code == 422
