"""Files that were sent by mail: attachments of the messages in one folder."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.smtp_access import check_ca
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.mailbox.attachments import attachments
from app.sources.mailbox.session import Folder, Head, Mailbox, examined
from app.sources.schemas import Probe

PORTS = {"tls": 993, "starttls": 143}
SAVED_EACH = 20
SHOWN = 5
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


class ImapSettings(SourceSettings):
    host: str = Field(title="Server", max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]*$")
    security: Literal["tls", "starttls"] = Field(
        "tls", title="Connection", description="Encrypted from the first byte, or after STARTTLS; always checked"
    )
    port: int | None = Field(None, title="Port", ge=1, le=65535, description="Empty: 993, or 143 for starttls")
    username: str = Field(title="User", min_length=1, max_length=200, pattern=PRINTABLE)
    password: SecretStr = Field(title="Password", max_length=1000)
    folder: str = Field("INBOX", title="Folder", min_length=1, max_length=200, pattern=PRINTABLE)
    sender: str = Field("", title="From", max_length=200, description="Part of the sender's name or address")
    subject: str = Field("", title="Subject", max_length=200, description="Part of the subject")
    pattern: str = Field("*", title="Attachment", min_length=1, max_length=200, description="Such as *.csv or sales-*")
    since: date | None = Field(None, title="Since", description="Messages that arrived on this day or later")
    max_message_mb: int = Field(50, title="Largest message", ge=1, le=200, description="MiB; larger ones are refused")
    ca_pem: str = Field(
        "", title="Certificate of the authority", max_length=100_000, description="PEM; empty: the system's authorities"
    )

    @field_validator("ca_pem")
    @classmethod
    def _a_certificate(cls, text: str) -> str:
        if text:
            check_ca(text)
        return text

    @property
    def mailbox(self) -> Mailbox:
        port = self.port or PORTS[self.security]
        password = self.password.get_secret_value()
        return Mailbox(self.host.lower(), port, self.security, self.username, password, self.folder, self.ca_pem)

    def destination(self) -> tuple[object, ...]:
        return self.host.lower(), self.port or PORTS[self.security], self.security, self.username

    def fits(self, head: Head) -> bool:
        return self.sender.casefold() in head.sender.casefold() and self.subject.casefold() in head.subject.casefold()


class ImapConnector:
    kind: ClassVar[str] = "imap"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = ImapSettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: ImapSettings) -> None:
        """Whom it may call is looked at when it is called."""

    def test(self, settings: ImapSettings, actor: Actor) -> Probe:
        with examined(settings.mailbox) as folder:
            newest = folder.uids_above(0, settings.since)[-100:]
            fitting = [head for head in folder.heads(newest) if settings.fits(head)]
            messages = folder.messages
        found = [f"{head.subject} — {head.sender}" for head in reversed(fitting[-SHOWN:])]
        return Probe(
            ok=True,
            message=f"{settings.folder} has {messages:,} message{'s' if messages != 1 else ''}. Of the newest"
            f" {len(newest)}, {len(fitting)} fit sender, subject and day.",
            found=found,
        )

    def pull(self, settings: ImapSettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        """In the order of arrival. A folder that was made anew is read from its start: items guard against repeats."""
        with examined(settings.mailbox) as folder:
            same = watermark.get("uid_validity") == folder.uid_validity
            last = int(watermark.get("uid", 0)) if same else 0
            uids = folder.uids_above(last, settings.since)
            for count, head in enumerate(folder.heads(uids), 1):
                if inbox.is_full or not _take(settings, folder, head, inbox):
                    break
                last = head.uid
                if count % SAVED_EACH == 0:
                    inbox.save({"uid_validity": folder.uid_validity, "uid": last})
                    inbox.step(f"{count:,} of {len(uids):,} messages", count / len(uids))
            return {"uid_validity": folder.uid_validity, "uid": last}


def _take(settings: ImapSettings, folder: Folder, head: Head, inbox: Inbox) -> bool:
    """Whether this message is settled."""
    if not settings.fits(head):
        return True
    whose = head.message_id or f"{settings.folder}/{folder.uid_validity}/{head.uid}"
    if head.size > settings.max_message_mb << 20:
        reason = f"The message is larger than {settings.max_message_mb} MiB."
        inbox.refuse(head.subject or "message", reason, item_key=whose, fingerprint=str(head.size))
        return True
    for one in attachments(folder.message(head.uid), settings.pattern):
        key = f"{whose}/{one.place}/{one.name}"
        is_new = inbox.wants(key, one.fingerprint)
        if is_new and not inbox.add(one.name, [one.content], item_key=key, fingerprint=one.fingerprint):
            return False
    return True
