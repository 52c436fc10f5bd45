"""Sends kept messages, one by one, and writes each one's fate into the ledger before the next."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import mail, storage
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.core.mail import FateUnknown, NotSent, Outbox, Phase, Reply, Transport
from app.core.secrets import SecretUnreadable
from app.core.smtp import Smtp
from app.core.smtp_access import Timeouts
from app.deliveries import ledger
from app.deliveries.ledger import Claimed
from app.deliveries.schemas import Channel, State
from app.deliveries.smtp_accounts import AccountNotFound, access_smtp_account, smtp_access
from app.jobs.context import JobContext

MOST_STEPS = 20
KEY_LOST = "The password of the mail account cannot be read any more. Enter it again on the page Deliveries."
TIMEOUTS = Timeouts()
BEFORE_ANY_MESSAGE = {Phase.name, Phase.connect, Phase.greeting, Phase.tls, Phase.certificate, Phase.login}


class Transports:
    """One kept connection per account, for the length of a run."""

    def __init__(self) -> None:
        self._by_account: dict[UUID | None, Transport] = {}
        # A server that cannot be reached is asked once per run, not once per recipient.
        self._unreachable: dict[UUID | None, NotSent] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for transport in self._by_account.values():
            transport.close()

    def of(self, db: Session, claimed: Claimed) -> Transport:
        """Raises AccountNotFound, SecretUnreadable."""
        if claimed.account_id not in self._by_account:
            self._by_account[claimed.account_id] = self._opened(db, claimed)
        return self._by_account[claimed.account_id]

    def hand_over(
        self, claimed: Claimed, transport: Transport, letter: mail.Letter, before_dot: Callable[[], None]
    ) -> Reply:
        """Raises NotSent, FateUnknown."""
        if known := self._unreachable.get(claimed.account_id):
            raise known
        try:
            return transport.send(letter, before_dot)
        except NotSent as error:
            if error.phase in BEFORE_ANY_MESSAGE:
                self._unreachable[claimed.account_id] = error
            raise

    def _opened(self, db: Session, claimed: Claimed) -> Transport:
        if claimed.channel is Channel.outbox:
            return Outbox()
        if claimed.account_id is None:
            raise AccountNotFound("The mail account of this message was deleted. Choose another one in its schedule.")
        return Smtp(smtp_access(access_smtp_account(db, SYSTEM, claimed.account_id)), TIMEOUTS)


def send_all(ctx: JobContext, delivery_ids: Sequence[UUID]) -> Counter[State]:
    """How many ended in which state; what somebody else has in hand is left out."""
    found: Counter[State] = Counter()
    every = max(1, len(delivery_ids) // MOST_STEPS)
    with Transports() as transports:
        for number, delivery_id in enumerate(delivery_ids, 1):
            state = send_one(ctx, delivery_id, transports)
            if state:
                found[state] += 1
            if number % every == 0 or number == len(delivery_ids):
                share = 0.5 + 0.5 * number / len(delivery_ids)
                ctx.step(f"Message {number} of {len(delivery_ids)}", share * 0.99)
    return found


def send_one(ctx: JobContext, delivery_id: UUID, transports: Transports) -> State | None:
    with ctx.transaction() as db:
        claimed = ledger.claim(db, delivery_id, ctx.run_id)
    return send_claimed(ctx, claimed, transports, partial(_kept, claimed)) if claimed else None


def send_claimed(ctx: JobContext, claimed: Claimed, transports: Transports, content: Callable[[], bytes]) -> State:
    """Whatever happens, the ledger says so."""
    try:
        with ctx.transaction() as db:
            transport = transports.of(db, claimed)
        letter = mail.Letter(claimed.sender, claimed.recipient, content(), claimed.eml_key or "")
    except SecretUnreadable:
        with ctx.transaction() as db:  # not lost: tried again, by then with the password that somebody has entered
            return ledger.settle_not_sent(db, ctx.actor, claimed, NotSent(Phase.login, KEY_LOST))
    except AppError as error:
        with ctx.transaction() as db:
            return ledger.settle_failed(db, claimed, error.message)

    def before_dot() -> None:
        with ctx.transaction() as db:
            ledger.note_dot(db, claimed)

    try:
        reply = transports.hand_over(claimed, transport, letter, before_dot)
    except NotSent as error:
        with ctx.transaction() as db:
            return ledger.settle_not_sent(db, ctx.actor, claimed, error)
    except FateUnknown as error:
        with ctx.transaction() as db:
            return ledger.settle_unknown(db, ctx.actor, claimed, error)
    with ctx.transaction() as db:
        ledger.settle_sent(db, claimed, reply)
    return State.sent


def _kept(claimed: Claimed) -> bytes:
    assert claimed.eml_key is not None
    return storage.read(claimed.eml_key)
