"""Takes a kept message apart for reading. Pure. What comes out may only be shown in a sandbox."""

import base64
import re
from email import message_from_bytes, policy
from email.message import EmailMessage

from app.deliveries.schemas import MessageView

CID = re.compile(r"""(["'(])cid:([^"')\s]+)""")
# Nothing is loaded from outside, no script runs: even a hostile message shows as text and its own pictures.
SHIELD = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
)


def read_message(raw: bytes) -> MessageView:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return MessageView(
        subject=str(mail["Subject"] or ""),
        sender=str(mail["From"] or ""),
        to=str(mail["To"] or ""),
        date=str(mail["Date"] or ""),
        message_id=str(mail["Message-ID"] or ""),
        text=_body(mail, "plain"),
        html=SHIELD + _with_pictures(_body(mail, "html"), mail),
        attachments=[
            (part.get_filename() or part.get_content_type(), len(_bytes(part))) for part in mail.iter_attachments()
        ],
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _with_pictures(html: str, mail: EmailMessage) -> str:
    """Pictures inside the message become part of the page."""
    pictures = {
        str(part["Content-ID"]).strip("<> "): part
        for part in mail.walk()
        if part["Content-ID"] and part.get_content_maintype() == "image"
    }

    def inlined(found: re.Match[str]) -> str:
        part = pictures.get(found[2])
        if part is None:
            return found[0]
        return f"{found[1]}data:{part.get_content_type()};base64,{base64.b64encode(_bytes(part)).decode()}"

    return CID.sub(inlined, html)


def _bytes(part: object) -> bytes:
    content = part.get_payload(decode=True) if isinstance(part, EmailMessage) else None
    return content if isinstance(content, bytes) else b""
