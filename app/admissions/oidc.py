"""Signing in with another provider: out with a question, back with an answer to exactly that question.

The network is asked between two transactions, never inside one.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy.orm import Session

from app.accounts import limits
from app.accounts import service as accounts
from app.admissions import provider
from app.admissions.provider import Metadata, ProofRefused
from app.admissions.schemas import Claimed
from app.admissions.tables import OidcAttemptRow
from app.core import clock
from app.core.errors import Forbidden
from app.core.settings import settings

LASTS = timedelta(minutes=10)
CALLBACK = "/auth/oidc/callback"
PER_HOUR = 60  # starts that came to nothing, of one network

log = structlog.get_logger()


class SignInOver(Forbidden):
    """This sign-in took too long, was used already, or was started in another browser. Start again."""


class SignInCancelled(Forbidden):
    """The sign-in was cancelled, or refused by the provider."""


@dataclass(frozen=True)
class Question:
    """`browser` goes into a cookie of the browser that asks, and nowhere else."""

    url: str
    browser: str


def spend_oidc_start(db: Session, ip: str | None) -> None:
    """Raises TooMany. Whoever comes in gets it back."""
    limits.spend(db, f"oidc:{limits.network(ip)}", burst=PER_HOUR, per_hour=PER_HOUR)


def refund_oidc_start(db: Session, ip: str | None) -> None:
    limits.refund(db, f"oidc:{limits.network(ip)}", per_hour=PER_HOUR)


def ask_provider(db: Session, described: Metadata, wanted: str) -> Question:
    """Nonce and verifier follow from what only that browser holds: who reads the database can finish nothing."""
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    ends, hash_of = clock.now() + LASTS, accounts.hash_of
    db.add(OidcAttemptRow(state_hash=hash_of(state), browser_hash=hash_of(browser), wanted=wanted, expires_at=ends))
    url = prepare_grant_uri(
        described.authorization_endpoint,
        settings().oidc_client_id,
        "code",
        redirect_uri=redirect_uri(),
        scope="openid email profile",
        state=state,
        nonce=_derived(browser, "nonce"),
        code_challenge=create_s256_code_challenge(_derived(browser, "verifier")),
        code_challenge_method="S256",
    )
    return Question(str(url), browser)


def take_answer(db: Session, browser: str, state: str) -> str | None:
    """The page that was wanted; None when it was no question of ours, is too old, or was another browser's.

    It is used up either way, so the caller must commit.
    """
    row = OidcAttemptRow
    used = sa.delete(row).where(row.state_hash == accounts.hash_of(state), row.expires_at > clock.now())
    found = db.execute(used.returning(row.browser_hash, row.wanted)).first()
    if found is None or not hmac.compare_digest(found.browser_hash, accounts.hash_of(browser)):
        return None
    return str(found.wanted)


def prove_identity(browser: str, answer: Mapping[str, str]) -> Claimed:
    """Asks the provider who it was. Raises SignInCancelled, ProofRefused, ProviderUnavailable."""
    described = provider.provider_description()
    sender = answer.get("iss")
    if sender != described.issuer and (sender is not None or described.authorization_response_iss_parameter_supported):
        log.warning("oidc_proof_refused", reason="the answer came from another provider", iss=str(sender)[:200])
        raise ProofRefused
    if not answer.get("code"):
        log.info("oidc_cancelled", error=answer.get("error", "")[:80], text=answer.get("error_description", "")[:200])
        raise SignInCancelled(f"The sign-in with {settings().oidc_name} was cancelled or refused there.")
    return provider.claimed(
        answer["code"],
        verifier=_derived(browser, "verifier"),
        nonce=_derived(browser, "nonce"),
        redirect_uri=redirect_uri(),
    )


def redirect_uri() -> str:
    return settings().base_url + CALLBACK


def delete_old_questions(db: Session) -> int:
    """Run by the timer; the answer is how many went."""
    gone = sa.delete(OidcAttemptRow).where(OidcAttemptRow.expires_at <= clock.now())
    return len(db.scalars(gone.returning(OidcAttemptRow.state_hash)).all())


def _derived(browser: str, purpose: str) -> str:
    digest = hmac.digest(browser.encode("utf-8", "surrogatepass"), purpose.encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
