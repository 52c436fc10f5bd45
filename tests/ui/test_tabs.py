"""Which open tabs end: those whose session is over, and only those that were asked about."""

import asyncio
from typing import Any

import pytest

from app.accounts import service as accounts
from app.ui import tabs
from app.ui.tabs import OpenTabs, Tab


class Wire:
    """One end of a websocket."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def opened(all_tabs: OpenTabs, token: str) -> Wire:
    wire = Wire()
    all_tabs.add(token, Tab(wire.receive, wire.send, token))
    return wire


def test_a_tab_that_opens_while_the_database_answers_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> tuple[Wire, Wire, Wire]:
        all_tabs, late = OpenTabs(), Wire()
        loop = asyncio.get_running_loop()

        def answer(asked: Any) -> set[str]:
            loop.call_soon_threadsafe(all_tabs.add, "late", Tab(late.receive, late.send, "late"))
            return {accounts.hash_of("alive")}

        monkeypatch.setattr(tabs, "_live", answer)
        monkeypatch.setattr(tabs, "CHECK_EVERY", 0.0)
        alive, over = opened(all_tabs, "alive"), opened(all_tabs, "over")
        while not over.sent:
            await asyncio.sleep(0)
        return alive, over, late

    alive, over, late = asyncio.run(scene())
    assert [message["type"] for message in over.sent] == ["websocket.send", "websocket.close"]
    assert (alive.sent, late.sent) == ([], [])
