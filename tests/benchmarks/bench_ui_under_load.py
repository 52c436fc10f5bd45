"""Do pages stay quick while a large file loads? `python -m tests.benchmarks.bench_ui_under_load [ROWS]`

Starts the product with an embedded server, measures page requests, `GET /api/v1/datasets` and reruns of a page over the
websocket in turn, first idle, then from the moment a file of 10,000,000 rows is taken in until it is published.
Prints medians and 95th percentiles in milliseconds; the aim is a 95th percentile below 200 ms.
"""

import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.benchmarks.large_orders import write_large
from tests.generators import ORDER_COLUMNS, ORDER_RULES
from tests.runtime.customer import ADMIN
from tests.runtime.product import Product

IDLE_SECONDS = 5
PAUSE = 0.05
FINAL = ("published", "held", "failed")
Probes = dict[str, Callable[[], None]]


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        write_large(path, rows)
        (Path(folder) / "data").mkdir()
        with closing(Product(Path(folder) / "data", **ADMIN, MAX_UPLOAD_MB="4096")) as product:
            product.wait_until_ready()
            with signed_in(product) as browser, page(product, browser) as rerun:
                run(browser, path, probes(browser, rerun))


def run(browser: httpx.Client, path: Path, asked: Probes) -> None:
    schema = {"columns": ORDER_COLUMNS, "rules": ORDER_RULES}
    browser.post("/api/v1/datasets", json={"name": "orders", "schema": schema}).raise_for_status()
    for probe in asked.values():
        probe()
    end = time.monotonic() + IDLE_SECONDS
    show("idle", measure(asked, lambda: time.monotonic() < end))
    with path.open("rb") as file:
        answer = browser.post("/api/v1/ingest", params={"dataset": "orders"}, files={"file": ("orders.csv", file)})
    batch = answer.raise_for_status().json()["batches"][0]
    begin = time.monotonic()
    show("loading", measure(asked, lambda: status_of(browser, batch) not in FINAL))
    print(f"load ended as {status_of(browser, batch)} after {time.monotonic() - begin:.1f} s")


def status_of(browser: httpx.Client, batch: dict[str, Any]) -> str:
    return str(browser.get(f"/api/v1/batches/{batch['batch_id']}").raise_for_status().json()["status"])


def probes(browser: httpx.Client, rerun: Callable[[], None]) -> Probes:
    def page_answer() -> None:
        browser.get("/datasets").raise_for_status()

    def datasets() -> None:
        browser.get("/api/v1/datasets").raise_for_status()

    return {"page over HTTP": page_answer, "GET /api/v1/datasets": datasets, "Streamlit rerun": rerun}


def measure(asked: Probes, goes_on: Callable[[], bool]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)
    while goes_on():
        for name, probe in asked.items():
            begin = time.perf_counter()
            probe()
            taken[name].append((time.perf_counter() - begin) * 1000)
            time.sleep(PAUSE)
    return taken


def show(when: str, taken: dict[str, list[float]]) -> None:
    for name, times in taken.items():
        cuts = quantiles(times, n=100)
        print(f"{when}: {name}: p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, most {max(times):.0f} ({len(times)})")


@contextmanager
def signed_in(product: Product) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, headers={"Origin": product.url}, timeout=600) as browser:
        token = re.search(r'name="?csrf"? value="([^"]+)"', browser.get("/auth/login").text)
        assert token
        given = {"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"], "csrf": token.group(1)}
        assert browser.post("/auth/login", data=given).status_code == 303
        yield browser


@contextmanager
def page(product: Product, browser: httpx.Client) -> Iterator[Callable[[], None]]:
    """Its whole script, from the request of the browser to the word that it has finished."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"Cookie": cookies, "Origin": product.url}
    url = product.url.replace("http", "ws") + "/_stcore/stream"
    with connect(url, additional_headers=headers, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
        yield lambda: rerun(socket)


def rerun(socket: ClientConnection) -> None:
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    asked.rerun_script.page_name = "datasets"
    socket.send(asked.SerializeToString())
    while True:
        said = ForwardMsg.FromString(bytes(socket.recv(60)))  # type: ignore[arg-type]
        if said.WhichOneof("type") == "script_finished":
            return


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
