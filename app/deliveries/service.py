"""The one way into deliveries: what may be sent by schedules, the ledger, the kept messages, mail accounts."""

from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, storage
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import AppError, Conflict, Invalid, NotFound
from app.core.mail import Phase
from app.core.paging import Page, fetch_page
from app.deliveries import ledger
from app.deliveries.digests import start_digests
from app.deliveries.letters import NoMailAccount, can_send_letters, send_letter
from app.deliveries.read_message import read_message
from app.deliveries.schemas import Delivery, DeliveryFilter, MessageView, ReportOrder, State
from app.deliveries.smtp_accounts import (
    AccountNameTaken,
    AccountNotFound,
    PasswordNeeded,
    access_smtp_account,
    change_smtp_account,
    check_smtp_account,
    create_smtp_account,
    delete_smtp_account,
    smtp_accounts,
    smtp_accounts_page,
)
from app.deliveries.tables import DeliveryRow, SmtpAccountRow
from app.jobs import service as jobs
from app.schedules import service as schedules
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.templates import service as templates
from app.templates.parameters import resolve

__all__ = [
    "AccountNameTaken",
    "AccountNotFound",
    "NoMailAccount",
    "PasswordNeeded",
    "can_send_letters",
    "change_smtp_account",
    "check_smtp_account",
    "create_smtp_account",
    "delete_smtp_account",
    "send_letter",
    "smtp_accounts",
    "smtp_accounts_page",
    "start_digests",
]

DELIVER_JOB = "deliveries.deliver"
IN_HAND = (State.queued, State.sending)


class DeliveryNotFound(NotFound):
    """There is no such delivery, or you may not see it."""


class MessageNotMade(Conflict):
    """There is no message yet: the report could not be made. Run the schedule again."""


class LetterNotKept(Conflict):
    """The text of a letter about an account is not kept. Send a new invitation or a new link instead."""


class NotToBeRetried(Conflict):
    """This message is on its way or was sent already."""


class OrderInvalid(Invalid):
    """What is to be sent is not valid."""


def check_order(db: Session, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
    """Called when a schedule is saved: the payload to keep. Raises OrderInvalid, which names each bad field.

    Whoever says what is sent to whom must see all of it, for it is sent in the name of the schedule's owner.
    """
    try:
        order = ReportOrder.model_validate(payload)
    except ValidationError as error:
        problems = [
            (".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, "))
            for each in error.errors(include_url=False)
        ]
        raise _order_invalid(problems) from error
    problems = []
    try:
        found = templates.template(db, actor, order.template_id)
        templates.check_sources(db, actor, found.content.blocks)
        resolve(found.content.parameters, order.parameters, clock.now().date())
    except NotFound:
        problems.append(("template_id", f"There is no template {order.template_id}, or you may not see it."))
    except templates.SourcesNotShared as error:
        problems.append(("template_id", error.message))
    except Invalid as error:
        problems.append(("parameters", error.message))
    if order.smtp_account_id:
        try:
            access_smtp_account(db, actor, order.smtp_account_id)
        except NotFound:
            problems.append(("smtp_account_id", f"There is no mail account {order.smtp_account_id}."))
    if problems:
        raise _order_invalid(problems)
    return order.model_dump(mode="json")


