"""What every page starts from: who is looking, one transaction a click, and the parts all pages share.

person = viewer()                       # first statement of a page; `viewer(Role.admin)` for administrators only
with reading() as db:                   # an AppError is shown and ends the page
    things = feature.things(db, person)
if st.button("Save"):
    with action("Saved.") as db:        # an AppError is shown where the block stands, the page goes on
        feature.change_thing(db, person, …)
        st.rerun()                      # inside the block: commits first, and is only reached on success
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
import streamlit as st
import structlog
from sqlalchemy.orm import Session
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException

from app.accounts import service as accounts
from app.accounts.cookies import SESSION, cookie_name
from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.core.errors import AppError, Forbidden
from app.core.settings import settings

DATABASE_AWAY = "The database does not answer right now. Nothing was changed. Try again in a moment."
PAGES = Path(__file__).resolve().parents[2] / "pages"
MARKUP = frozenset("\\`*_{}[]()#+-.!|<>~:$&")
ICON = re.compile(":(?=(material/|streamlit:))")
FAILED, DONE = "failed_action", "done_action"

log = structlog.get_logger()


def session_token() -> str | None:
    """From the handshake of this tab's connection; scripts cannot see or set it."""
    shown_at = (st.context.url or "", settings().base_url)
    secure = any(url.startswith("https://") for url in shown_at)
    return st.context.cookies.get(cookie_name(SESSION, secure=secure))


def viewer(role: Role = Role.viewer) -> Actor:
    """Who looks at this page, looked up anew at each run; nothing after it runs for anybody else."""
    try:
        with transaction() as db:
            # The click itself has counted already; a page that runs by itself must not keep a session alive.
            person = accounts.actor_of_session(db, session_token(), ip=_address(), is_activity=False)
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        log.warning("database_unavailable", error=str(error.__cause__ or error))
        st.error(DATABASE_AWAY, icon=":material/cloud_off:")
        st.stop()
    if person is None:
        leave("/auth/login?next=" + quote(_page_path()))
        st.stop()
    if not person.role.includes(role):
        accounts.note_refusal(person, _page_path(), f"needs the role {role.value}")
        st.error(f"This page needs the role {role.value}; yours is {person.role.value}.", icon=":material/lock:")
        st.stop()
    if done := st.session_state.pop(DONE, None):
        st.toast(done, icon=":material/check:")
    return person


def _address() -> str | None:
    """A page that runs without a browser has none."""
    address = st.context.ip_address
    return address if isinstance(address, str) else None


def leave(url: str) -> None:
    """Sends the browser to an address outside of Streamlit, the way its own logout does."""
    if context := get_script_run_ctx():
        message = ForwardMsg()
        message.auth_redirect.url = url
        context.enqueue(message)


@contextmanager
def reading() -> Iterator[Session]:
    """Nothing can be changed inside. What cannot be read is said, and the rest of the page is left out."""
    try:
        with transaction() as db:
            db.connection(execution_options={"postgresql_readonly": True})
            yield db
    except (AppError, sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        st.error(_message(error), icon=":material/error:")
        st.stop()


@contextmanager
def action(done: str = "") -> Iterator[Session]:
    """One click, one transaction. `done` is said once it is committed; call no other `st.` function inside."""
    moved: RerunException | None = None
    try:
        with transaction() as db:
            try:
                yield db
            except RerunException as rerun:  # st.rerun() or st.switch_page() at the end: the work is complete
                moved = rerun
    except (AppError, sa.exc.OperationalError, sa.exc.TimeoutError, sa.exc.DataError) as error:
        text = _message(error)
        st.session_state[FAILED] = text  # so that a rerun right after the block does not swallow it
        st.error(text, icon=":material/error:")
        return
    if moved:
        st.session_state[DONE] = done  # a toast of this run would not survive the rerun
        raise moved
    forget_failure()  # a dialog reruns alone, so the end of the page is not reached
    if done:
        st.toast(done, icon=":material/check:")


def page_header(title: str, caption: str = "") -> None:
    """`title` is shown as it is; `caption` may hold Markdown."""
    st.title(plain(title), anchor=False)
    if caption:
        st.caption(caption)
    if text := st.session_state.pop(FAILED, None):
        st.error(text, icon=":material/error:")


def forget_failure() -> None:
    """The run came to its end, so what failed in it was seen."""
    st.session_state.pop(FAILED, None)


def empty_state(icon: str, title: str, text: str) -> None:
    """Instead of an empty table: what would be here, and how to get it. `icon` is a material name, such as `inbox`."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f":material/{icon}: **{title}**", text_alignment="center")
        st.caption(text, text_alignment="center")


def plain(text: str) -> str:
    """What people have written, for places that read Markdown: shown as it is, never as a link, image or colour."""
    whole = ICON.sub(":\u2060", text.replace("\n", " "))  # Streamlit looks for icons in what is escaped, too
    return "".join(f"\\{char}" if char in MARKUP else char for char in whole)


def path_of(page: str) -> Path:
    """For st.page_link and st.switch_page, which look for plain names beside the script instead of in `pages/`."""
    return PAGES / f"{page}.py"


def zone() -> ZoneInfo:
    """The viewer's, as their browser says."""
    name = st.context.timezone
    return ZoneInfo(name if name in available_timezones() else settings().tz_default)


def when(at: datetime | None) -> str:
    """`12 Mar 2026, 14:05 (2 hours ago)` in the viewer's zone; a dash for never."""
    if at is None:
        return "–"
    local = at.astimezone(zone())
    return f"{local.day} {local:%b %Y, %H:%M} ({relative(at, clock.now())})"


def relative(at: datetime, now: datetime) -> str:
    seconds = round((now - at).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if count := abs(seconds) // length:
            amount = f"{count} {unit}" + ("s" if count > 1 else "")
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return "just now" if seconds >= 0 else "in a moment"


def confirm(question: str, *, verb: str, act: Callable[[], None], detail: str = "This cannot be undone.") -> None:
    """Call it when the button was clicked: opens a dialog. `act` does the work in its own `action(…)` and reruns."""

    @st.dialog(question)
    def ask() -> None:
        st.write(detail)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Cancel", key="confirm_cancel"):
                st.rerun()
            if st.button(verb, type="primary", key="confirm_act"):
                act()

    ask()


def submit_or_cancel(verb: str) -> tuple[bool, bool]:
    """At the end of a form. Enter presses its first button, so the one that does something comes first."""
    with st.container(horizontal=True):
        return st.form_submit_button(verb, type="primary"), st.form_submit_button("Cancel")


def defect(error: Exception) -> None:
    """A fault of ours: the log has all of it, the page a number to tell."""
    number = uuid4().hex[:12]
    log.error("page_failed", error_id=number, exc_info=error)
    text = f"Something went wrong on our side. Reload the page; if it stays, tell your administrator: {number}"
    st.error(text, icon=":material/bug_report:")


def _page_path() -> str:
    return urlsplit(st.context.url or "/").path or "/"


def _note_refusal(why: str) -> None:
    with transaction() as db:
        person = accounts.actor_of_session(db, session_token(), ip=_address())
    if person:
        accounts.note_refusal(person, _page_path(), why)


def _message(error: Exception) -> str:
    if isinstance(error, Forbidden):
        _note_refusal(error.message)
    if isinstance(error, AppError):
        return plain(error.message)
    if isinstance(error, sa.exc.DataError):
        return "A value cannot be stored: it holds a character that is not allowed or is out of range."
    log.warning("database_unavailable", error=str(error.__cause__ or error))
    return DATABASE_AWAY
