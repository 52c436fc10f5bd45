"""How often something may be tried, over any number of processes.

The generic cell rate algorithm in one statement: a key owns one time, at which all that was spent is earned again.
Spend in a transaction that commits whether or not the try succeeds; else a failed try would cost nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.tables import RateLimitRow
from app.core import clock
from app.core.errors import TooMany
from app.core.settings import settings


@dataclass(frozen=True)
class Allowance:
    """`burst` at once, then `per_hour` for as long as it is asked for."""

    burst: int
    per_hour: float

    def time_of(self, cost: int) -> timedelta:
        return timedelta(microseconds=round(cost * 3_600_000_000 / self.per_hour))


PASSWORD = Allowance(burst=10, per_hour=10)  # of one account, by whomever
ADDRESS = Allowance(burst=20, per_hour=20)  # one network, whatever accounts it tries
SIGN_IN = "sign-in account"
UNKNOWN_KEY = Allowance(burst=100, per_hour=600)
RESET = Allowance(burst=3, per_hour=3)


# Written out because each request to the API runs it: built from expressions it takes three times the CPU.
SPEND = sa.text("""
    insert into rate_limits as had (key, earned_at) values (:key, :if_new)
    on conflict (key) do update set earned_at = greatest(had.earned_at, :now) + :price
    where greatest(had.earned_at, :now) + :price <= :latest
    returning true
""")

NOT_WAITED_FOR = sa.text("set local synchronous_commit = off")


def spend(db: Session, key: str, *, burst: int, per_hour: float, cost: int = 1) -> None:
    """Raises TooMany, and then nothing was spent. `key` may be of any length and hold anything."""
    allowance, now = Allowance(burst, per_hour), clock.now()
    price, room = allowance.time_of(cost), allowance.time_of(burst)
    if price > room:
        raise ValueError(f"{cost} can never be spent of {burst}")
    facts = {"key": stored(key), "now": now, "price": price, "if_new": now + price, "latest": now + room}
    if db.execute(SPEND, facts).first() is None:
        raise too_many(_earned_at(db, key) + price - room - now)


def refund(db: Session, key: str, *, per_hour: float, cost: int = 1) -> None:
    """What was spent before, because it was no failure."""
    price, row = Allowance(cost, per_hour).time_of(cost), RateLimitRow
    db.execute(sa.update(row).where(row.key == stored(key)).values(earned_at=row.earned_at - price))


def forgive(db: Session, key: str) -> None:
    db.execute(sa.delete(RateLimitRow).where(RateLimitRow.key == stored(key)))


def forgive_sign_in(db: Session, email: str) -> None:
    """Somebody has shown in another way whose account it is."""
    forgive(db, f"{SIGN_IN}:{email}")


def delete_earned(db: Session) -> int:
    """Run by the timer: who has everything back is the same as who was never here. The answer is how many went."""
    row = RateLimitRow
    # A row that is being spent on right now stays until the next time.
    over = sa.select(row.key).where(row.earned_at <= clock.now()).with_for_update(skip_locked=True)
    return len(db.scalars(sa.delete(row).where(row.key.in_(over.scalar_subquery())).returning(row.key)).all())


def spend_reset(db: Session, email: str, ip: str | None) -> None:
    """Asking for a link by mail, for an address that is known or not."""
    _spend(db, f"reset address:{network(ip)}", ADDRESS)
    _spend(db, f"reset:{email.strip().lower()}", RESET)


def spend_sign_up(db: Session, ip: str | None) -> None:
    _spend(db, f"sign up:{network(ip)}", ADDRESS)


def spend_request(db: Session, whose: str) -> None:
    """One request to the API. `whose` names a person or a key. Not waited for on the disk: a crash gives some back."""
    if at_once := settings().rate_limit_per_minute:
        db.execute(NOT_WAITED_FOR)
        spend(db, f"request:{whose}", burst=at_once, per_hour=at_once * 60)


def spend_unknown_key(db: Session, ip: str | None) -> None:
    _spend(db, f"unknown key:{network(ip)}", UNKNOWN_KEY)


def spend_confirmation(db: Session, person_id: UUID | None) -> None:
    """The password of somebody who is signed in, asked again."""
    _spend(db, f"confirm:{person_id}", PASSWORD)


def spend_set_up(db: Session, person_id: UUID | None) -> None:
    """The first code of a new authenticator: guessed right, the answer is the recovery codes."""
    _spend(db, f"set-up code:{person_id}", PASSWORD)


def refund_confirmation(db: Session, person_id: UUID) -> None:
    refund(db, f"confirm:{person_id}", per_hour=PASSWORD.per_hour)


def network(ip: str | None) -> str:
    """One subscriber: an IPv4 address, or the 64 bits of IPv6 that a provider hands out at least."""
    try:
        address = ip_address((ip or "").partition("%")[0])
    except ValueError:
        return ip or "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def too_many(wait: timedelta) -> TooMany:
    seconds = max(1, ceil(wait.total_seconds()))
    amount, unit = (ceil(seconds / 60), "minute") if seconds >= 60 else (seconds, "second")
    return TooMany(
        f"Too many tries in a short time. Wait {amount} {unit}{'s' * (amount > 1)}, then try again.",
        retry_after=seconds,
    )


def stored(key: str) -> str:
    """What is spent on is readable, on whom is not: it may be an address that somebody mistyped a password into."""
    kind, _, whom = key.partition(":")
    return f"{kind}:{sha256(whom.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _spend(db: Session, key: str, allowance: Allowance) -> None:
    spend(db, key, burst=allowance.burst, per_hour=allowance.per_hour)


def _earned_at(db: Session, key: str) -> datetime:
    """Of a row that this transaction has locked by trying to spend."""
    return db.execute(sa.select(RateLimitRow.earned_at).where(RateLimitRow.key == stored(key))).scalar_one()
