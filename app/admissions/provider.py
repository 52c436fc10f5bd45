"""The operator's OpenID provider: what it says of itself, its keys, and the exchange of a code for who somebody is."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import structlog
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from app.admissions.schemas import Claimed
from app.core import clock, outgoing
from app.core.addresses import UrlRefused, check_secure, parse_url
from app.core.errors import Forbidden, Unavailable
from app.core.settings import settings

ALGORITHMS = ["RS256", "ES256"]  # never `none`, and never one whose key the browser could know too
LEEWAY = 60
# The standard's own claim, and what Microsoft Entra ID says instead: that the owner of the domain has proved it.
VERIFIED = ("email_verified", "xms_edov")
KEPT = timedelta(hours=1)
SECONDS = 8.0
MAX_BYTES = 256 * 1024
KEY_TYPES: dict[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}

log = structlog.get_logger()


class ProviderUnavailable(Unavailable):
    """The provider does not answer right now. Sign in with your password, or try again later."""


class ProofRefused(Forbidden):
    """The answer of the provider cannot be trusted. Start again; if that fails, tell an administrator."""


def _secure(url: str) -> str:
    check_secure(url)
    return url


class Metadata(BaseModel):
    """What we need of it; the rest of a provider's description may be what it likes."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: Annotated[str, AfterValidator(_secure)]
    token_endpoint: Annotated[str, AfterValidator(_secure)]
    jwks_uri: Annotated[str, AfterValidator(_secure)]
    userinfo_endpoint: Annotated[str, AfterValidator(_secure)] | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True)
class _Kept:
    at: datetime
    value: Any


_kept: dict[tuple[str, str], _Kept] = {}  # by issuer and what it is; the same in every process, so each keeps its own


def oidc_configured() -> bool:
    return bool(settings().oidc_issuer)


def provider_description() -> Metadata:
    """Asked once an hour. Raises ProviderUnavailable."""
    return _remembered("metadata", _discover)  # type: ignore[no-any-return]


def claimed(code: str, *, verifier: str, nonce: str, redirect_uri: str) -> Claimed:
    """Who somebody is, by the word of the provider. Raises ProofRefused, ProviderUnavailable."""
    provider = provider_description()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    tokens = _exchange(provider, form)
    access_token = str(tokens.get("access_token") or "")
    claims = _checked(provider, str(tokens.get("id_token") or ""), nonce=nonce, access_token=access_token)
    if "email" not in claims and provider.userinfo_endpoint and access_token:
        claims |= _user_info(provider.userinfo_endpoint, access_token, subject=claims["sub"])
    return Claimed(
        issuer=provider.issuer,
        subject=claims["sub"],
        email=str(claims.get("email") or ""),
        email_verified=any(_is_yes(claims.get(name)) for name in VERIFIED),
        name=str(claims.get("name") or claims.get("preferred_username") or ""),
    )


def _discover() -> Metadata:
    issuer = settings().oidc_issuer
    found = _json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    try:
        provider = Metadata.model_validate(found)
    except ValidationError as error:
        raise _useless("its description is incomplete", error=str(error.errors()[0]["loc"])) from error
    if provider.issuer.rstrip("/") != issuer.rstrip("/"):
        raise _useless("it calls itself something else than OIDC_ISSUER", issuer=provider.issuer)
    return provider


def _exchange(provider: Metadata, form: dict[str, str]) -> dict[str, Any]:
    """A code works once: the provider refuses it the second time."""
    client_id, secret = settings().oidc_client_id, settings().oidc_client_secret.get_secret_value()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    methods = provider.token_endpoint_auth_methods_supported
    if "client_secret_basic" in methods or "client_secret_post" not in methods:
        both = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    else:
        form = {**form, "client_id": client_id, "client_secret": secret}
    return _json("POST", provider.token_endpoint, headers=headers, body=urlencode(form).encode())


