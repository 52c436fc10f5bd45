"""Letters about accounts. Their links open doors, so their text lies nowhere in clear: sealed in a job, then sent."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.core import clock, secrets
from app.core.actor import SYSTEM
from app.core.errors import Conflict
from app.deliveries import ledger
from app.deliveries.schemas import Letter
from app.deliveries.send import Transports, send_claimed
from app.deliveries.smtp_accounts import system_account
from app.deliveries.tables import DeliveryRow, SmtpAccountRow
from app.deliveries.write_letter import write_letter
from app.jobs.context import JobContext

KEY_LOST = "The key that this letter was sealed with is gone, so it cannot be sent. Have a new one made."
TOO_LATE = "The link in this letter has expired, so it was not sent any more."


class NoMailAccount(Conflict):
    """No mail can be sent: add a mail account under Deliveries first."""


def can_send_letters(db: Session) -> bool:
    return system_account(db) is not None


def send_letter(db: Session, letter: Letter, *, unique_key: str) -> UUID | None:
    """In the caller's transaction: commit = it will be sent. None when a letter has this key. Raises NoMailAccount."""
    account = system_account(db)
    if account is None:
        raise NoMailAccount
    delivery_id = ledger.open_letter(db, letter, account, unique_key)
    if delivery_id is not None:
        sealed = secrets.encrypt(letter.model_dump_json())
        run_id = ledger.enqueue_send(db, SYSTEM, delivery_id, letter.to, sealed=sealed, priority=5)
        ledger.hand_to(db, delivery_id, run_id)
    return delivery_id


def send_one_letter(ctx: JobContext, delivery_id: UUID, sealed: str) -> None:
    letter = _opened(sealed)
    with ctx.transaction() as db:
        claimed = ledger.claim(db, delivery_id, ctx.run_id, sealed=sealed)
        if claimed is None:
            return
        if letter is None:
            ledger.settle_failed(db, claimed, KEY_LOST)
            return
        if letter.good_until and letter.good_until <= clock.now():
            ledger.settle_failed(db, claimed, TOO_LATE)
            return
        content = _content(db, delivery_id, letter)
    with Transports() as transports:
        send_claimed(ctx, claimed, transports, lambda: content)


def _opened(sealed: str) -> Letter | None:
    try:
        return Letter.model_validate_json(secrets.decrypt(sealed))
    except secrets.SecretUnreadable:
        return None


def _content(db: Session, delivery_id: UUID, letter: Letter) -> bytes:
    """The same bytes at each attempt."""
    row = db.get_one(DeliveryRow, delivery_id)
    account = db.get(SmtpAccountRow, row.account_id) if row.account_id else None
    name = (account.from_name or account.name) if account else row.account_name
    return write_letter(letter, sender=row.sender, sender_name=name, message_id=row.message_id, date=row.created_at)
