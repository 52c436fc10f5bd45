"""The message itself: what is in it, what cannot get into it, and how large it may become."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.deliveries.compose import Draft, compose, file_name
from app.deliveries.read_message import read_message
from app.deliveries.write_html import LARGEST_BYTES
from app.queries.schemas import QueryResult, ResultColumn
from app.reports.schemas import FailedBlock, HeadingDone, KpiDone, ReportContent, TableDone, TextDone
from app.templates.schemas import Theme

AT = datetime(2026, 3, 27, 12, tzinfo=UTC)


def answer(rows: list[list[Any]]) -> QueryResult:
    columns = [ResultColumn(name="City", type="text"), ResultColumn(name="Sales", type="decimal")]
    source = {"sql": "select 1", "values": [], "dataset": "sales", "dataset_id": UUID(int=1), "version": "1"}
    return QueryResult(columns=columns, rows=rows, row_count=len(rows), truncated=False, batches=[1], **source)


def report(*blocks: Any, title: str = "Sales of March", organisation: str = "Łódź & Sons") -> ReportContent:
    return ReportContent(
        title=title,
        template="Monthly",
        template_version=1,
        generated_at=AT,
        parameters=[],
        theme=Theme(organisation=organisation),
        blocks=list(blocks),
    )


KPI = KpiDone(id="k", title="Sales <net>", text="1,234.50 €", change="+12 %", verdict="better", answer=answer([]))
TABLE = TableDone(id="t", title="By city", formats={}, answer=answer([["Łódź", "12.50"], ["A&B <x>", "3"]]))
DRAFT = Draft(
    sender="reports@example.com",
    sender_name="Łódź Reports",
    recipient="anna@example.com",
    subject="Verkäufe im März",
    message_id="<1@example.com>",
    list_id="<1.schedules.example.com>",
    date=AT,
    message="Hello <b>Anna</b>",
    link="https://reports.example.com/reports?report=1&x=2",
    report=report(HeadingDone(id="h", text="Figures", level=1), KPI, TABLE),
    pdf=b"%PDF-1.7 ...",
)


def parsed(draft: Draft) -> EmailMessage:
    mail = message_from_bytes(compose(draft), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert compose(DRAFT) == compose(DRAFT)
    assert compose(DRAFT) != compose(replace(DRAFT, message_id="<2@example.com>"))


def test_the_bytes_are_ascii_with_crlf_and_short_lines() -> None:
    lines = compose(DRAFT).split(b"\r\n")
    assert all(line.isascii() and b"\n" not in line and b"\r" not in line for line in lines)
    assert max(map(len, lines)) <= 998


def test_both_parts_say_the_same_and_values_are_escaped() -> None:
    seen = read_message(compose(DRAFT))
    assert (seen.subject, seen.sender) == ("Verkäufe im März", "Łódź Reports <reports@example.com>")
    assert "Sales <net>: 1,234.50 € (+12 %)" in seen.text
    assert "A&B <x> | 3" in seen.text
    for shown in ("Sales &lt;net&gt;", "1,234.50 €", "+12 %", "A&amp;B &lt;x&gt;", "Łódź &amp; Sons", "x=2"):
        assert shown in seen.html
    assert "<b>Anna" not in seen.html
    assert seen.attachments == [("Sales of March.pdf", len(DRAFT.pdf or b""))]


def test_nothing_is_loaded_from_outside() -> None:
    text = TextDone(id="x", markdown="![pixel](https://evil.example/p.png) <script>alert(1)</script> [a](javascript:b)")
    html = read_message(compose(replace(DRAFT, report=report(text)))).html
    assert "<img" not in html
    assert "<script" not in html
    assert 'href="javascript' not in html


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["subject", "sender_name"]))
def test_no_text_can_add_a_header(text: str, field: str) -> None:
    mail = parsed(replace(DRAFT, **{field: f"{text}\r\nBcc: evil@x.y\n\nBody"}))
    assert mail["Bcc"] is None
    assert mail["To"] == "anna@example.com"


@pytest.mark.parametrize("title", ["a\r\nBcc: evil@x.y", "x\x00y\x1b[0m", "../../etc/passwd", "п" * 300, ""])
def test_a_title_is_safe_as_subject_and_as_file_name(title: str) -> None:
    mail = parsed(replace(DRAFT, subject="", report=report(title=title)))
    assert mail["Bcc"] is None
    name = next(mail.iter_attachments()).get_filename() or ""
    assert name.endswith(".pdf")
    assert not set(name) & set('/\\\r\n\x00"')


@pytest.mark.parametrize("rows", [20, 2000])
def test_the_html_stays_below_what_mail_programs_cut(rows: int) -> None:
    wide = [["München " * 40, "1"]] * rows
    tables = [TABLE.model_copy(update={"id": f"t{number}", "answer": answer(wide)}) for number in range(12)]
    html = read_message(compose(replace(DRAFT, report=report(KPI, *tables)))).html
    assert len(html.encode()) <= LARGEST_BYTES + 500
    assert "1,234.50 €" in html
    assert "Open the report" in html


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab \n#*_`<>[]()!&;\"'-|\\{}/=\x00\x0bü1."), max_size=80))
def test_any_text_of_a_report_can_be_mailed(text: str) -> None:
    blocks = [
        TextDone(id="x", markdown=text),
        TABLE.model_copy(update={"title": text, "answer": answer([[text, "1"]])}),
    ]
    seen = read_message(compose(replace(DRAFT, message=text, report=report(*blocks, title=text))))
    assert "Open the report" in seen.html


def test_a_missing_part_is_said() -> None:
    failed = FailedBlock(id="f", wanted="chart", title="Trend", error="The dataset is gone.")
    seen = read_message(compose(replace(DRAFT, report=report(failed))))
    assert "Trend: missing. The dataset is gone." in seen.text
    assert "Trend: missing. The dataset is gone." in seen.html


def test_pictures_inside_the_message_become_part_of_the_page() -> None:
    mail = EmailMessage()
    mail.set_content("text")
    mail.add_alternative('<img src="cid:p1@x"><img src="cid:unknown@x">', subtype="html")
    mail.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<p1@x>")  # type: ignore[union-attr, index]
    html = read_message(mail.as_bytes()).html
    assert 'src="data:image/png;base64,iVBORw=="' in html
    assert 'src="cid:unknown@x"' in html


def test_a_file_name_is_never_empty() -> None:
    assert file_name(" / ") == "report.pdf"
