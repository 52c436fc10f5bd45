"""Runs of this feature: a fire of a schedule becomes a report and a message to each recipient."""

from collections import Counter
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import clock, storage
from app.core.actor import SYSTEM
from app.core.errors import AppError, Unavailable
from app.core.settings import settings
from app.deliveries import ledger
from app.deliveries.compose import Draft, compose
from app.deliveries.digests import DIGEST_JOB, send_digests
from app.deliveries.letters import send_one_letter
from app.deliveries.schemas import ReportOrder, State
from app.deliveries.send import send_all
from app.deliveries.smtp_accounts import AccountNotFound, access_smtp_account, outbox_address
from app.deliveries.tables import DeliveryRow, SmtpAccountRow
from app.jobs.context import START_AGAIN, Handler, JobContext, limited, turned_away
from app.reports import service as reports
from app.reports.schemas import Report
from app.schedules import service as schedules
from app.schedules.next_fire import local_text
from app.schedules.schemas import Fire
from app.templates import service as templates
from app.templates.parameters import resolve

REPORT_SHARE = 0.5
LONGEST_SECONDS = 14_400  # hundreds of recipients at a slow server


class NothingSent(Unavailable):
    """No message could be sent."""


def refuse_to_deliver(ctx: JobContext, reason: str) -> str:
    """Each recipient's row says why nothing came."""
    with ctx.transaction() as db:
        fire = schedules.fire(db, UUID(ctx.args["fire_id"]))
        _open(db, ctx, fire, ReportOrder.model_validate(fire.payload))
        ledger.give_up_without_message(db, fire, reason)
    return START_AGAIN


@turned_away(refuse_to_deliver)
@limited(wall_seconds=LONGEST_SECONDS)
def deliver(ctx: JobContext) -> dict[str, Any]:
    """The report once, then each message once, whatever was done by an attempt that died."""
    with ctx.transaction() as db:
        fire = schedules.fire(db, UUID(ctx.args["fire_id"]))
        order = ReportOrder.model_validate(fire.payload)
        _open(db, ctx, fire, order)
    report = _report(ctx, fire, order)
    _write_messages(ctx, fire, order, report)
    with ctx.transaction() as db:
        ledger.recover(db, ctx.run_id)
        waiting = [row.id for row in ledger.rows_of(db, fire) if row.state == State.queued and row.run_id == ctx.run_id]
    send_all(ctx, waiting)
    return _conclude(ctx, fire, report)


def refuse_to_send(ctx: JobContext, reason: str) -> str:
    with ctx.transaction() as db:
        ledger.give_up_sending(db, UUID(ctx.args["delivery_id"]), reason)
    return "Somebody who may can send the message again under Deliveries."


@turned_away(refuse_to_send)
def send(ctx: JobContext) -> dict[str, Any]:
    """One message once more: after a deferral, or because a person asked."""
    delivery_id = UUID(ctx.args["delivery_id"])
    with ctx.transaction() as db:
        ledger.recover(db, ctx.run_id)
    send_all(ctx, [delivery_id])
    return _fate(ctx, delivery_id)


def send_letter(ctx: JobContext) -> dict[str, Any]:
    """A letter about an account; each later attempt is a run of its own that gets the sealed text passed on."""
    delivery_id = UUID(ctx.args["delivery_id"])
    with ctx.transaction() as db:
        ledger.recover(db, ctx.run_id)
    send_one_letter(ctx, delivery_id, ctx.args["letter"])
    return _fate(ctx, delivery_id)


def _fate(ctx: JobContext, delivery_id: UUID) -> dict[str, Any]:
    with ctx.transaction() as db:
        row = db.get_one(DeliveryRow, delivery_id)
        if row.state in (State.failed, State.unknown):
            raise NothingSent(f"{row.recipient}: {row.error}")
        if row.state == State.deferred:
            ctx.partial(f"{row.recipient}: {row.error}")
        return {"delivery_id": str(row.id), "state": row.state}


def _open(db: Session, ctx: JobContext, fire: Fire, order: ReportOrder) -> None:
    account = _account(db, order)
    schedule = schedules.schedule(db, SYSTEM, fire.schedule_id)
    facts = {
        "schedule_name": schedule.name,
        "owner_id": schedule.owner_id,
        "subject": order.subject,
        "run_id": ctx.run_id,
    }
    ledger.open_rows(db, fire, order, account, account.from_address if account else outbox_address(), facts)


