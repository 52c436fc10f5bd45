"""The MIME message of a digest of notices: by board, each with its link. Pure: the same digest, the same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import mrml

from app.deliveries.compose import POLICY, fix_boundaries
from app.deliveries.schemas import one_line
from app.deliveries.write_html import GREY, HEAD, LARGEST_BYTES, LINE, NOT_IN_XML
from app.deliveries.write_letter import ACCENT
from app.notices.schemas import Digest, MailMode, Notice

ELSEWHERE = "AutoReport"
# How many notices are shown, and whether with their text: the first that fits is taken.
TRIED = [(60, True), (60, False), (20, False)]
WHY = {MailMode.daily: "once a day", MailMode.hourly: "at most every hour"}


@dataclass(frozen=True)
class DigestDraft:
    """`address` is that of this AutoReport, without a slash at its end."""

    sender: str
    sender_name: str
    recipient: str
    name: str
    message_id: str
    date: datetime
    address: str


def subject_of(digest: Digest) -> str:
    """One notice is its own subject."""
    if len(digest.notices) == 1:
        return one_line(digest.notices[0].subject)[:200]
    return f"{len(digest.notices)} notices of AutoReport"


def write_digest(draft: DigestDraft, digest: Digest) -> bytes:
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(one_line(draft.sender_name), addr_spec=draft.sender)
    mail["To"] = Address(addr_spec=draft.recipient)
    mail["Subject"] = subject_of(digest)
    mail["Date"] = format_datetime(draft.date)
    mail["Message-ID"] = draft.message_id
    mail["List-Id"] = f"<notices.{draft.sender.rpartition('@')[2]}>"
    mail["List-Unsubscribe"] = f"<{_settings(draft)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(draft, digest))
    mail.add_alternative(_html(draft, digest), subtype="html")
    fix_boundaries(mail, draft.message_id)
    return mail.as_bytes()


def _text(draft: DigestDraft, digest: Digest) -> str:
    lines = [f"Hello {one_line(draft.name)},", "", "this is new on your boards:"]
    for board, found in _by_board(digest.notices[: TRIED[0][0]]):
        lines += ["", board, "-" * min(len(board), 72)]
        for one in found:
            lines += [f"* {one_line(one.subject)}"]
            lines += [f"  {line}" for line in one.text.splitlines() if line.strip()]
            lines += [f"  {draft.address}{one.link}"]
    if more := _rest(digest, TRIED[0][0]):
        lines += ["", more]
    return "\n".join([*lines, "", _why(digest), _settings(draft)]) + "\n"


def _html(draft: DigestDraft, digest: Digest) -> str:
    """Under the size that mail programs show whole."""
    html = ""
    for shown, with_text in TRIED:
        html = _rendered(draft, digest, shown, with_text=with_text)
        if len(html.encode()) <= LARGEST_BYTES:
            break
    return html


def _rendered(draft: DigestDraft, digest: Digest, shown: int, *, with_text: bool) -> str:
    top = f'<mj-divider border-color="{ACCENT}" border-width="4px" padding="0 0 12px" />'
    hello = f"<mj-text>Hello {escape(one_line(draft.name))},<br />this is new on your boards:</mj-text>"
    boards = "".join(
        f'<mj-text font-size="17px" font-weight="700" padding-bottom="0">{escape(board)}</mj-text>'
        + "".join(_notice(draft, one, with_text=with_text) for one in found)
        for board, found in _by_board(digest.notices[:shown])
    )
    rest = _rest(digest, shown)
    more = f"<mj-text>{escape(rest)}</mj-text>" if rest else ""
    link = f'<a href="{escape(_settings(draft))}">Change or switch off these mails</a>'
    bottom = f'<mj-divider border-color="{LINE}" border-width="1px" />'
    bottom += f'<mj-text color="{GREY}" font-size="13px">{escape(_why(digest))} {link}</mj-text>'
    subject = escape(subject_of(digest))
    head = HEAD.format(title=subject, preview=escape(one_line(digest.notices[0].subject)))
    column = f"<mj-section><mj-column>{top}{hello}{boards}{more}{bottom}</mj-column></mj-section>"
    body = f'<mj-body background-color="#f3f4f6" width="560px">{column}</mj-body>'
    return str(mrml.to_html(NOT_IN_XML.sub(" ", f"<mjml>{head}{body}</mjml>")).content)


def _notice(draft: DigestDraft, one: Notice, *, with_text: bool) -> str:
    said = "<br />".join(escape(line) for line in one.text.splitlines() if line.strip()) if with_text else ""
    text = f'<br /><span style="color:{GREY}">{said}</span>' if said else ""
    link = f'<a href="{escape(draft.address + one.link)}">{escape(one_line(one.subject))}</a>'
    return f'<mj-text padding-top="6px" padding-bottom="6px">{link}{text}</mj-text>'


def _by_board(found: list[Notice]) -> Iterator[tuple[str, list[Notice]]]:
    """Boards by name; what is about none comes last."""
    groups: dict[str, list[Notice]] = {}
    for one in found:
        groups.setdefault(one_line(one.about), []).append(one)
    for board in sorted(groups, key=lambda name: (not name, name.casefold())):
        yield board or ELSEWHERE, groups[board]


def _rest(digest: Digest, shown: int) -> str:
    more = len(digest.notices) - shown
    return f"… and {more} more: they are under the bell of AutoReport." if more > 0 else ""


def _why(digest: Digest) -> str:
    return f"You get what you have not read {WHY[digest.mail]}, because you asked for it in your settings."


def _settings(draft: DigestDraft) -> str:
    return f"{draft.address}/settings?tab=Notices"
