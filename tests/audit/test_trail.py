"""What goes on the trail, and how administrators read it."""

import csv
import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from app.audit import service as audit
from app.audit.schemas import Action, AuditFilter
from app.core import clock, logging_setup
from app.core.actor import SYSTEM, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.settings import settings
from app.jobs.work_off import run_inline
from app.monitoring import service as monitoring
from app.worker import HANDLERS
from tests.accounts.conftest import Visitor, visitor
from tests.audit.test_chain import tamper

Visit = Callable[..., Visitor]


@pytest.fixture
def visit(database: str) -> Visit:
    return visitor


def refusals() -> list[tuple[str, str, str | None]]:
    with transaction() as db:
        found = audit.entries_page(db, AuditFilter(action=Action.access_refused)).items
    return [(entry.person, entry.subject, entry.ip) for entry in found]


def test_a_refusal_names_who_tried_what_and_from_where(visit: Visit) -> None:
    assert visit(Role.member).client.get("/audit").status_code == 403
    assert refusals() == [("Member", "GET /audit", "testclient")]


def test_refusals_are_counted_on_the_trail_only_up_to_a_limit(visit: Visit) -> None:
    viewer = visit(Role.viewer).client
    with clock.use(FixedClock(clock.now())):
        for _ in range(70):
            assert viewer.get("/audit").status_code == 403
    assert len(refusals()) == 50  # one page
    with transaction() as db:
        first = audit.entries_page(db, AuditFilter(action="access"), limit=200)
    assert len(first.items) == 60


def test_a_name_cannot_begin_a_line_of_its_own(database: str) -> None:
    forged = SYSTEM.model_copy(update={"name": "Ann\r\n2026-01-01 Bob deleted\x1b[31m"})
    with transaction() as db:
        audit.record(db, forged, Action.card_created, "a\nb")
    with transaction() as db:
        entry = audit.entries_page(db).items[0]
    assert (entry.person, entry.subject) == (r"Ann\r\n2026-01-01 Bob deleted\x1b[31m", r"a\nb")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_text_forges_a_line_of_the_log(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    forged = "x\n2026-01-01T00:00:00Z [info     ] forged\r\x1b[31m\u2028"
    try:
        logging_setup.configure(settings().model_copy(update={"log_format": log_format}))
        structlog.stdlib.get_logger("ours").info(forged, path=forged)
        logging.getLogger("theirs").warning("said %s", forged)
        try:
            raise ValueError(forged)
        except ValueError:
            structlog.stdlib.get_logger("ours").exception("failed")
    finally:
        logging.getLogger().handlers = handlers
        logging.getLogger().setLevel(level)
    said = capsys.readouterr().err
    starts = [line for line in said.split("\n") if line and not line.startswith("    ")]
    assert len(starts) == 3
    assert not {"\r", "\x1b", "\u2028"} & set(said)


def record(*actions: Action) -> None:
    for number, action in enumerate(actions):
        with transaction() as db:
            audit.record(db, SYSTEM, action, f"=cmd {number}", text='Grüße, "Bob"', number=number)


def test_the_trail_is_read_by_action_person_and_time(visit: Visit) -> None:
    boss = visit(Role.admin).client
    record(Action.card_created, Action.card_deleted, Action.team_created)
    since = clock.now()
    with clock.use(FixedClock(since + timedelta(hours=1))):
        record(Action.card_changed)
    me = boss.get("/me").json()["id"]

    def actions(**wanted: str) -> list[str]:
        return [entry["action"] for entry in boss.get("/audit", params=wanted).json()["items"]]

    assert actions(action="card") == ["card:changed", "card:deleted", "card:created"]
    assert actions(action="card:deleted") == ["card:deleted"]
    assert actions(since=since.isoformat()) == ["card:changed"]
    assert actions(until=since.isoformat(), action="card") == ["card:deleted", "card:created"]
    assert set(actions(person_id=me)) == {"key:created", "session:started"}
    assert boss.get("/audit", params={"since": "yesterday"}).status_code == 422


def test_the_trail_is_exported_as_it_stands_without_formulas(visit: Visit) -> None:
    boss = visit(Role.admin).client
    record(Action.card_created, Action.card_deleted)
    answer = boss.get("/audit/export/csv", params={"action": "card"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("card:created", "'=cmd 0"),
        ("card:deleted", "'=cmd 1"),
    ]
    assert json.loads(rows[1]["details"]) == {"text": 'Grüße, "Bob"', "number": 1}
    lines = [json.loads(line) for line in boss.get("/audit/export/ndjson").text.splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert lines[-2]["action"] == "trail:exported"
    assert boss.get("/audit/export/pdf").status_code == 422


def test_only_administrators_read_export_or_verify_the_trail(visit: Visit) -> None:
    author = visit(Role.author).client
    assert author.get("/audit/export/csv").status_code == 403
    assert author.post("/audit/verify").status_code == 403


def test_a_verification_is_a_job_that_fails_when_the_trail_is_broken(database: str, visit: Visit) -> None:
    boss = visit(Role.admin).client
    record(Action.card_created)
    good = run_inline(boss.post("/audit/verify").json()["job_id"], HANDLERS)
    assert (good.status, len((good.result or {})["head"])) == ("completed", 64)
    tamper(database, "update audit set subject = 'other' where action = 'card:created'")
    bad = run_inline(boss.post("/audit/verify").json()["job_id"], HANDLERS)
    assert bad.status == "failed"
    assert "altered" in (bad.error or "")
    with transaction() as db:
        assert (monitoring.last_audit_check(db, SYSTEM) or good).id == bad.id


def test_the_log_keeps_a_head_that_the_trail_can_be_checked_against(database: str) -> None:
    record(Action.card_created)
    with capture_logs() as lines, transaction() as db:
        audit.note_head(db)
        length, head = audit.chain_head(db)
    assert [(line["length"], line["head"]) for line in lines] == [(length, head)]
