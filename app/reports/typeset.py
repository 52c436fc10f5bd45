"""HTML to PDF without a browser. Imported by child processes only: a hostile page can crash the engine."""

import io
import os
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import pikepdf
import plutoprint

from app.core.errors import Invalid, TooLarge
from app.reports.fonts import fontconfig_file

MAX_PAGES = 500
# A made-up address: links inside the document need one to be relative to, and nothing is fetched from it.
BASE_URL = "report://document/"


class TooManyPages(TooLarge):
    """The report is longer than 500 pages. Show fewer rows."""


class Unprintable(Invalid):
    """The report could not be laid out for paper."""


class OnlyEmbedded(plutoprint.ResourceFetcher):
    """The engine's own fetcher would read local files and call addresses."""

    def fetch_url(self, url: str) -> Any:
        if url.startswith("data:"):
            return plutoprint.default_resource_fetcher.fetch_url(url)
        raise ValueError(f"not embedded in the report: {url[:80]}")


def typeset(html: str, *, title: str, made_at: datetime, outline: Sequence[tuple[str, str]] = ()) -> bytes:
    """`outline` is (text, id of an element) in reading order. The same arguments give the same bytes."""
    _set_fonts()
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = OnlyEmbedded()
    out = io.BytesIO()
    try:
        book.load_html(html, base_url=BASE_URL)
        if book.get_page_count() > MAX_PAGES:
            raise TooManyPages
        book.write_to_pdf_stream(out)
    except plutoprint.Error as error:
        raise Unprintable from error
    out.seek(0)
    return _finish(out, title, made_at, outline)


def _finish(source: io.BytesIO, title: str, made_at: datetime, outline: Sequence[tuple[str, str]]) -> bytes:
    """What the engine leaves out: language, title, outline, and a creation time that does not change."""
    out = io.BytesIO()
    with pikepdf.open(source) as document:
        document.Root.Lang = pikepdf.String("en")
        document.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        _describe(document, title, made_at)
        places = _places(document)
        with document.open_outline() as tree:
            tree.root.extend(pikepdf.OutlineItem(text, places[key]) for text, key in outline if key in places)
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def _describe(document: pikepdf.Pdf, title: str, made_at: datetime) -> None:
    stamp = pikepdf.String(made_at.strftime("D:%Y%m%d%H%M%S+00'00'"))
    document.trailer.Info = document.make_indirect(
        pikepdf.Dictionary(
            Title=pikepdf.String(title), Creator=pikepdf.String("AutoReport"), CreationDate=stamp, ModDate=stamp
        )
    )


def _places(document: pikepdf.Pdf) -> dict[str, int]:
    """Page number, from 0, of each element that has an id."""
    if "/Names" not in document.Root or "/Dests" not in document.Root.Names:
        return {}
    pages = {page.objgen: number for number, page in enumerate(document.pages)}
    found = {}
    for key, value in pikepdf.NameTree(document.Root.Names.Dests).items():
        target: Any = value.D if isinstance(value, pikepdf.Dictionary) else value
        found[str(key)] = pages[target[0].objgen]
    return found


@lru_cache(maxsize=1)
def _set_fonts() -> None:
    """The engine reads this variable when it makes its first book."""
    os.environ["FONTCONFIG_FILE"] = str(fontconfig_file())
