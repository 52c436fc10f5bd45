"""Jobs over HTTP: lists, actions, and events that go on where they stopped."""

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate, Scope
from app.api import make_api
from app.core import db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Invalid
from app.jobs import service as jobs
from app.jobs.context import JobContext
from app.jobs.follow import follow
from app.jobs.work_off import run_inline

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    with TestClient(make_api()) as client:
        yield client


def a_person(role: Role = Role.member) -> tuple[Actor, dict[str, str]]:
    """Somebody, and the header that proves it."""
    new = PersonCreate(email=f"{uuid.uuid4().hex}@example.org", name="Ada", role=role, password="correct horse battery")
    scopes = [Scope.read, Scope.write, *([Scope.admin] if role == Role.admin else [])]
    with db.transaction() as session:
        person = accounts.create_person(session, SYSTEM, new)
        actor = accounts.actor_of(session, person.id)
        key = accounts.create_key(session, actor, KeyCreate(name="test", scopes=scopes))
    return actor, {"Authorization": f"Bearer {key.key}"}


def enqueue(actor: Actor) -> uuid.UUID:
    with db.transaction() as session:
        return jobs.enqueue(session, actor, "test.steps", {}, title="Three steps").id


def three_steps(ctx: JobContext) -> dict[str, Any]:
    for number in (1, 2, 3):
        ctx.step(f"Part {number} of 3", number / 3)
    return {"parts": 3}


def events(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block.startswith("id:")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_a_job_is_listed_read_and_tells_its_steps(client: TestClient) -> None:
    actor, proof = a_person()
    run_inline(run_id := enqueue(actor), {"test.steps": three_steps})
    listed = client.get("/jobs", headers=proof).json()["items"]
    assert [item["id"] for item in listed] == [str(run_id)]
    job = client.get(f"/jobs/{run_id}", headers=proof).json()
    assert (job["status"], job["progress"], job["result"]) == ("completed", 1, {"parts": 3})
    assert [step["message"] for step in job["steps"]][2] == "Part 1 of 3"


def test_a_waiting_job_is_cancelled_started_again_and_deleted_at_its_end(client: TestClient) -> None:
    actor, proof = a_person()
    path = f"/jobs/{enqueue(actor)}"
    assert client.delete(path, headers=proof).status_code == 409
    assert client.post(f"{path}/cancel", headers=proof).json()["status"] == "cancelled"
    assert client.post(f"{path}/cancel", headers=proof).status_code == 409
    again = client.post(f"{path}/retry", headers=proof)
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    client.post(f"{path}/cancel", headers=proof)
    assert client.delete(path, headers=proof).status_code == 204
    assert client.get(path, headers=proof).status_code == 404


@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")]
)
def test_somebody_elses_job_is_not_there(client: TestClient, method: str, suffix: str) -> None:
    run_id = enqueue(a_person()[0])
    _, proof = a_person(Role.author)
    answer = client.request(method, f"/jobs/{run_id}{suffix}", headers=proof)
    assert (answer.status_code, answer.json()["error"]) == (404, "RunNotFound")


def test_events_tell_each_step_once_and_end_with_the_final_state(client: TestClient) -> None:
    actor, proof = a_person()
    run_inline(run_id := enqueue(actor), {"test.steps": three_steps})
    told = events(client.get(f"/jobs/{run_id}/events", headers=proof).text)
    assert [event["event"] for event in told] == ["step"] * 6 + ["end"]
    assert json.loads(told[-1]["data"]) == {"status": "completed"}
    ids = [int(event["id"]) for event in told]
    assert ids == sorted(ids)


def test_events_go_on_after_the_last_one_that_was_seen(client: TestClient) -> None:
    actor, proof = a_person()
    run_inline(run_id := enqueue(actor), {"test.steps": three_steps})
    all_of_them = events(client.get(f"/jobs/{run_id}/events", headers=proof).text)
    seen = all_of_them[2]["id"]
    rest = events(client.get(f"/jobs/{run_id}/events", headers={**proof, "Last-Event-ID": seen}).text)
    assert rest == all_of_them[3:]


def test_events_arrive_while_the_job_is_still_at_work() -> None:
    go_on = threading.Event()

    def wait_between(ctx: JobContext) -> None:
        ctx.step("First half", 0.5)
        assert go_on.wait(120)

    async def read_all() -> list[str]:
        told = []
        async for event in follow(SYSTEM, run_id, 0):
            if not event.startswith(":"):  # what a busy machine says while nothing happens
                told.append(event)
            if "First half" in event:
                go_on.set()
        return told

    run_id = enqueue(SYSTEM)
    worker = threading.Thread(target=run_inline, args=(run_id, {"test.steps": wait_between}))
    worker.start()
    told = asyncio.run(read_all())
    worker.join()
    assert "First half" in told[3]
    assert '"completed"' in told[-1]


def test_a_traceback_is_for_admins_only(client: TestClient) -> None:
    def break_down(_: JobContext) -> None:
        raise ZeroDivisionError("secret detail")

    actor, proof = a_person()
    with db.transaction() as session:
        run_id = jobs.enqueue(session, actor, "test.steps", {}, title="Breaks", max_attempts=1).id
    run_inline(run_id, {"test.steps": break_down})
    assert "secret" not in client.get(f"/jobs/{run_id}", headers=proof).text
    _, admin = a_person(Role.admin)
    assert "secret detail" in client.get(f"/jobs/{run_id}", headers=admin).json()["traceback"]


def test_a_refusal_is_the_error_of_the_job(client: TestClient) -> None:
    def refuse(_: JobContext) -> None:
        raise Invalid("Column price is missing.")

    actor, proof = a_person()
    run_inline(run_id := enqueue(actor), {"test.steps": refuse})
    assert client.get(f"/jobs/{run_id}", headers=proof).json()["error"] == "Column price is missing."
