"""The MIME message of a letter: plain text, and simple HTML with one button. Pure."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import mrml

from app.deliveries.compose import POLICY, fix_boundaries
from app.deliveries.schemas import Letter, one_line
from app.deliveries.write_html import GREY, HEAD, NOT_IN_XML

ACCENT = "#2456a6"


def write_letter(letter: Letter, *, sender: str, sender_name: str, message_id: str, date: datetime) -> bytes:
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(one_line(sender_name), addr_spec=sender)
    mail["To"] = Address(addr_spec=letter.to)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(letter))
    mail.add_alternative(_html(letter), subtype="html")
    fix_boundaries(mail, message_id)
    return mail.as_bytes()


def _text(letter: Letter) -> str:
    link = f"{letter.button}:\n{letter.link}" if letter.link else ""
    return "\n\n".join(part for part in (letter.text.strip(), link, letter.after.strip()) if part) + "\n"


def _html(letter: Letter) -> str:
    """The address stands below the button too, for readers that show no buttons."""
    button = _button(letter) if letter.link else ""
    after = "".join(f'<mj-text color="{GREY}" font-size="13px">{each}</mj-text>' for each in _paragraphs(letter.after))
    text = "".join(f"<mj-text>{each}</mj-text>" for each in _paragraphs(letter.text))
    top = f'<mj-divider border-color="{ACCENT}" border-width="4px" padding="0 0 12px" />'
    head = HEAD.format(title=escape(letter.subject), preview=escape(letter.subject))
    column = f"<mj-section><mj-column>{top}{text}{button}{after}</mj-column></mj-section>"
    body = f'<mj-body background-color="#f3f4f6" width="560px">{column}</mj-body>'
    return str(mrml.to_html(NOT_IN_XML.sub(" ", f"<mjml>{head}{body}</mjml>")).content)


def _button(letter: Letter) -> str:
    address = escape(letter.link)
    return (
        f'<mj-button align="left" background-color="{ACCENT}" href="{address}">{escape(letter.button)}</mj-button>'
        f'<mj-text color="{GREY}" font-size="13px">Or open this address: {address}</mj-text>'
    )


def _paragraphs(text: str) -> list[str]:
    return ["<br />".join(map(escape, part.splitlines())) for part in text.strip().split("\n\n") if part]
