"""Figures are counted, checks are made; nothing is assumed to be up."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate, Scope
from app.core import db as database_module
from app.core import storage
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import Forbidden
from app.core.settings import settings
from app.jobs import service as jobs
from app.jobs.tables import WorkerRow
from app.monitoring import service as monitoring
from app.monitoring.count_requests import CountRequests, TraceRequests
from app.monitoring.routes import routes

ELSEWHERE = ("203.0.113.7", 5000)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch):
    """Sets how many workers this installation shall have."""

    def expect(number: int) -> None:
        monkeypatch.setenv("WORKERS", str(number))
        settings.cache_clear()

    yield expect
    settings.cache_clear()


def client(host: tuple[str, int] = ("127.0.0.1", 5000)) -> TestClient:
    app = Starlette(routes=routes, middleware=[Middleware(TraceRequests), Middleware(CountRequests)])
    return TestClient(app, client=host)


def add_worker(seconds_ago: int) -> None:
    seen = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds_ago)
    with transaction() as db:
        db.execute(
            sa.insert(WorkerRow).values(
                id=sa.func.gen_random_uuid(), host="here", pid=1, concurrency=2, started_at=seen, heartbeat_at=seen
            )
        )


def key_of(role: Role, *scopes: Scope) -> str:
    with transaction() as db:
        new = PersonCreate(email=f"{role}@example.com", name=role, password="correct horse battery", role=role)
        person = accounts.create_person(db, SYSTEM, new)
        actor = Actor(id=person.id, name=person.name, email=person.email, role=person.role)
        return accounts.create_key(db, actor, KeyCreate(name="probe", scopes=list(scopes))).key


def statuses() -> dict[str, str]:
    return {check.name: check.status for check in monitoring.readiness().checks}


def test_all_is_well_with_a_worker_that_was_just_seen(database, workers):
    workers(1)
    add_worker(5)
    assert client().get("/health/ready").json()["status"] == "ok"


def test_without_a_worker_the_product_is_degraded_but_serves(database, workers):
    workers(1)
    add_worker(60)
    answer = client().get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert statuses() == {"database": "ok", "queue": "degraded", "storage": "ok"}


def test_workers_elsewhere_are_not_missed(database, workers):
    workers(0)
    assert monitoring.readiness().status == "ok"


def test_a_database_that_is_away_is_named_and_the_process_stays_alive(database):
    database_module.engine().dispose()
    database_module.configure("postgresql://nobody@127.0.0.1:1/nothing")
    try:
        answer = client().get("/health/ready")
        assert answer.status_code == 503
        [check] = [check for check in answer.json()["checks"] if check["name"] == "database"]
        assert check["status"] == "down"
        assert "Connection refused" in check["detail"]
        assert client().get("/health").status_code == 200
        assert "127.0.0.1" not in client(ELSEWHERE).get("/health/ready").text
        assert client(ELSEWHERE).get("/metrics", headers={"Authorization": "Bearer ar_x"}).status_code == 403
        assert "autoreport_database_up 0.0" in client().get("/metrics").text
    finally:
        database_module.configure(database)


def test_a_storage_that_cannot_be_written_to_is_named(database, workers, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STORAGE_URL", (tmp_path / "file").as_uri())
    workers(0)
    storage.filesystem.cache_clear()
    try:
        assert statuses() == {"database": "ok", "queue": "ok", "storage": "down"}
    finally:
        storage.filesystem.cache_clear()


def test_metrics_count_what_is_in_the_database(database):
    with transaction() as db:
        jobs.enqueue(db, SYSTEM, "reports.generate", {}, title="One")
        jobs.enqueue(db, SYSTEM, "reports.generate", {}, title="Two")
    add_worker(1)
    text = client().get("/metrics").text
    for line in ('autoreport_runs{status="pending"} 2.0', "autoreport_queue_waiting 2.0", "autoreport_workers 1.0"):
        assert line in text
    assert 'autoreport_ingest_rows{outcome="valid"} 0.0' in text


def test_requests_are_counted_by_route_and_status(database):
    probe = client()

    def counted() -> float:
        lines = probe.get("/metrics").text.splitlines()
        name = 'autoreport_http_requests_total{method="GET",route="/health",status="200"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted()
    probe.get("/health")
    assert counted() == before + 1


def test_metrics_are_for_this_machine_or_an_administrators_key(database):
    admin, author = key_of(Role.admin, Scope.read, Scope.admin), key_of(Role.author, Scope.read)
    far = client(ELSEWHERE)
    assert far.get("/metrics").status_code == 403
    assert far.get("/metrics", headers={"Authorization": f"Bearer {author}"}).status_code == 403
    assert far.get("/metrics", headers={"Authorization": f"Bearer {admin}"}).status_code == 200
    assert client().get("/metrics", headers={"X-Forwarded-For": ELSEWHERE[0]}).status_code == 403


def test_a_request_id_of_the_proxy_is_kept_and_a_strange_one_is_not(database):
    seen = []

    async def note(scope, receive, send):
        seen.append(scope["state"]["request_id"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    probe = TestClient(TraceRequests(note))
    probe.get("/", headers={"X-Request-Id": "proxy-12345"})
    probe.get("/", headers={"X-Request-Id": "two\twords and more"})
    assert seen[0] == "proxy-12345"
    assert len(seen[1]) == 32


def test_system_figures_are_measured_and_for_administrators_only(database):
    with transaction() as db:
        jobs.enqueue(db, SYSTEM, "reports.generate", {}, title="One")
    with transaction() as db:
        found = monitoring.system(db, SYSTEM)
        size = db.scalar(sa.text("select pg_database_size(current_database())"))
        with pytest.raises(Forbidden):
            monitoring.system(db, Actor(id=None, name="Bob", role=Role.author))
    assert (found.queue.waiting, found.queue.processing) == (1, 0)
    assert found.database.size == pytest.approx(size, rel=0.1)
    assert "runs" in [table.name for table in found.database.tables] or len(found.database.tables) == 15
    assert found.memory.used_here > 10 * 2**20
    assert json.loads(found.model_dump_json())["disk"]["free"] > 0


def test_nothing_but_the_probe_file_is_touched_by_the_storage_check(database, workers):
    workers(0)
    monitoring.readiness()
    root = Path(settings().data_dir) / "storage" / "health"
    assert list(root.iterdir()) == []
