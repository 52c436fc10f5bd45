"""Objects in a bucket of Amazon S3 or of anything that speaks the same."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, ClassVar
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.addresses import parse_url
from app.core.errors import Conflict
from app.sources.connectors.https import Pem
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.connectors.s3_signing import S3Keys, object_url, signed
from app.sources.connectors.web import check_status, opened
from app.sources.schemas import Probe

SHOWN = 5
MOST_LOOKED_AT = 200_000
MOST_LISTING = 16 << 20
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
WORDS = re.compile(r"<(Code|Message)>([^<]{1,300})</")


class BadListing(Conflict):
    """This is not how an S3-compatible store answers."""


def _endpoint(url: str) -> str:
    if url and parse_url(url).path != "/":
        raise ValueError("is the address of the store alone, such as https://s3.example.com")
    return url.rstrip("/")


def _bucket(name: str) -> str:
    if not BUCKET.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name of a bucket: 3 to 63 small letters, digits, dots and dashes")
    return name


Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[\x21-\x7e]*$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class S3Settings(SourceSettings):
    endpoint: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_endpoint)] = Field(
        "", title="Store", max_length=500, description="Address of the store; empty: Amazon, in this region"
    )
    region: Region = Field("us-east-1", title="Region")
    bucket: Annotated[str, AfterValidator(_bucket)] = Field(title="Bucket")
    prefix: str = Field(
        "",
        title="Names begin with",
        max_length=900,
        description="How the names of all objects begin, such as sales/2026/",
    )
    pattern: str = Field(
        "*",
        title="Names end like",
        min_length=1,
        max_length=200,
        description="Of the last part of the name, such as *.csv",
    )
    access_key: Word = Field("", title="Access key", description="Empty: the bucket is open to anybody")
    secret_key: SecretStr = Field(SecretStr(""), title="Secret key", max_length=1000)
    session_token: SecretStr = Field(
        SecretStr(""), title="Session token", max_length=5000, description="Only with keys for a while"
    )
    ca_pem: Pem = Field("", title="Certificate of the authority", description="PEM; empty: the system's authorities")

    @model_validator(mode="after")
    def _both_keys(self) -> "S3Settings":
        if bool(self.access_key) != bool(self.secret_key.get_secret_value()):
            raise ValueError("access_key and secret_key are given together, or neither")
        return self

    def destination(self) -> tuple[object, ...]:
        return (self.address, self.bucket, self.access_key, self.ca_pem)

    @property
    def address(self) -> str:
        return self.endpoint or f"https://s3.{self.region}.amazonaws.com"

    @property
    def keys(self) -> S3Keys | None:
        if not self.access_key:
            return None
        return S3Keys(self.access_key, self.secret_key.get_secret_value(), self.session_token.get_secret_value())


@dataclass(frozen=True)
class S3Object:
    key: str
    size: int
    etag: str
    changed_at: datetime

    @property
    def fingerprint(self) -> str:
        return f"{self.size}-{self.etag or self.changed_at.isoformat()}"


class S3Connector:
    kind: ClassVar[str] = "s3"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = S3Settings

    def check(self, db: Session, actor: Actor, dataset: str, settings: S3Settings) -> None:
        """Whether the host may be called is seen when it is: its addresses may change."""

    def test(self, settings: S3Settings, actor: Actor) -> Probe:
        """The first page of the list is enough to know."""
        first = next(_pages(settings, quick=True))
        found = sorted(_fitting(first, settings), key=lambda one: one.changed_at, reverse=True)
        if not found:
            return Probe(ok=True, message=f"The bucket can be listed. No object fits {settings.pattern} yet.")
        more = "More than " if len(first) >= 1000 else ""
        fit = "1 object fits" if len(found) == 1 else f"{len(found):,} objects fit"
        message = f"{more}{fit} {settings.pattern}; the newest is {found[0].key}."
        return Probe(ok=True, message=message, found=[one.key for one in found[:SHOWN]])

    def pull(self, settings: S3Settings, watermark: Watermark, inbox: Inbox) -> Watermark:
        """Oldest first. What was seen with these bytes is not fetched again."""
        inbox.step(f"Listing {settings.bucket}")
        found = [one for page in _pages(settings) for one in _fitting(page, settings)]
        new = [one for one in found if inbox.wants(one.key, one.fingerprint)]
        new.sort(key=lambda one: (one.changed_at, one.key))
        for at, one in enumerate(new):
            if inbox.is_full:
                break
            inbox.step(f"Fetching {one.key}", at / len(new))
            name = PurePosixPath(one.key).name
            inbox.add(name, _content(settings, one), item_key=one.key, fingerprint=one.fingerprint)
        return watermark


def _content(settings: S3Settings, one: S3Object) -> Iterator[bytes]:
    url, headers = signed(
        object_url(settings.address, settings.bucket, one.key), {}, settings.region, settings.keys, clock.now()
    )
    wanted = {**headers, "if-match": f'"{one.etag}"'} if one.etag else headers
    with opened(url, wanted, ca_pem=settings.ca_pem) as answer:
        if answer.status == 412:
            raise BadListing(f"{one.key} was replaced while it was fetched. The next pull takes it.")
        check_status(answer, parse_url(url).host)
        yield from answer.parts


def _fitting(page: list[S3Object], settings: S3Settings) -> list[S3Object]:
    return [
        one
        for one in page
        if not one.key.endswith("/") and fnmatch.fnmatchcase(PurePosixPath(one.key).name, settings.pattern)
    ]


def _pages(settings: S3Settings, *, quick: bool = False) -> Iterator[list[S3Object]]:
    """Raises BadListing, and what `opened` does."""
    token, seen = "", 0
    while True:
        query = {"list-type": "2", "prefix": settings.prefix, "encoding-type": "url"}
        if token:
            query["continuation-token"] = token
        page, token = _listed(settings, query, quick=quick)
        yield page
        seen += len(page)
        if not token:
            return
        if seen >= MOST_LOOKED_AT:
            raise BadListing(f"More than {MOST_LOOKED_AT:,} objects begin with this prefix. Choose a longer one.")


def _listed(settings: S3Settings, query: dict[str, str], *, quick: bool) -> tuple[list[S3Object], str]:
    """One page, and the token of the next one."""
    url, headers = signed(
        object_url(settings.address, settings.bucket), query, settings.region, settings.keys, clock.now()
    )
    with opened(url, headers, ca_pem=settings.ca_pem, quick=quick) as answer:
        body = bytearray()
        for part in answer.parts:
            body += part
            if len(body) > MOST_LISTING:
                raise BadListing
        if answer.status in (400, 403, 404):
            raise BadListing(f"{parse_url(url).host} answered {answer.status}. {_in_words(bytes(body))}".strip())
        check_status(answer, parse_url(url).host)
    return parsed(bytes(body))


def parsed(body: bytes) -> tuple[list[S3Object], str]:
    try:
        if b"<!DOCTYPE" in body:  # where entities would come from
            raise BadListing
        root = ElementTree.fromstring(body)  # noqa: S314  without a DOCTYPE there is nothing to expand
        decode = unquote_plus if root.findtext("{*}EncodingType") == "url" else str
        found = [
            S3Object(
                decode(entry.findtext("{*}Key", "")),
                int(entry.findtext("{*}Size", "")),
                entry.findtext("{*}ETag", "").strip('"'),
                datetime.fromisoformat(entry.findtext("{*}LastModified", "")),
            )
            for entry in root.iterfind("{*}Contents")
        ]
    except (ElementTree.ParseError, ValueError) as error:
        raise BadListing from error
    more = root.findtext("{*}IsTruncated") == "true"
    return found, root.findtext("{*}NextContinuationToken", "") if more else ""


def _in_words(body: bytes) -> str:
    """What the store says: `NoSuchBucket. The specified bucket does not exist`."""
    return ". ".join(text for _, text in WORDS.findall(body.decode("utf-8", "replace")))