def deliveries(
    db: Session, actor: Actor, wanted: DeliveryFilter | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[Delivery]:
    """Newest first."""
    require_role(actor, Role.viewer)
    query = sa.select(DeliveryRow).where(_visible(actor), *_conditions(wanted or DeliveryFilter()))
    by = (DeliveryRow.created_at, DeliveryRow.id)
    return fetch_page(db, query, partial(_seen, db), *by, limit=limit, cursor=cursor, newest_first=True)


def delivery(db: Session, actor: Actor, delivery_id: UUID) -> Delivery:
    return _seen(db, access_delivery(db, actor, delivery_id))


def message(db: Session, actor: Actor, delivery_id: UUID) -> bytes:
    """Exactly what was or will be sent. Raises MessageNotMade, FileGone."""
    row = access_delivery(db, actor, delivery_id)
    if row.eml_key is None:
        raise _no_message(row)
    return storage.read(row.eml_key)


def message_view(db: Session, actor: Actor, delivery_id: UUID) -> MessageView:
    return read_message(message(db, actor, delivery_id))


def retry_delivery(db: Session, actor: Actor, delivery_id: UUID) -> Delivery:
    """The same bytes with the same Message-ID once more. For a message of unknown fate this is a person's decision."""
    row = access_delivery(db, actor, delivery_id, write=True)
    if row.eml_key is None:
        raise _no_message(row)
    before = _seen(db, row).state
    if before is State.sent or before in IN_HAND:
        raise NotToBeRetried(f"The state of this message is {before.value}: there is nothing to send again.")
    row.run_id = ledger.enqueue_send(db, actor, row.id, row.recipient)
    row.state, row.phase, row.next_attempt_at, row.changed_at = State.queued, None, clock.now(), clock.now()
    db.flush()
    audit.record(db, actor, Action.delivery_retried, row.id, recipient=row.recipient, was=before)
    return Delivery.model_validate(row)


def access_delivery(db: Session, actor: Actor, delivery_id: UUID, *, write: bool = False) -> DeliveryRow:
    """Who may see or change its schedule may see or send again a message; without one it is its owner's."""
    require_role(actor, Role.viewer)
    query = sa.select(DeliveryRow).where(DeliveryRow.id == delivery_id, _visible(actor))
    row = db.scalar(query.with_for_update() if write else query, execution_options={"populate_existing": True})
    if row is None:
        raise DeliveryNotFound
    if write:
        require_role(actor, Role.author)
        if row.schedule_id:
            schedule = schedules.access_schedule(db, actor, row.schedule_id)
            sharing.check_level(db, actor, Kind.schedule, schedule, edit=True)
    return row


def _visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Letters about accounts have neither schedule nor owner: they are for administrators."""
    if actor.role is Role.admin:
        return sa.true()
    own = sa.and_(DeliveryRow.schedule_id.is_(None), DeliveryRow.owner_id == actor.id)
    return sa.or_(DeliveryRow.schedule_id.in_(schedules.visible_schedules(actor)), own)


def _conditions(wanted: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    given = wanted.model_dump(exclude_none=True, exclude={"recipient"})
    conditions = [getattr(DeliveryRow, name) == value for name, value in given.items()]
    if wanted.recipient:
        conditions.append(DeliveryRow.recipient.icontains(wanted.recipient, autoescape=True))
    return conditions


def _seen(db: Session, row: DeliveryRow) -> Delivery:
    """A row in the hands of a run that has ended is in nobody's hands: it says so instead of waiting for ever."""
    seen = Delivery.model_validate(row)
    if seen.state not in IN_HAND or not _is_over(db, row.run_id):
        return seen
    if seen.state is State.sending and seen.phase == Phase.dot:
        return seen.model_copy(update={"state": State.unknown, "error": ledger.STOPPED_AFTER_DOT})
    return seen.model_copy(update={"state": State.failed, "error": ledger.NEVER_SENT})


def _is_over(db: Session, run_id: UUID | None) -> bool:
    try:
        return run_id is None or jobs.run(db, SYSTEM, run_id).status.is_final
    except AppError:
        return True


def _no_message(row: DeliveryRow) -> AppError:
    return LetterNotKept() if ledger.is_letter(row) else MessageNotMade()


def _order_invalid(problems: list[tuple[str, str]]) -> OrderInvalid:
    details = [{"field": f"payload.{field}", "message": text} for field, text in problems]
    return OrderInvalid(f"{problems[0][0]}: {problems[0][1]}", details=details)


schedules.offer_action("report", job=DELIVER_JOB, check=check_order)
sharing.offer_kind(Kind.smtp_account, SmtpAccountRow, shareable=False, owner_role=Role.admin)
