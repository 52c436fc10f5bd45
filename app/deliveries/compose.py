"""One MIME message for one recipient. Pure: the same draft gives the same bytes."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app.deliveries.schemas import one_line
from app.deliveries.write_html import write_html
from app.deliveries.write_text import write_text
from app.reports.schemas import ReportContent

# ASCII only on the wire: no server has to offer 8BITMIME, and lines end with CRLF as they are sent.
POLICY = SMTP.clone(cte_type="7bit")
UNSAFE_IN_A_FILE_NAME = re.compile(r"[^\w .()+-]")


@dataclass(frozen=True)
class Draft:
    sender: str
    sender_name: str
    recipient: str
    subject: str
    message_id: str
    list_id: str
    date: datetime
    message: str
    link: str
    report: ReportContent
    pdf: bytes | None


def compose(draft: Draft) -> bytes:
    """multipart/mixed of the alternatives text and HTML, and the PDF if there is one."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(one_line(draft.sender_name), addr_spec=draft.sender)
    mail["To"] = Address(addr_spec=draft.recipient)
    mail["Subject"] = one_line(draft.subject) or one_line(draft.report.title)
    mail["Date"] = format_datetime(draft.date)
    mail["Message-ID"] = draft.message_id
    mail["List-Id"] = draft.list_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(write_text(draft.report, draft.message, draft.link))
    mail.add_alternative(write_html(draft.report, draft.message, draft.link), subtype="html")
    if draft.pdf is not None:
        mail.add_attachment(draft.pdf, "application", "pdf", filename=file_name(draft.report.title))
    fix_boundaries(mail, draft.message_id)
    return mail.as_bytes()


def file_name(title: str) -> str:
    return (UNSAFE_IN_A_FILE_NAME.sub(" ", one_line(title)).strip(" .")[:80] or "report") + ".pdf"


def fix_boundaries(mail: EmailMessage, message_id: str) -> None:
    """The library draws them at random, which would make equal drafts differ."""
    stem = re.sub(r"\W", "", message_id)[:40]
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{stem}")
