"""Requests to an S3-compatible store, signed as AWS Signature Version 4 says."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from app.core.addresses import parse_url

NO_BODY = sha256(b"").hexdigest()


@dataclass(frozen=True)
class S3Keys:
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def signed(
    url: str, query: dict[str, str], region: str, keys: S3Keys | None, now: datetime
) -> tuple[str, dict[str, str]]:
    """The whole URL of a GET and its headers; without keys, as anybody may ask."""
    text = "&".join(f"{_quoted(name)}={_quoted(query[name])}" for name in sorted(query))
    whole = f"{url}?{text}" if text else url
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"x-amz-content-sha256": NO_BODY, "x-amz-date": moment}
    if keys is None:
        return whole, {}
    if keys.session_token:
        headers["x-amz-security-token"] = keys.session_token
    target = parse_url(url)
    all_headers = dict(sorted({**headers, "host": target.authority}.items()))
    names = ";".join(all_headers)
    lines = [f"{name}:{value.strip()}" for name, value in all_headers.items()]
    request = "\n".join(["GET", target.path, text, *lines, "", names, NO_BODY])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, sha256(request.encode()).hexdigest()])
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    credential = f"{keys.access_key}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return whole, headers


def object_url(endpoint: str, bucket: str, key: str = "") -> str:
    """By path, which every store understands, whatever characters the key has."""
    return f"{endpoint.rstrip('/')}/{bucket}" + (f"/{quote(key, safe='/-_.~')}" if key else "")


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
