"""A file at an address, or the pages of a JSON interface."""

import re
from email.message import Message
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, field_validator, model_validator
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.addresses import parse_url
from app.core.outgoing import OURS, Streamed
from app.core.smtp_access import check_ca
from app.sources.connectors.pages import Paging, rows_of_pages
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.connectors.web import REDIRECTS, check_status, opened
from app.sources.schemas import Probe

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def _url(url: str) -> str:
    if parse_url(url).scheme != "https":
        raise ValueError("must start with https://")
    return url


def _pem(pem: str) -> str:
    if pem.strip():
        check_ca(pem)
    return pem.strip()


Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_url)]
Pem = Annotated[str, Field(max_length=100_000), AfterValidator(_pem)]
JsonField = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class HttpsSettings(SourceSettings):
    """`pages`: whether one answer is all (`none`), or where the next page stands: in the header Link, or in a field."""

    url: Url = Field(title="Address", description="Begins with https://")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, title="Secret header", max_length=20, description="Such as Authorization; kept encrypted"
    )
    pages: Literal["none", "link", "cursor"] = Field(
        "none",
        title="Pages",
        description="Of a JSON interface. link: the header Link names the next one; cursor: a field does",
    )
    rows_field: JsonField = Field(
        "", title="Field of the rows", description="Where the rows stand in a JSON answer; empty: it is a list itself"
    )
    cursor_field: JsonField = Field("next_cursor", title="Field of the cursor")
    cursor_parameter: JsonField = Field("cursor", title="Parameter of the cursor")
    ca_pem: Pem = Field("", title="Certificate of the authority", description="PEM; empty: the system's authorities")

    @field_validator("headers")
    @classmethod
    def _plain_names(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not HEADER.fullmatch(name) or name.lower() in OURS:
                raise ValueError(f"{name[:100]!r} cannot be used as the name of a header here")
            text = value.get_secret_value()
            if not text.isascii() or not text.isprintable():
                raise ValueError(f"the value of {name} holds characters that no header may hold")
        return headers

    @model_validator(mode="after")
    def _pages_have_fields(self) -> "HttpsSettings":
        if self.pages == "cursor" and not (self.rows_field and self.cursor_field and self.cursor_parameter):
            raise ValueError("pages by a cursor need the field of the rows, the field and the parameter of the cursor")
        return self

    def destination(self) -> tuple[object, ...]:
        return (parse_url(self.url).origin, self.ca_pem)

    @property
    def host(self) -> str:
        return parse_url(self.url).host

    @property
    def plain_headers(self) -> dict[str, str]:
        return {name: value.get_secret_value() for name, value in self.headers.items()}


class HttpsConnector:
    kind: ClassVar[str] = "https"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = HttpsSettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: HttpsSettings) -> None:
        """Whether the host may be called is seen when it is: its addresses may change."""

    def test(self, settings: HttpsSettings, actor: Actor) -> Probe:
        """Only the head of the answer is read, or the first page."""
        if settings.pages != "none":
            first = next(rows_of_pages(settings.url, _paging(settings), most=1), b"")
            count = first.count(b"\n")
            return Probe(ok=True, message=f"{settings.host} answered; its first page holds {count:,} rows.")
        with opened(
            settings.url, settings.plain_headers, ca_pem=settings.ca_pem, quick=True, redirects=REDIRECTS
        ) as answer:
            check_status(answer, settings.host)
            facts = [
                f"{name}: {answer.headers[name]}"
                for name in ("content-type", "content-length", "last-modified", "etag")
                if name in answer.headers
            ]
            return Probe(ok=True, message=f"{settings.host} answered with {file_name(answer)}.", found=facts)

    def pull(self, settings: HttpsSettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        inbox.step(f"Asking {settings.host}")
        if settings.pages != "none":
            name = f"{PurePosixPath(urlsplit(settings.url).path).stem or settings.host}.ndjson"
            inbox.add(name, rows_of_pages(settings.url, _paging(settings)), item_key=settings.url)
            return {}
        conditions = _conditions(watermark, settings, inbox)
        headers = {**settings.plain_headers, **conditions}
        with opened(settings.url, headers, ca_pem=settings.ca_pem, redirects=REDIRECTS) as answer:
            check_status(answer, settings.host)
            if answer.status == 304:
                return watermark
            marks = {name: answer.headers[name] for name in ("etag", "last-modified") if name in answer.headers}
            mark = next(iter(marks.values()), None)
            if mark and not inbox.wants(settings.url, mark):
                return watermark
            if not inbox.add(file_name(answer), answer.parts, item_key=settings.url, fingerprint=mark):
                return watermark
            return {"url": settings.url, **marks}


def _conditions(watermark: Watermark, settings: HttpsSettings, inbox: Inbox) -> dict[str, str]:
    """Unless it is wanted once more, as after a refusal that somebody has looked into."""
    mark = watermark.get("etag") or watermark.get("last-modified")
    if watermark.get("url") != settings.url or not mark or inbox.wants(settings.url, mark):
        return {}
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: watermark[name] for name, header in names.items() if name in watermark}


def _paging(settings: HttpsSettings) -> Paging:
    return Paging(
        headers=settings.plain_headers,
        ca_pem=settings.ca_pem,
        by_link=settings.pages == "link",
        rows_field=settings.rows_field,
        cursor_field=settings.cursor_field,
        cursor_parameter=settings.cursor_parameter,
    )


def file_name(answer: Streamed) -> str:
    """What the server calls it, else the end of its address."""
    message = Message()
    message["Content-Disposition"] = answer.headers.get("content-disposition", "")
    name = message.get_filename() or PurePosixPath(unquote(urlsplit(answer.url).path)).name
    unpacked = "gzip" in answer.headers.get("content-encoding", "")
    name = name.removesuffix(".gz") if unpacked else name
    return name or f"{urlsplit(answer.url).hostname}.txt"