def _checked(provider: Metadata, token: str, *, nonce: str, access_token: str) -> dict[str, Any]:
    """Signed by a key of the provider, for us, for this very sign-in, and still in time."""
    options: Any = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": settings().oidc_client_id},
        "sub": {"essential": True},
        "nonce": {"essential": True},
    }
    params = {"nonce": nonce, "client_id": settings().oidc_client_id, "access_token": access_token}
    try:
        signed = _decoded(provider, token)
        claims = CodeIDToken(signed.claims, signed.header, options, params)
        claims.validate(int(clock.now().timestamp()), LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _untrusted("the ID token was refused", error) from error
    subject = claims["sub"]
    if len(subject) > 255 or not subject.isprintable():
        raise _untrusted("the subject of the ID token is no name")
    return dict(claims)


def _decoded(provider: Metadata, token: str) -> jwt.Token:
    """An unknown key is asked for once: the provider may have taken a new one since."""
    try:
        return jwt.decode(token, _keys(provider), algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        _kept.pop((settings().oidc_issuer, "keys"), None)
        return jwt.decode(token, _keys(provider), algorithms=ALGORITHMS)


def _keys(provider: Metadata) -> KeySet:
    return _remembered("keys", lambda: _fetched_keys(provider.jwks_uri))  # type: ignore[no-any-return]


def _fetched_keys(url: str) -> KeySet:
    """Public keys for signatures only; others in the list are none of our business."""
    keys: list[Any] = []
    listed = _json("GET", url).get("keys")
    for each in listed if isinstance(listed, list) else []:
        kind = KEY_TYPES.get(str(each.get("kty"))) if isinstance(each, dict) else None
        if kind and each.get("use", "sig") == "sig":
            try:
                keys.append(kind.import_key(each))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                log.warning("oidc_key_ignored", kid=str(each.get("kid"))[:80], error=type(error).__name__)
    if not keys:
        raise _useless("it shows no key that signs with RS256 or ES256")
    return KeySet(keys)


def _user_info(url: str, access_token: str, *, subject: str) -> dict[str, Any]:
    """For providers that leave the address out of the ID token. It must speak of the same person."""
    found = _json("GET", url, headers={"Authorization": f"Bearer {access_token}"})
    if found.get("sub") != subject:
        raise _untrusted("the user info is about somebody else")
    return {name: found[name] for name in ("email", "email_verified", "name", "preferred_username") if name in found}


def _is_yes(value: object) -> bool:
    """Some providers write their truth as text."""
    return value is True or value in ("true", "1")


def _json(method: str, url: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> dict[str, Any]:
    try:
        headers = {"Accept": "application/json", **(headers or {})}
        host = parse_url(settings().oidc_issuer).host  # may be private: the operator has named it
        answer = outgoing.fetch(
            method, url, headers=headers, body=body, timeout=SECONDS, max_bytes=MAX_BYTES, allow=[host]
        )
        found = json.loads(answer.body)
    except (outgoing.OutgoingFailed, outgoing.OutgoingRefused, outgoing.AnswerTooLarge, UrlRefused) as error:
        raise _useless("it cannot be asked", url=url, error=str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _useless("it does not answer in JSON", url=url) from error
    if answer.status in range(400, 500) and method == "POST":
        raise _untrusted(f"the code was refused: {str(found)[:200]}")
    if answer.status != 200 or not isinstance(found, dict):
        raise _useless("it answers with an error", url=url, status=answer.status)
    return found


def _remembered(what: str, ask: Any) -> Any:
    place = (settings().oidc_issuer, what)
    kept = _kept.get(place)
    if kept is None or not timedelta(0) <= clock.now() - kept.at < KEPT:
        kept = _kept[place] = _Kept(clock.now(), ask())
    return kept.value


def _useless(reason: str, **facts: object) -> ProviderUnavailable:
    log.warning("oidc_provider_unavailable", reason=reason, **facts)
    name = settings().oidc_name
    return ProviderUnavailable(f"{name} cannot be used right now. Sign in with your password, or try again later.")


def _untrusted(reason: str, error: Exception | None = None) -> ProofRefused:
    log.warning("oidc_proof_refused", reason=reason, error=f"{type(error).__name__}: {error}" if error else "")
    name = settings().oidc_name
    return ProofRefused(f"The answer of {name} cannot be trusted. Start again; if that fails, tell an administrator.")
