"""How long from letting a card go until it is stored and drawn? `python -m tests.benchmarks.bench_board_drop [SIZE …]`

Starts the product and a Streamlit script of one button and one line of text, both shown by one Chromium. For boards of
50, 500, 2,000 and 10,000 cards it drags the first card of a column to another one, again and again, and measures in the
page from the release of the mouse until the server has stored the move and the frame without its mark is painted; in
turn with a click on that button until its new text is painted. Prints medians and 95th percentiles in milliseconds, the
time from opening a board until its first cards are seen, and how many elements the page holds. The aim for 2,000 cards
is twice the empty rerun.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ADMIN, CHROMIUM_FLAGS, sign_in
from tests.runtime.product import ROOT, Product, free_port

SIZES = (50, 500, 2_000, 10_000)
TURNS = 30
COLUMNS = ("To do", "In progress", "Pending", "Completed")
EMPTY = """
import streamlit as st

st.session_state.runs = st.session_state.get("runs", 0) + 1
st.button("Again")
st.write(f"Run {st.session_state.runs}")
"""
# From the event until `done` holds in a frame that is painted.
WATCH = """([event, done]) => { window.taken = new Promise((resolve) => {
  const holds = new Function('return ' + done), root = document.querySelector('[data-testid=stBidiComponentIsolated]');
  window.board = root?.shadowRoot;
  addEventListener(event, () => {
    const begin = performance.now();
    const look = () => holds()
      ? requestAnimationFrame(() => resolve(performance.now() - begin)) : requestAnimationFrame(look);
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}); }"""
# The move is on its way before the card is marked as pending, so the answer is waited for, too.
ANSWERS = """() => {
  const send = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await send(...asked);
    if (String(asked[0]).endsWith('/move')) window.answered = answer.ok;
    return answer;
  };
}"""
STORED = "window.answered && !board.querySelector('.pending')"


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, empty_script(Path(folder)) as empty:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        (Path(folder) / "data").mkdir()
        data = {"ADMIN_EMAIL": ADMIN[0], "ADMIN_PASSWORD": ADMIN[1], "LOG_LEVEL": "ERROR"}
        with closing(Product(Path(folder) / "data", **data)) as product:
            product.wait_until_ready()
            page, rerun = browser.new_page(viewport={"width": 1280, "height": 900}), rerun_of(browser, empty)
            sign_in(page, product.url)
            for size in sizes:
                measure(page, rerun, product.url, new_board(product.url, size), size)
        browser.close()


def measure(page: Page, rerun: Callable[[], float], url: str, board: str, size: int) -> None:
    page.goto(f"{url}/home")
    expect(page.locator("h1").first).to_be_visible()
    begin = time.perf_counter()
    page.goto(f"{url}/board?board={board}")
    page.locator(".face").first.wait_for()
    shown = time.perf_counter() - begin
    held = page.evaluate(
        "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.querySelectorAll('*').length"
    )
    page.evaluate(ANSWERS)
    drops, reruns = [], []
    for turn in range(TURNS):
        drops.append(drop(page, *(COLUMNS[:2] if turn % 2 else COLUMNS[1::-1])))
        reruns.append(rerun())
    print(f"{size:>6} cards: drop {told(drops)}, empty rerun {told(reruns)}, ratio of medians "
          f"{median(drops) / median(reruns):.2f}; first shown {shown:.2f} s, {held} elements", flush=True)  # fmt: skip


def drop(page: Page, origin: str, target: str) -> float:
    """Of the first card to the top of the other column."""
    start, end = (column(page, name).locator(".scroll").bounding_box() for name in (origin, target))
    assert start
    assert end
    page.mouse.move(start["x"] + 80, start["y"] + 22)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 12, steps=6)
    page.evaluate("window.answered = false")
    page.evaluate(WATCH, ["pointerup", STORED])
    page.mouse.up()
    return float(page.evaluate("window.taken"))


def column(page: Page, name: str) -> Any:
    return page.locator(".column", has=page.get_by_role("heading", name=name, exact=True))


def rerun_of(browser: Browser, url: str) -> Callable[[], float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    text = page.get_by_text("Run ")

    def rerun() -> float:
        run = int(text.inner_text().removeprefix("Run "))
        page.evaluate(WATCH, ["pointerup", f"document.body.innerText.includes('Run {run + 1}')"])
        page.get_by_role("button", name="Again").click()
        return float(page.evaluate("window.taken"))

    rerun()
    return rerun


@contextmanager
def empty_script(folder: Path) -> Iterator[str]:
    """With the same settings of Streamlit as the product."""
    script, port = folder / "empty.py", free_port()
    script.write_text(EMPTY)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(f"{url}/_stcore/health"):
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def new_board(url: str, size: int) -> str:
    """A third of it done, a few urgent, half with a date, most with labels."""
    draw = random.Random(size)
    lines = ["Title;Column;Labels;Priority;Due date;Estimate"]
    for number in range(size):
        where = draw.choices(COLUMNS, (4, 1, 1, 3))[0] if number > len(COLUMNS) else COLUMNS[number % len(COLUMNS)]
        labels = ",".join(draw.sample(["bug", "idea", "customer", "web"], draw.randint(0, 2)))
        due = f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}" if draw.random() < 0.5 else ""
        priority = draw.choices(["low", "medium", "high", "urgent"], (2, 6, 2, 1))[0]
        lines.append(f"Task {number} of the plan;{where};{labels};{priority};{due};{draw.randint(1, 8)}")
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=120) as client:
        client.post("/auth/login", json={"email": ADMIN[0], "password": ADMIN[1]}).raise_for_status()
        file = ("cards.csv", "\n".join(lines).encode())
        answer = client.post("/api/v1/boards/import", files={"file": file}, params={"name": f"{size} cards"})
        return str(answer.raise_for_status().json()["board_id"])


def told(taken: list[float]) -> str:
    return f"{median(taken):.0f} / {quantiles(taken, n=20)[-1]:.0f} ms"


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
