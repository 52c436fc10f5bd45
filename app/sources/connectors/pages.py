"""A JSON interface that hands out its rows page by page: all of them become one file, an object a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from app.core.addresses import parse_url
from app.core.errors import Conflict
from app.core.outgoing import Streamed
from app.sources.connectors.web import check_status, opened

MOST_PAGES = 10_000
MOST_BYTES_A_PAGE = 64 << 20
NEXT = re.compile(r'<([^<>]*)>[^,<]*;\s*rel="?next"?(?:[\s;,]|$)', re.IGNORECASE)


class NotPages(Conflict):
    """The answer is not what these settings say."""


@dataclass(frozen=True)
class Paging:
    headers: dict[str, str] = field(repr=False)
    ca_pem: str
    by_link: bool
    rows_field: str
    cursor_field: str
    cursor_parameter: str


def rows_of_pages(url: str, paging: Paging, most: int = MOST_PAGES) -> Iterator[bytes]:
    """Values keep the very text that they have in the answer. Raises NotPages."""
    seen: set[str] = set()
    here: str | None = url
    while here and len(seen) < most:
        if here in seen:
            raise NotPages(f"{parse_url(url).host} leads from page to page in a circle.")
        if parse_url(here).origin != parse_url(url).origin:
            raise NotPages("The next page is at another host; what is sent along is not shown there.")
        seen.add(here)
        with opened(here, paging.headers, ca_pem=paging.ca_pem, quick=most == 1) as answer:
            check_status(answer, parse_url(url).host)
            body = _whole(answer)
        rows, cursor = _read(body, paging)
        yield b"".join(msgspec.json.format(bytes(row), indent=-1) + b"\n" for row in rows)
        here = _linked(here, answer) if paging.by_link else _with_cursor(here, paging, cursor)
    if here and most == MOST_PAGES:
        raise NotPages(f"There are more than {MOST_PAGES:,} pages. Ask for larger ones, or for less.")


def _whole(answer: Streamed) -> bytes:
    body = bytearray()
    for part in answer.parts:
        body += part
        if len(body) > MOST_BYTES_A_PAGE:
            raise NotPages(f"A page is larger than {MOST_BYTES_A_PAGE >> 20} MB. Ask for smaller ones.")
    return bytes(body)


def _read(body: bytes, paging: Paging) -> tuple[list[msgspec.Raw], str | None]:
    """The rows of a page, and the cursor of the next one."""
    try:
        if not paging.rows_field:
            return msgspec.json.decode(body, type=list[msgspec.Raw]), None
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if paging.rows_field not in fields:
            raise NotPages(f"The answer has no field {paging.rows_field}; it has {', '.join(sorted(fields)[:10])}.")
        rows = msgspec.json.decode(fields[paging.rows_field], type=list[msgspec.Raw])
        cursor = msgspec.json.decode(fields.get(paging.cursor_field, msgspec.Raw(b"null")), type=str | int | None)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        where = f"the field {paging.rows_field}" if paging.rows_field else "the answer"
        raise NotPages(f"Expected a JSON list of rows in {where}: {error}.") from error
    return rows, None if cursor in (None, "") else str(cursor)


def _linked(here: str, answer: Streamed) -> str | None:
    found = NEXT.search(answer.headers.get("link", ""))
    return urljoin(here, found[1]) if found else None


def _with_cursor(here: str, paging: Paging, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    parts = urlsplit(here)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != paging.cursor_parameter]
    return urlunsplit(parts._replace(query=urlencode([*others, (paging.cursor_parameter, cursor)])))
