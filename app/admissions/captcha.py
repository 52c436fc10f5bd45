"""A question that people answer and programs do not, asked by a provider that the operator chose; off by default."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog

from app.core import outgoing
from app.core.addresses import parse_url
from app.core.errors import Invalid, Unavailable
from app.core.settings import settings

SECONDS = 8.0
MAX_BYTES = 64 * 1024
LONGEST = 16 * 1024
OURS_TO_MEND = {"missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch"}

log = structlog.get_logger()


@dataclass(frozen=True)
class Captcha:
    """All speak the same protocol: a widget puts its answer into a field, and `verify` says what it is worth."""

    css_class: str
    script: str
    field: str
    verify: str
    hosts: str  # what the widget loads from, as a security policy says it


PROVIDERS = {
    "turnstile": Captcha(
        css_class="cf-turnstile",
        script="https://challenges.cloudflare.com/turnstile/v0/api.js",
        field="cf-turnstile-response",
        verify="https://challenges.cloudflare.com/turnstile/v0/siteverify",
        hosts="https://challenges.cloudflare.com",
    ),
    "hcaptcha": Captcha(
        css_class="h-captcha",
        script="https://js.hcaptcha.com/1/api.js",
        field="h-captcha-response",
        verify="https://api.hcaptcha.com/siteverify",
        hosts="https://hcaptcha.com https://*.hcaptcha.com",
    ),
}


class CaptchaWrong(Invalid):
    """Answer the question above the button, so that we know that you are no program. It is a new one each time."""


class CaptchaUnavailable(Unavailable):
    """Whether you are a person cannot be checked right now. Try again later, or ask an administrator for an account."""


def captcha() -> Captcha | None:
    return PROVIDERS.get(settings().captcha_provider)


def check_captcha(given: str) -> None:
    """Asks another host, so not inside a transaction. An answer is good once. Raises CaptchaWrong, CaptchaUnavailable.

    The provider learns nothing about the person from us, not even the address.
    """
    provider = captcha()
    if provider is None:
        return
    if not 0 < len(given) <= LONGEST:
        raise CaptchaWrong
    found = _asked(provider, given)
    if found.get("success") is True:
        return
    codes = found.get("error-codes")
    if not isinstance(codes, list) or OURS_TO_MEND & {str(code) for code in codes}:
        log.error("captcha_misconfigured", provider=settings().captcha_provider, said=str(found)[:200])
        raise CaptchaUnavailable
    raise CaptchaWrong


def _asked(provider: Captcha, given: str) -> dict[str, Any]:
    secret = settings().captcha_secret.get_secret_value()
    try:
        answer = outgoing.fetch(
            "POST",
            provider.verify,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode({"secret": secret, "response": given}).encode(),
            timeout=SECONDS,
            max_bytes=MAX_BYTES,
            allow=[parse_url(provider.verify).host],
        )
        found = json.loads(answer.body)
    except (outgoing.OutgoingFailed, outgoing.OutgoingRefused, outgoing.AnswerTooLarge) as error:
        log.warning("captcha_unavailable", error=str(error))
        raise CaptchaUnavailable from error
    except (ValueError, RecursionError) as error:
        log.warning("captcha_unavailable", error="no JSON", status=answer.status)
        raise CaptchaUnavailable from error
    return found if isinstance(found, dict) else {}
