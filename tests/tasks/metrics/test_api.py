"""The figures over HTTP."""

from starlette.testclient import TestClient


def test_the_figures_of_one_board_and_of_all_are_asked_for_by_day_zone_and_filter(client: TestClient) -> None:
    board = client.post("/boards", json={"name": "Team"}).json()["id"]
    client.post(f"/boards/{board}/cards", json={"title": "Call", "priority": "high"})
    for address in (f"/boards/{board}/metrics", "/analytics/tasks"):
        found = client.get(address, params={"zone": "Asia/Tokyo", "priority": "high"}).json()
        assert (found["totals"]["created"], found["flow"][-1]["open"], found["zone"]) == (1, 1, "Asia/Tokyo")
        assert client.get(address, params={"priority": "low"}).json()["totals"]["created"] == 0
        table = client.get(f"{address}/workload.csv")
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert table.text.splitlines() == ["person,open,estimate,overdue,completed", "Nobody,1,0,0,0"]
        assert client.get(address, params={"zone": "Mars/Olympus"}).status_code == 422
        assert client.get(address, params={"assignee": "somebody"}).status_code == 422
        assert client.get(address, params={"colour": "red"}).status_code == 422
        assert client.get(f"{address}/secrets.csv").status_code == 422
