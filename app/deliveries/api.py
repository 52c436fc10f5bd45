"""The ledger and the mail accounts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.accounts.web import PROVEN_JUST_NOW, Caller, Db, Limit
from app.core.paging import Page
from app.deliveries import service as deliveries
from app.deliveries.schemas import (
    AccountCheck,
    Channel,
    Delivery,
    DeliveryFilter,
    SmtpAccount,
    SmtpAccountChange,
    SmtpAccountCreate,
    State,
)

router = APIRouter(tags=["deliveries"])


def wanted(
    state: State | None = None,
    channel: Channel | None = None,
    schedule_id: UUID | None = None,
    recipient: str | None = None,
    job_id: UUID | None = None,
) -> DeliveryFilter:
    return DeliveryFilter(state=state, channel=channel, schedule_id=schedule_id, recipient=recipient, run_id=job_id)


Wanted = Annotated[DeliveryFilter, Depends(wanted)]


@router.get("/deliveries")
def list_deliveries(
    db: Db, caller: Caller, wanted: Wanted, limit: Limit = 50, cursor: str | None = None
) -> Page[Delivery]:
    """The ledger, newest first: one line for each recipient."""
    return deliveries.deliveries(db, caller, wanted, limit=limit, cursor=cursor)


@router.get("/deliveries/{delivery_id}")
def read_delivery(db: Db, caller: Caller, delivery_id: UUID) -> Delivery:
    """Its state, and what the mail server said."""
    return deliveries.delivery(db, caller, delivery_id)


@router.post("/deliveries/{delivery_id}/retry", status_code=202)
def retry_delivery(db: Db, caller: Caller, delivery_id: UUID) -> Delivery:
    """`job_id` is the job to follow."""
    return deliveries.retry_delivery(db, caller, delivery_id)


@router.get("/deliveries/{delivery_id}/message", response_class=Response)
def download_message(db: Db, caller: Caller, delivery_id: UUID) -> Response:
    """The message as it was sent, byte for byte."""
    headers = {"Content-Disposition": f'attachment; filename="{delivery_id}.eml"', "X-Content-Type-Options": "nosniff"}
    return Response(deliveries.message(db, caller, delivery_id), media_type="message/rfc822", headers=headers)


@router.get("/smtp-accounts")
def list_smtp_accounts(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[SmtpAccount]:
    """By name; never with a password."""
    return deliveries.smtp_accounts_page(db, caller, limit=limit, cursor=cursor)


@router.post("/smtp-accounts", status_code=201, dependencies=[PROVEN_JUST_NOW])
def create_smtp_account(db: Db, caller: Caller, new: SmtpAccountCreate) -> SmtpAccount:
    """The password is kept encrypted."""
    return deliveries.create_smtp_account(db, caller, new)


@router.patch("/smtp-accounts/{account_id}", dependencies=[PROVEN_JUST_NOW])
def change_smtp_account(db: Db, caller: Caller, account_id: UUID, change: SmtpAccountChange) -> SmtpAccount:
    """Another server or user needs the password again."""
    return deliveries.change_smtp_account(db, caller, account_id, change)


@router.delete("/smtp-accounts/{account_id}", status_code=204)
def delete_smtp_account(db: Db, caller: Caller, account_id: UUID) -> None:
    """Schedules that use it fail with that reason until they get another one."""
    deliveries.delete_smtp_account(db, caller, account_id)


@router.post("/smtp-accounts/{account_id}/test")
def check_smtp_account(db: Db, caller: Caller, account_id: UUID) -> AccountCheck:
    """Connects and signs in; `stage` names what failed."""
    return deliveries.check_smtp_account(db, caller, account_id)
