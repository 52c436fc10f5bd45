"""Which parts of a message are files, and what they are called."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from fnmatch import fnmatchcase
from hashlib import sha256

from app.sources.mailbox.session import readable

MAX_PARTS = 1000


@dataclass(frozen=True)
class Attachment:
    place: int  # among all parts of the message
    name: str
    content: bytes

    @property
    def fingerprint(self) -> str:
        return sha256(self.content).hexdigest()


def attachments(message: "Message[str, str]", pattern: str) -> Iterator[Attachment]:
    """Also of messages within the message. Pictures that belong to a text are none."""
    for place, part in enumerate(message.walk()):
        if place >= MAX_PARTS:
            return
        name = file_name(part)
        if not name or part.is_multipart() or _is_picture_in_text(part):
            continue
        if fnmatchcase(name.casefold(), pattern.casefold()):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content:
                yield Attachment(place, name, content)


def file_name(part: "Message[str, str]") -> str:
    """Only the last part of a path; encoded as RFC 2231 or 2047 say, or as nobody says."""
    try:
        given = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):  # of unknown or broken encodings
        return ""
    return readable(given).replace("\\", "/").rpartition("/")[2].strip(". ")


def _is_picture_in_text(part: "Message[str, str]") -> bool:
    is_inline = part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
    return is_inline and part.get_content_maintype() == "image"
