"""Does the time of a refused sign-in tell who has an account? And what does the limit on requests cost each of them?

    TEST_DB_URL=postgresql://… python -m tests.benchmarks.bench_sign_in

Without TEST_DB_URL an embedded server is started. A real server on loopback, wrong passwords for known and for unknown
addresses in turn. The limits are on: each account is tried eight times, each time from another network.
"""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median, quantiles

import httpx
import uvicorn
from cryptography.fernet import Fernet
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

os.environ.setdefault("SECRET_KEY", "only-for-this-benchmark")
os.environ.setdefault("SMTP_ENV_KEY", Fernet.generate_key().decode())

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate
from app.api import api
from app.core import db as database
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.settings import settings
from app.ui.auth.routes import routes
from app.ui.gate import Gate
from tests.benchmarks.database import new_database

TRIES, EACH, REQUESTS, BLOCK = 500, 8, 1500, 25
PASSWORD = SecretStr("three unrelated words")


@contextmanager
def door() -> Iterator[httpx.Client]:
    """The forms and the API behind the gate, as the product has them, without Streamlit."""
    app = Starlette(routes=[*routes, Mount("/api/v1", app=api)], middleware=[Middleware(Gate)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join()


def people(number: int) -> tuple[list[str], str]:
    """Their addresses, and a key of the first."""
    with transaction() as db:
        made = [
            accounts.create_person(
                db, SYSTEM, PersonCreate(email=f"person{n}@example.com", name=f"Person {n}", password=PASSWORD)
            )
            for n in range(number)
        ]
        key = accounts.create_key(db, accounts.actor_of(db, made[0].id), KeyCreate(name="bench")).key
    return [person.email for person in made], key


def time_sign_ins(client: httpx.Client, known: list[str]) -> dict[str, list[float]]:
    unknown = [f"nobody{n}@example.com" for n in range(len(known))]
    taken: dict[str, list[float]] = {"known": [], "unknown": []}
    network, order = count(1), random.Random(7)
    for turn in range(TRIES):
        pair = [("known", known[turn // EACH]), ("unknown", unknown[turn // EACH])]
        order.shuffle(pair)
        for kind, email in pair:
            number = next(network)
            headers = {"X-Forwarded-For": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}
            start = time.perf_counter()
            answer = client.post("/auth/login", json={"email": email, "password": "wrong"}, headers=headers)
            taken[kind].append(time.perf_counter() - start)
            assert answer.status_code == 401, answer.text
    return taken


def time_requests(client: httpx.Client, key: str) -> dict[str, list[float]]:
    """Blocks of the same request with and without the limit, in turn."""
    taken: dict[str, list[float]] = {"0": [], "1000000": []}
    for _ in range(REQUESTS // BLOCK):
        for limit, times in taken.items():
            os.environ["RATE_LIMIT_PER_MINUTE"] = limit
            settings.cache_clear()
            settings()
            for _ in range(BLOCK):
                start = time.perf_counter()
                answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
                times.append(time.perf_counter() - start)
                assert answer.status_code == 200, answer.text
    return taken


def main() -> None:
    with new_database() as url:
        database.configure(url)
        known, key = people(TRIES // EACH + 1)
        with door() as client:
            time_requests(client, key)  # warms up
            requests, signs = time_requests(client, key), time_sign_ins(client, known)
        database.engine().dispose()
    for kind, times in signs.items():
        low, middle, high = (part * 1e3 for part in quantiles(times, n=4))
        print(f"refused sign-in, {kind:7}: median {middle:.1f} ms (quartiles {low:.1f} and {high:.1f})")
    apart = abs(median(signs["known"]) - median(signs["unknown"])) * 1e3
    print(f"difference of the medians over {TRIES} tries each, bcrypt cost {settings().bcrypt_cost}: {apart:.2f} ms")
    without, limited = (median(times) * 1e3 for times in requests.values())
    print(f"GET /api/v1/me: {without:.2f} ms without a limit, {limited:.2f} ms with it: {limited / without:.2f} ×")


if __name__ == "__main__":
    main()
