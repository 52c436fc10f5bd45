"""Markdown of people: whatever they write, what comes out is text, structure and links to the web."""

from html.parser import HTMLParser

import pytest

from app.ui.markdown import TAGS, markdown_html
from tests.naughty import EVERY_ONE_OF_THE_LIST, PAYLOADS

SCHEMES = ("http:", "https:", "mailto:")


class Looked(HTMLParser):
    """Collects what of a page is neither allowed structure nor a link that only leads somewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(tag)
        for name, value in attrs:
            leads_out = name == "href" and (value or "").lower().startswith(SCHEMES)
            if not leads_out and (name, value) not in (
                ("rel", "noopener noreferrer nofollow"),
                ("target", "_blank"),
            ):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.said += data


def test_nothing_that_people_write_becomes_more_than_text_and_links() -> None:
    everything = [*PAYLOADS, *EVERY_ONE_OF_THE_LIST, "\n\n".join(PAYLOADS)]
    found = {text: Looked(markdown_html(text)).wrong for text in everything}
    assert len(found) > 200
    assert {text: wrong for text, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and ~~gone~~", "<p><strong>bold</strong> and <s>gone</s></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        (":red[x] $y$ :material/delete:", "<p>:red[x] $y$ :material/delete:</p>\n"),
    ],
    ids=["marks", "lines", "html", "script", "streamlit"],
)
def test_markdown_is_read_and_nothing_else(text: str, html: str) -> None:
    assert markdown_html(text) == html


def test_a_picture_is_a_link_so_that_no_other_host_learns_who_reads_it() -> None:
    html = markdown_html("![a plan](https://elsewhere.example/pixel.gif)")
    assert "<img" not in html
    assert 'href="https://elsewhere.example/pixel.gif"' in html
    assert ">a plan</a>" in html


def test_what_nests_too_deep_is_shown_as_it_was_typed() -> None:
    deep = "*a **b " * 400 + "c** d*" * 400
    assert markdown_html(deep).startswith("<pre>")
    assert Looked(markdown_html(deep)).said == deep
