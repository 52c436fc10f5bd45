"""CPU seconds for one report with 200 rows and 3 charts, and for the same HTML printed by other engines, in one run.

    python -m tests.benchmarks.bench_render [ROUNDS]
    uv run --with weasyprint python -m tests.benchmarks.bench_render     # with WeasyPrint as second peer

CPU and not wall time, so that other work on the machine does not count. Engines take turns; the median is printed.
Chromium stays open between reports, as a server would keep it; its CPU is that of all its processes and its driver.
"""

import importlib.util
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pypdf

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="bench-render-"))

from app.reports.evaluate import evaluate
from app.reports.render import outline, render
from app.reports.schemas import Material
from app.reports.typeset import typeset
from tests.reports.material import BY_CUT, TREND, material

CHROMIUM = "/usr/bin/chromium"
ROWS = {"kind": "table", "id": "rows", "title": "Stones", "query": {"dataset": "diamonds", "limit": 200}}
BARS = {"kind": "chart", "id": "bars", "query": BY_CUT, "chart": {"kind": "bar", "x": "Cut", "y": "Stones"}}
PIE = {"kind": "chart", "id": "pie", "query": BY_CUT, "chart": {"kind": "pie", "x": "Cut", "y": "Carat"}}
LINE = {"kind": "chart", "id": "line", "query": TREND, "chart": {"kind": "line", "x": "Quarter", "y": "Unemployed"}}
Print = Callable[[str], bytes]


def main(rounds: int) -> None:
    wanted = material([LINE, BARS, PIE, ROWS])
    with ExitStack() as stack:
        printers: dict[str, tuple[Print, Callable[[], float]]] = {"plutoprint": (ours, time.process_time)}
        printers |= chromium(stack)
        if importlib.util.find_spec("weasyprint"):
            printers["weasyprint"] = (weasyprint, time.process_time)
        figures = measure(wanted, printers, rounds)
    report(figures)


def measure(wanted: Material, printers: dict[str, Any], rounds: int) -> dict[str, list[float]]:
    """The first round warms up and is not counted."""
    figures: dict[str, list[float]] = {"evaluate and HTML": [], **{name: [] for name in printers}}
    for number in range(rounds + 1):
        start = time.process_time()
        html = render(evaluate(wanted), paper=True)
        spent = {"evaluate and HTML": time.process_time() - start}
        for name, (print_it, cpu) in printers.items():
            start = cpu()
            pdf = print_it(html)
            spent[name] = cpu() - start
            if number == 0:
                show(name, pdf)
        if number:
            for name, seconds in spent.items():
                figures[name].append(seconds)
    return figures


def report(figures: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(seconds) for name, seconds in figures.items()}
    ours_total = medians["evaluate and HTML"] + medians["plutoprint"]
    print(f"{'evaluate and HTML':20} {medians['evaluate and HTML']:7.3f} s CPU")
    for name in (name for name in medians if name != "evaluate and HTML"):
        whole = medians["evaluate and HTML"] + medians[name]
        print(
            f"{name:20} {medians[name]:7.3f} s CPU for the PDF, {medians[name] / medians['plutoprint']:6.1f}x;"
            f" whole report {whole:7.3f} s, {whole / ours_total:6.1f}x"
        )


def show(name: str, pdf: bytes) -> None:
    document = pypdf.PdfReader(io.BytesIO(pdf))
    text = "".join(page.extract_text() for page in document.pages)
    assert "21,551" in text, f"{name} lost a figure"
    print(f"{name:20} {len(document.pages)} pages, {len(pdf) / 1024:.0f} KB")


def ours(html: str) -> bytes:
    made_at = material([]).generated_at
    return typeset(html, title="Bench", made_at=made_at, outline=outline(evaluate(material([]))))


def weasyprint(html: str) -> bytes:
    import weasyprint as engine

    return bytes(engine.HTML(string=html).write_pdf())


def chromium(stack: ExitStack) -> dict[str, tuple[Print, Callable[[], float]]]:
    from playwright.sync_api import sync_playwright

    player = stack.enter_context(sync_playwright())
    browser = player.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    )
    stack.callback(browser.close)
    page = browser.new_page()

    def print_it(html: str) -> bytes:
        page.set_content(html)
        return page.pdf(format="A4")

    def cpu() -> float:
        """Of a process that has ended, its parent knows the figures."""
        total = time.process_time()
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
        return total

    return {"chromium": (print_it, cpu)}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