def _report(ctx: JobContext, fire: Fire, order: ReportOrder) -> Report:
    key = f"schedule:{fire.schedule_id}:{fire.fire_at.isoformat()}"
    try:
        parameters = _parameters(ctx, fire, order)
        return reports.ensure_report(ctx, order.template_id, parameters, key, until=REPORT_SHARE)
    except AppError as error:
        with ctx.transaction() as db:
            ledger.give_up_without_message(db, fire, f"The report could not be made: {error.message}")
        raise


def _parameters(ctx: JobContext, fire: Fire, order: ReportOrder) -> dict[str, Any]:
    """Moving days count from the day of the fire in the schedule's zone, however late the report is made."""
    with ctx.transaction() as db:
        zone = ZoneInfo(schedules.schedule(db, SYSTEM, fire.schedule_id).zone)
        try:
            wanted = templates.template(db, ctx.actor, order.template_id).content.parameters
        except templates.TemplateNotFound as error:
            raise templates.TemplateNotFound(
                f"Its template was deleted, or is no longer shared with {ctx.actor.name}."
            ) from error
    return resolve(wanted, order.parameters, fire.fire_at.astimezone(zone).date()).values


def _write_messages(ctx: JobContext, fire: Fire, order: ReportOrder, report: Report) -> None:
    """Written once and kept: every attempt sends the very same bytes."""
    with ctx.transaction() as db:
        rows = [row for row in ledger.rows_of(db, fire) if row.eml_key is None]
        if not rows:
            return
        content = reports.report_content(db, ctx.actor, report.id)
        pdf = reports.report_pdf(db, ctx.actor, report.id) if "pdf" in order.attach else None
        account = _account(db, order)
        subject = order.subject or content.title
        for row in rows:
            raw = compose(
                Draft(
                    sender=row.sender,
                    sender_name=account.from_name or account.name if account else "AutoReport",
                    recipient=row.recipient,
                    subject=subject,
                    message_id=row.message_id,
                    list_id=f"<{fire.schedule_id.hex}.schedules.{row.sender.rpartition('@')[2]}>",
                    date=clock.now(),
                    message=_with_lateness(db, fire, order.message),
                    link=f"{settings().base_url}/reports?report={report.id}",
                    report=content,
                    pdf=pdf,
                )
            )
            key = f"deliveries/{row.id}.eml"
            storage.write(key, raw)
            ledger.keep_message(db, row.id, key, raw, report_id=report.id, subject=subject)


def _conclude(ctx: JobContext, fire: Fire, report: Report) -> dict[str, Any]:
    """Green only when every recipient has the message and the report is whole."""
    with ctx.transaction() as db:
        rows = ledger.rows_of(db, fire)
    counts = Counter(row.state for row in rows)
    problems = [f"{count} {state}" for state, count in sorted(counts.items()) if state != State.sent]
    first = next((row for row in rows if row.state != State.sent), None)
    if first is not None:
        words = (
            f"Of {len(rows)} messages: {counts[State.sent]} sent, {', '.join(problems)}. {first.error or ''}".strip()
        )
        if set(counts) == {State.failed}:
            raise NothingSent(words)
        ctx.partial(words)
    elif report.failed_blocks:
        ctx.partial(f"All messages were sent, but {report.failed_blocks} parts of the report are missing.")
    return {"report_id": str(report.id), **counts}


def _account(db: Session, order: ReportOrder) -> SmtpAccountRow | None:
    """None stands for the built-in outbox. Raises AccountNotFound."""
    if order.smtp_account_id is None:
        return None
    try:
        return access_smtp_account(db, SYSTEM, order.smtp_account_id)
    except AccountNotFound as error:
        raise AccountNotFound("The mail account of this schedule was deleted. Choose another one there.") from error


def _with_lateness(db: Session, fire: Fire, message: str) -> str:
    if not fire.late:
        return message
    zone = schedules.schedule(db, SYSTEM, fire.schedule_id).zone
    return f"This report was due on {local_text(fire.fire_at, zone)} and is late.\n\n{message}".strip()


HANDLERS: dict[str, Handler] = {
    "deliveries.deliver": deliver,
    "deliveries.send": send,
    "deliveries.send_letter": send_letter,
    DIGEST_JOB: send_digests,
}
