"""A real product and a real browser. Where no Chromium is found the tests are skipped with a reason, never in CI."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
expect.set_options(timeout=30_000)  # a loaded machine is slow, not wrong

ADMIN = ("admin@example.com", "correct horse battery staple")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Product:
    """One running `main.py` with its own DATA_DIR."""

    data_dir: Path
    port: int
    environ: dict[str, str]
    running: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once the ready line is printed."""
        with (self.data_dir / "product.log").open("a") as log:
            self.running = subprocess.Popen(
                [sys.executable, "main.py"], cwd=ROOT, env=self.environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.running.stdout
        for line in self.running.stdout:
            if line.startswith("AutoReport ready at"):
                return
        raise AssertionError((self.data_dir / "product.log").read_text()[-3000:])

    def family(self) -> list[psutil.Process]:
        assert self.running
        parent = psutil.Process(self.running.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self) -> None:
        if self.running and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(30)
        if self.running and self.running.stdout:
            self.running.stdout.close()


def new_product(data_dir: Path, **environ: str) -> Product:
    port = free_port()
    own = {k: v for k, v in os.environ.items() if k not in ("DB_URL", "SECRET_KEY", "SMTP_ENV_KEY")}
    return Product(data_dir, port, {**own, "DATA_DIR": str(data_dir), "PORT": str(port), **environ})


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Shared by the tests of single pages; signed in by `admin_page`."""
    product = new_product(
        tmp_path_factory.mktemp("product"), ADMIN_EMAIL=ADMIN[0], ADMIN_PASSWORD=ADMIN[1], LOG_LEVEL="WARNING"
    )
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: CI must have one")
        pytest.skip("no Chromium found: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def sign_in(page: Page, url: str, who: tuple[str, str] = ADMIN) -> None:
    page.goto(f"{url}/auth/login")
    page.get_by_label("Email").fill(who[0])
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/**")


@pytest.fixture
def admin_page(app_server: Product, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, app_server.url)
    yield page
    context.close()
