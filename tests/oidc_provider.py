"""An OpenID provider for tests: a real server with real keys, which can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.core import clock
from tests.web_server import Answer, Asked, WebServer

CLIENT_ID, CLIENT_SECRET = "autoreport", "se:cret with spaces"
APPROVE = '<!doctype html><title>Provider</title><form method="post"><button>Yes, it is me</button></form>'


class Provider:
    """`person` is who sits before it; `claims` changes what the ID token says, `sign` how it is signed."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.server = WebServer()
        self.issuer = self.server.url("", host)
        self.person: dict[str, Any] = {
            "sub": "ann-1", "email": "ann@example.com", "email_verified": True, "name": "Ann Other",
        }  # fmt: skip
        self.claims: dict[str, Any] = {}
        self.described: dict[str, Any] = {}
        self.returned: dict[str, str] = {}
        self.user_info: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.keys: list[Any] = []
        self.rotate("first")
        self._codes: dict[str, dict[str, str]] = {}
        self.server.answers = {
            "/.well-known/openid-configuration": self._describe,
            "/jwks": lambda _: _json({"keys": [key.as_dict(private=False) for key in self.keys]}),
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": lambda asked: _json(self.user_info, 200 if "Bearer at" in str(asked.headers) else 401),
        }

    def settings(self) -> dict[str, str]:
        return {"OIDC_ISSUER": self.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}

    def rotate(self, kid: str, kind: str = "RSA") -> None:
        """From now on only this key is shown and used."""
        parameters = {"kid": kid, "use": "sig"}
        made = ECKey.generate_key("P-256", parameters) if kind == "EC" else RSAKey.import_key(_rsa_pem(), parameters)
        self.keys = [made]

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.server.asked if asked.path.partition("?")[0] == path]

    def visit(self, url: str) -> str:
        """What a browser would do at the provider: says yes, and is told where to go on."""
        asked = Asked("POST", url.removeprefix(self.issuer), {}, b"")
        return self._authorize(asked).headers["Location"]

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])

    def unsigned(self, claims: dict[str, Any]) -> str:
        return f"{_part({'alg': 'none', 'kid': self.keys[0].kid})}.{_part(claims)}."

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """The classic: the public key, which everybody knows, taken as a shared secret."""
        signed = f"{_part({'alg': 'HS256', 'kid': self.keys[0].kid})}.{_part(claims)}"
        return f"{signed}.{_text(hmac.digest(self.keys[0].as_pem(private=False), signed.encode(), 'sha256'))}"

    def signed_by_somebody_else(self, claims: dict[str, Any]) -> str:
        foreign = RSAKey.generate_key(2048, {"kid": self.keys[0].kid})
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, foreign, algorithms=["RS256"])

    def close(self) -> None:
        self.server.close()

    def _describe(self, _asked: Asked) -> Answer:
        places = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in PLACES.items()}
        known = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **places}
        return _json(known | {"authorization_response_iss_parameter_supported": True} | self.described)

    def _authorize(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, APPROVE.encode(), {"Content-Type": "text/html"})
        query = dict(parse_qsl(urlsplit(asked.path).query))
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        given = {"code": code, "state": query["state"], "iss": self.issuer} | self.returned
        kept = {name: value for name, value in given.items() if value}
        return Answer(302, headers={"Location": f"{query['redirect_uri']}?{urlencode(kept)}"})

    def _token(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        query = self._codes.pop(form["code"], None)  # a code works once
        challenge = _text(hashlib.sha256(form["code_verifier"].encode()).digest())
        if query is None or query["code_challenge"] != challenge or query["redirect_uri"] != form["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        if not _knows_the_secret(asked, form):
            return _json({"error": "invalid_client"}, 401)
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": query["nonce"]}
        claims = {name: value for name, value in (claims | self.person | self.claims).items() if value is not None}
        return _json({"access_token": "at", "token_type": "Bearer", "id_token": self.sign(claims)})


PLACES = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}


@lru_cache(maxsize=1)
def _rsa_pem() -> bytes:
    """Made once: it takes longer than all the rest of a test."""
    return bytes(RSAKey.generate_key(2048).as_pem(private=True))


def _part(content: dict[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _knows_the_secret(asked: Asked, form: dict[str, str]) -> bool:
    sent = asked.headers.get("authorization", "")
    if not sent:
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
    both = base64.b64decode(sent.removeprefix("Basic ")).decode()
    return [unquote(part) for part in both.split(":")] == [CLIENT_ID, CLIENT_SECRET]


def _json(content: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
