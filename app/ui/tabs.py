"""Open tabs: each is a websocket that outlives the click it was opened by, so each must end with its session."""

import asyncio
from collections.abc import Collection
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
import structlog
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.accounts import service as accounts
from app.core.db import transaction

CHECK_EVERY = 2.0
SIGNED_OUT = 4401
LOGIN = "/auth/login?ended=1"

log = structlog.get_logger()


class Tab:
    """The websocket as Streamlit sees it. After `end` nothing goes in or out any more."""

    def __init__(self, receive: Receive, send: Send, token: str) -> None:
        self._receive, self._send, self._token = receive, send, token
        self._over = asyncio.Event()
        self._page = ""
        self._has_run = False

    async def send(self, message: Message) -> None:
        if not self._over.is_set():
            await self._send(message)

    async def receive(self) -> Message:
        """Every message is from somebody whose session still holds."""
        coming = asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._over.wait())
        await asyncio.wait((coming, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if self._over.is_set():
            coming.cancel()
            return {"type": "websocket.disconnect", "code": SIGNED_OUT}
        message = coming.result()
        if message["type"] == "websocket.receive" and not await run_in_threadpool(self._still_signed_in, message):
            await self.end()
            return {"type": "websocket.disconnect", "code": SIGNED_OUT}
        return message

    async def end(self) -> None:
        """The person comes back to this page after the next sign-in."""
        if not self._over.is_set():
            self._over.set()
            await push_to(self._send, login_for(self._page))

    def _still_signed_in(self, message: Message) -> bool:
        """A page that refreshes itself must not keep an idle session alive: only people's clicks count.

        The first run of a tab is none: it comes with the page, which counted, or when a lost connection is back.
        """
        frame = read_frame(message.get("bytes") or b"")
        self._page = page_of(frame) or self._page
        is_first, self._has_run = not self._has_run, True
        try:
            with transaction() as db:
                if is_first or _is_automatic(frame):
                    return bool(accounts.live_tokens(db, [accounts.hash_of(self._token)]))
                return accounts.actor_of_session(db, self._token) is not None
        except (sa.exc.OperationalError, sa.exc.TimeoutError):
            return True  # the page itself says that the database is away; nobody is thrown out for it


class OpenTabs:
    """Also ends tabs whose session was ended by another process: one question to the database for all of them."""

    def __init__(self) -> None:
        self._tabs: dict[str, set[Tab]] = {}
        self._watch: asyncio.Task[None] | None = None

    def add(self, token: str, tab: Tab) -> None:
        self._tabs.setdefault(accounts.hash_of(token), set()).add(tab)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._end_dead_tabs())

    def remove(self, token: str, tab: Tab) -> None:
        tabs = self._tabs.get(accounts.hash_of(token), set())
        tabs.discard(tab)
        if not tabs:
            self._tabs.pop(accounts.hash_of(token), None)

    async def _end_dead_tabs(self) -> None:
        while self._tabs:
            await asyncio.sleep(CHECK_EVERY)
            asked = list(self._tabs)  # a tab that opens while the database answers was not asked about
            try:
                live = await run_in_threadpool(_live, asked)
            except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
                log.warning("open tabs not checked, database away", error=str(error.__cause__ or error))
                continue
            dead = self._without(live, asked)
            await asyncio.gather(*(tab.end() for tab in dead), return_exceptions=True)

    def _without(self, live: Collection[str], asked: Collection[str]) -> list[Tab]:
        return [tab for token_hash in asked if token_hash not in live for tab in self._tabs.get(token_hash, ())]


async def push_to(send: Send, url: str) -> None:
    """The message that Streamlit's own logout sends: the browser goes to `url`."""
    message = ForwardMsg()
    message.auth_redirect.url = url
    await send({"type": "websocket.send", "bytes": message.SerializeToString()})
    await send({"type": "websocket.close", "code": SIGNED_OUT})


def _live(token_hashes: Collection[str]) -> set[str]:
    with transaction() as db:
        return accounts.live_tokens(db, token_hashes)


def login_for(page: str) -> str:
    return f"{LOGIN}&next={quote(page)}" if page not in ("", "/") else LOGIN


def read_frame(frame: bytes) -> BackMsg | None:
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return None
    return message


def page_of(frame: BackMsg | None) -> str:
    """The path and query that the browser shows, as it says with each click; empty if it does not."""
    if frame is None or frame.WhichOneof("type") != "rerun_script":
        return ""
    query = frame.rerun_script.query_string
    try:
        path = urlsplit(frame.rerun_script.context_info.url).path
    except ValueError:
        return ""
    return path + (f"?{query}" if query else "")


def _is_automatic(frame: BackMsg | None) -> bool:
    kind = frame.WhichOneof("type") if frame else ""
    return kind == "app_heartbeat" or (
        kind == "rerun_script" and frame is not None and frame.rerun_script.is_auto_rerun
    )
