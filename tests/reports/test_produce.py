"""A whole report over real data: the figures on paper are those of the data, and hostile input stays text."""

import io
import re
from datetime import date
from typing import Any

import pypdf
import pytest

from app.reports.produce import documents, preview, produce
from app.reports.schemas import FailedBlock, KpiDone, Rendered
from tests.queries.stored import diamonds, economics
from tests.reports.material import BLOCKS, BY_CUT, board, material

ENDLESS = "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}"
NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return produce(material(BLOCKS))


def pdf_text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_figures_on_paper_equal_plain_python(rendered: Rendered) -> None:
    present = sum(n for month, _, n, _ in economics() if date(2005, 1, 1) <= month < date(2010, 1, 1))
    before = sum(n for month, _, n, _ in economics() if date(2000, 1, 1) <= month < date(2005, 1, 1))
    ideal = sum(carat for cut, _, carat, _ in diamonds() if cut == "Ideal")
    text = pdf_text(rendered.pdf)
    for figure in (f"{present:,}", f"{before:,}", f"{(present - before) / before:+.1%}"[:-1] + " %", f"{ideal:,}"):
        assert figure in text
        assert figure in rendered.html.decode()


def test_a_text_may_quote_figures_and_parameters(rendered: Rendered) -> None:
    [people] = [block for block in rendered.content.blocks if isinstance(block, KpiDone) and block.id == "people"]
    assert f"The total was {people.text} for the board." in pdf_text(rendered.pdf)


def test_the_pdf_is_selectable_titled_outlined_and_brings_its_fonts(rendered: Rendered) -> None:
    document = pypdf.PdfReader(io.BytesIO(rendered.pdf))
    assert document.metadata is not None
    assert document.metadata.title == "State of affairs"
    assert document.root_object["/Lang"] == "en"
    assert [item.title for item in document.outline] == ["Overview of 1 Jan 2005 – 31 Dec 2009"]
    assert f"Page 1 of {len(document.pages)}" in document.pages[0].extract_text()
    fonts = [font.get_object() for page in document.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        leaf = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(leaf["/FontDescriptor"].get_object())


def test_the_same_material_gives_the_same_bytes(rendered: Rendered) -> None:
    again = documents(rendered.content.model_validate_json(rendered.content.model_dump_json()))
    assert (again.html, again.pdf) == (rendered.html, rendered.pdf)


def test_every_chart_has_an_alternative_text_and_its_figures(rendered: Rendered) -> None:
    html = rendered.html.decode()
    assert 'alt="Line chart of Unemployed by Quarter, 20 points.' in html
    assert 'alt="Ideal is the largest share. Pie chart of Stones by Cut, 5 points. Largest: 21,551 at Ideal.' in html
    assert html.count("The figures of this chart") == 2


def test_a_failed_block_is_shown_in_its_place_and_the_others_go_on() -> None:
    broken = {"kind": "table", "id": "gone", "title": "Sales", "query": {"dataset": "sales"}}
    made = produce(material([BLOCKS[2], broken, BLOCKS[5]]))
    [failed] = made.content.failed
    assert isinstance(failed, FailedBlock)
    assert 'There is no dataset "sales".' in pdf_text(made.pdf)
    assert "Missing: Sales" in made.html.decode()
    assert "Stones by cut" in made.html.decode()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"kind": "text", "markdown": "{{ nobody }}"}, "`nobody` is undefined"),
        ({"kind": "text", "markdown": ENDLESS}, "too long"),
        ({"kind": "text", "markdown": "{{ '{:>900000000}'.format(audience) }}"}, "memory"),
        ({"kind": "chart", "query": BY_CUT, "chart": {"x": "Cut", "y": "Price"}}, 'y is "Price"; the query gives'),
        ({"kind": "kpi", "title": "x", "query": BY_CUT}, "exactly one measure"),
    ],
)  # fmt: skip
def test_a_block_that_cannot_be_made_says_why(block: dict[str, Any], said: str) -> None:
    made = preview(material([{"id": "bad", **block}, BLOCKS[0]]))
    assert made.failed_blocks == 1
    assert said in made.html.replace("&#x27;", "'").replace("&quot;", '"')


def test_hostile_texts_stay_texts_wherever_they_come_from() -> None:
    blocks = [
        {"kind": "heading", "id": "a", "text": "{{ audience }}"},
        {
            "kind": "text",
            "id": "b",
            "markdown": "{{ audience }} [x](javascript:alert(1)) <script>alert(2)</script>",
        },
        {**BLOCKS[5], "title": "<script>alert(3)</script>"},
        {**BLOCKS[7], "title": ""},
    ]
    changed = material(blocks, title=NASTY, boards={"team": board(NASTY)})
    values = changed.values.model_copy(update={"values": {**changed.values.values, "audience": NASTY}})
    html = produce(changed.model_copy(update={"values": values})).html.decode()
    assert not re.search(r"<(script|img(?! src=\"data:image/svg))", html)
    assert not re.search(r"<[^>]+\son\w+=", html)
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
    assert "49" not in html.partition("<h1>")[2].partition("</h1>")[0]


def test_values_bring_no_markdown_of_their_own() -> None:
    block = {"kind": "text", "id": "a", "markdown": "Hello *{{ audience }}*"}
    base = material([block])
    values = base.values.model_copy(
        update={"values": {**base.values.values, "audience": "[a](https://evil.test) **b**"}}
    )
    html = preview(base.model_copy(update={"values": values})).html
    assert "<em>[a](https://evil.test) **b**</em>" in html
