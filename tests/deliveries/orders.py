"""A template, a mail account and schedules for the tests of this folder: all real, all by the services."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from app.core import db, smtp_access
from app.core.actor import SYSTEM
from app.deliveries import send
from app.deliveries import service as deliveries
from app.deliveries.jobs import HANDLERS
from app.deliveries.schemas import Delivery, DeliveryFilter, SmtpAccount, SmtpAccountCreate
from app.jobs.schemas import Run
from app.jobs.work_off import work_off
from app.schedules import service as schedules
from app.schedules.schemas import Schedule, ScheduleCreate
from app.templates import service as templates
from app.templates.schemas import HeadingBlock, Parameter, TemplateCreate, TextBlock
from tests.smtp_server import Authority

START = datetime(2026, 3, 27, 12, tzinfo=UTC)
DUE = datetime(2026, 3, 27, 13, tzinfo=UTC)


def make_template(*parameters: Parameter) -> UUID:
    blocks = [
        HeadingBlock(id="top", text="All is well"),
        TextBlock(id="words", markdown="**Nothing** broke, see [the board](https://example.com/board)."),
    ]
    with db.transaction() as session:
        return templates.create_template(
            session, SYSTEM, TemplateCreate(name="Weekly", blocks=blocks, parameters=list(parameters))
        ).id


def make_account(port: int, authority: Authority, **changes: Any) -> SmtpAccount:
    given: dict[str, Any] = {
        "name": f"Relay {port}",
        "host": "localhost",
        "port": port,
        "from_address": "reports@example.com",
        "from_name": "Example Reports",
        "ca_pem": authority.pem,
    }
    with db.transaction() as session:
        return deliveries.create_smtp_account(session, SYSTEM, SmtpAccountCreate(**{**given, **changes}))


def make_schedule(
    template_id: UUID, recipients: list[str], *, timing: dict[str, Any] | None = None, **changes: Any
) -> Schedule:
    payload = {"template_id": str(template_id), "recipients": recipients, **changes}
    with db.transaction() as session:
        new = ScheduleCreate(name="Weekly to the team", payload=payload, **(timing or {"cron": "0 * * * *"}))
        return schedules.create_schedule(session, SYSTEM, new)


def fire() -> list[Run]:
    """The timer finds it due, and a worker does all that follows."""
    with db.transaction() as session:
        assert schedules.tick(session, DUE) >= 1
    return work_off(HANDLERS)


def ledger(**wanted: Any) -> list[Delivery]:
    with db.transaction() as session:
        found = deliveries.deliveries(session, SYSTEM, DeliveryFilter(**wanted)).items
    return sorted(found, key=lambda row: row.recipient)


def secret(text: str) -> SecretStr:
    return SecretStr(text)


@contextmanager
def impatient(after_dot: float = 60) -> Iterator[None]:
    """Nobody waits ten minutes for an answer in a test. Shorter only where none comes: a busy machine answers late."""
    usual = send.TIMEOUTS
    send.TIMEOUTS = smtp_access.Timeouts(connect=60, command=60, after_dot=after_dot)
    try:
        yield
    finally:
        send.TIMEOUTS = usual
