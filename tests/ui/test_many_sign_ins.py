"""Many who want to come in at once, right or wrong, leave everybody else their threads and connections."""

import asyncio
import threading
import time

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.ui.auth import forms


def test_passwords_are_looked_at_a_few_at_a_time() -> None:
    at_once: list[int] = []
    now = 0

    def hash_slowly() -> None:
        nonlocal now
        now += 1
        at_once.append(now)
        time.sleep(0.02)
        now -= 1

    async def rush() -> None:
        await asyncio.gather(*(forms.in_turn(hash_slowly) for _ in range(12)))

    asyncio.run(rush())
    assert len(at_once) == 12
    assert max(at_once) <= forms.HASHED_AT_ONCE


def test_others_are_served_meanwhile() -> None:
    async def rush() -> int:
        over = threading.Event()
        waiting = [asyncio.ensure_future(forms.in_turn(over.wait, 120)) for _ in range(40)]
        await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.to_thread(int), 60)
        unfinished = sum(not one.done() for one in waiting)
        over.set()
        await asyncio.gather(*waiting)
        return unfinished

    assert asyncio.run(rush()) == 40


def test_what_is_refused_reaches_who_asked() -> None:
    def refuse() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(forms.in_turn(refuse))


@pytest.mark.parametrize("away", [sa.exc.TimeoutError("no connection"), sa.exc.OperationalError("", {}, OSError())])
def test_without_a_free_connection_a_form_asks_to_try_again(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, away: Exception
) -> None:
    def wait_in_vain(*_: object) -> None:
        raise away

    monkeypatch.setattr("app.accounts.service.actor_of_session", wait_in_vain)
    answer = browser.get("/auth/login")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "no connection" not in answer.text
