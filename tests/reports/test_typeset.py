"""The engine that lays out paper reaches nothing outside the document."""

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pypdf
import pytest

from app.core import children
from app.core.errors import AppError
from app.core.settings import settings
from app.reports.draw import UnfitChart, refuse_outside_data
from app.reports.typeset import typeset

MADE = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def hits() -> Iterator[tuple[str, list[str]]]:
    """A listener on this machine that counts who calls."""
    seen: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_nothing_is_fetched_and_no_file_is_read(hits: tuple[str, list[str]], tmp_path: Path) -> None:
    url, seen = hits
    secret = tmp_path / "secret.css"
    secret.write_text("p::after { content: 'LEAKED' }")
    vectors = [
        *(f"<img src='{target}/a.png'>" for target in (url, f"file://{tmp_path}")),
        *(f"<link rel=stylesheet href='{target}'>" for target in (f"{url}/b.css", secret.as_uri(), str(secret))),
        f"<style>@import '{url}/c.css'; @import '{secret.as_uri()}'; body {{ background: url({url}/d.png) }}</style>",
        f"<style>@font-face {{ font-family: x; src: url({url}/e.ttf) }} p {{ font-family: x }}</style>",
        f"<svg><image href='{url}/f.png'/><use href='{url}/g.svg#a'/></svg>",
        f"<object data='{url}/h'></object><embed src='{url}/i'><iframe src='{url}/j'></iframe>",
        f'<img src=\'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/k"/></svg>\'>',
    ]
    pdf = typeset(f"<p>here</p>{''.join(vectors)}", title="x", made_at=MADE)
    text = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "here" in text
    assert "LEAKED" not in text
    assert seen == []


def test_letters_can_be_found_one_by_one() -> None:
    pdf = typeset("<body style='font-feature-settings: \"liga\" 0'>official affairs</body>", title="x", made_at=MADE)
    assert "official affairs" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_host_without_fonts_shows_text_all_the_same() -> None:
    pdf = children.call("tests.reports.test_typeset:report_without_fonts_of_the_host", wall_seconds=300)
    page = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]
    assert "Zażółć Ελλάδα Привет 1,234 €" in page.extract_text()
    assert page["/Resources"]["/Font"]


def report_without_fonts_of_the_host() -> bytes:
    from app.reports import fonts

    fonts.SYSTEM_FOLDERS = ()
    return typeset("<b>Zażółć Ελλάδα</b> Привет 1,234 €", title="x", made_at=MADE)


def test_a_report_may_not_have_thousands_of_pages() -> None:
    with pytest.raises(AppError, match="500 pages"):
        children.call("tests.reports.test_typeset:endless_report", wall_seconds=300)


def endless_report() -> bytes:
    return typeset("<p style='break-after: page'>x</p>" * 600, title="x", made_at=MADE)


def test_a_page_that_crashes_the_engine_harms_only_its_child() -> None:
    with pytest.raises(AppError):
        children.call("tests.reports.test_typeset:deep_report", wall_seconds=3)


def deep_report() -> bytes:
    return typeset("<div>" * 200_000, title="x", made_at=MADE)


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "http://127.0.0.1/x"}},
        {"layer": [{"mark": "image"}]},
        {"mark": {"type": "image"}},
        {"encoding": {"href": {"field": "x"}}},
        {"data": {"sequence": {"start": 0, "stop": 30_000_000}}},
    ],
)
def test_charts_that_load_or_explode_are_refused(spec: dict[str, object]) -> None:
    with pytest.raises(UnfitChart):
        refuse_outside_data(spec)


def test_children_share_one_folder_of_fonts_where_the_data_lies() -> None:
    """A folder for each would stay behind after every report."""
    places = {children.call("app.reports.fonts:fontconfig_file") for _ in range(2)}
    assert [place.parent for place in places] == [settings().data_dir.resolve() / "cache" / "fonts"]
