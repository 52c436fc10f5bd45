"""Pages run through the whole script, as whoever a test wants."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.accounts import service as accounts
from app.core.actor import Actor
from app.core.db import transaction
from app.ui import page, sidebar

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(database: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    def run(who: Actor, name: str, state: dict[str, Any] | None = None, **address: str) -> AppTest:
        """`state` is what the tab remembers, `address` what stands behind the question mark."""
        with transaction() as db:
            token = accounts.start_session(db, accounts.me(db, who))
        for module in (page, sidebar):
            monkeypatch.setattr(module, "session_token", lambda: token)
        for place in ("my_access", "my_profile", "reconfirm"):
            monkeypatch.setattr(f"app.ui.{place}.session_token", lambda: token)
        at = AppTest.from_file(str(ROOT / "app/ui/app.py"), default_timeout=120).run()
        at.switch_page(str(ROOT / f"pages/{name}.py"))
        for key, value in address.items():
            at.query_params[key] = value
        for key, value in (state or {}).items():
            at.session_state[key] = value
        return at.run()

    return run


def errors(at: AppTest) -> list[str]:
    return [*(error.value for error in at.error), *(error.message for error in at.exception)]


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()
