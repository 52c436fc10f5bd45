"""The whole way over HTTP: an account, a schedule, a run, the ledger, the message."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate, Scope
from app.api import make_api
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.deliveries.jobs import HANDLERS
from app.jobs.work_off import work_off
from tests.deliveries.orders import make_template


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    new = PersonCreate(
        email="root@example.com", name="Root", password=SecretStr("three unrelated words"), role=Role.admin
    )
    with transaction() as db:
        person = accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)
        key = accounts.create_key(db, person, KeyCreate(name="test", scopes=list(Scope))).key
    with TestClient(make_api(), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def test_a_report_is_scheduled_run_and_read(client: TestClient) -> None:
    payload = {"template_id": str(make_template()), "recipients": ["anna@example.com"]}
    made = client.post("/schedules", json={"name": "Weekly", "cron": "0 8 * * 1", "payload": payload})
    assert made.status_code == 201
    schedule = made.json()
    started = client.post(f"/schedules/{schedule['id']}/run")
    assert (started.status_code, started.json()["manual_by"]) == (202, schedule["owner_id"])
    work_off(HANDLERS)
    assert client.get(f"/jobs/{started.json()['job_id']}").json()["status"] == "completed"
    (row,) = client.get("/deliveries", params={"schedule_id": schedule["id"]}).json()["items"]
    assert (row["state"], row["channel"]) == ("sent", "outbox")
    assert client.get("/deliveries", params={"job_id": row["job_id"]}).json()["items"] == [row]
    message = client.get(f"/deliveries/{row['id']}/message")
    assert message.headers["content-type"] == "message/rfc822"
    assert (len(message.content), b"anna@example.com" in message.content) == (row["eml_size"], True)
    assert client.post(f"/deliveries/{row['id']}/retry").status_code == 409
    assert len(client.get(f"/schedules/{schedule['id']}/fires").json()["items"]) == 1


def test_errors_name_the_field(client: TestClient) -> None:
    answer = client.get("/schedules/preview", params={"cron": "61 9 * * *", "zone": "Europe/Berlin"})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "cron")
    answer = client.get("/schedules/preview", params={"cron": "0 9 * * *", "zone": "Europe/Berln"})
    assert "Europe/Berln" in answer.json()["message"]
    payload = {"template_id": str(uuid4()), "recipients": ["nobody"]}
    answer = client.post("/schedules", json={"name": "x", "cron": "0 9 * * *", "payload": payload})
    assert answer.json()["details"][0]["field"] == "payload.recipients.0"
    assert client.get(f"/schedules/{uuid4()}").status_code == 404


def test_preview_shows_the_next_runs_in_both_clocks(client: TestClient) -> None:
    params = {"cron": "30 2 * * *", "zone": "Europe/Berlin", "count": 3}
    shown = client.get("/schedules/preview", params=params).json()
    assert (len(shown["runs"]), shown["explanation"]) == (3, "At 02:30 every day, Europe/Berlin time")


def test_a_schedule_is_changed_paused_resumed_and_deleted(client: TestClient) -> None:
    payload = {"template_id": str(make_template()), "recipients": ["anna@example.com"]}
    made = client.post("/schedules", json={"name": "Weekly", "cron": "0 8 * * 1", "payload": payload}).json()
    path = f"/schedules/{made['id']}"
    changed = client.patch(path, json={"version": made["version"], "name": "Monday"}).json()
    assert (changed["name"], changed["version"]) == ("Monday", made["version"] + 1)
    assert client.patch(path, json={"version": made["version"], "name": "Late"}).status_code == 409
    assert client.post(f"{path}/pause").json()["enabled"] is False
    assert client.post(f"{path}/resume").json()["enabled"] is True
    assert client.delete(path).status_code == 204
    assert client.get("/schedules").json()["items"] == []


def test_an_account_never_shows_its_password(client: TestClient) -> None:
    new = {"name": "Relay", "host": "mail.example.com", "username": "u", "password": "hidden-secret"}
    made = client.post("/smtp-accounts", json={**new, "from_address": "reports@example.com"})
    listed = client.get("/smtp-accounts")
    changed = client.patch(f"/smtp-accounts/{made.json()['id']}", json={"port": 465, "security": "tls"})
    assert (made.status_code, changed.json()["port"], changed.json()["has_password"]) == (201, 465, True)
    assert "hidden-secret" not in made.text + listed.text + changed.text
    assert client.delete(f"/smtp-accounts/{made.json()['id']}").status_code == 204
