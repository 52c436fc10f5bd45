"""The same file from many senders at once, over HTTP: one batch, however the requests fall together."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import make_api
from app.core import db
from app.core.actor import Role
from app.datasets.jobs import HANDLERS
from app.jobs.work_off import work_off
from tests.datasets.conftest import MakePerson, make_dataset, read_batch, texts
from tests.datasets.test_api import stored_uploads

SENDERS = 20
FILE = b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(50_000))


@contextmanager
def served() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(make_api(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_same_file_from_twenty_senders_is_one_batch(person: MakePerson, data_dir: Path) -> None:
    author = person("Ann", Role.author)
    with db.transaction() as session:
        key = accounts.create_key(session, author, KeyCreate(name="test", scopes=[Scope.read, Scope.write])).key
    make_dataset("notes", texts("a", "b"))
    before = set(stored_uploads(data_dir))
    start = threading.Barrier(SENDERS)

    def send(number: int) -> httpx.Response:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=300) as client:
            start.wait()
            return client.post("/ingest", params={"dataset": "notes"}, files={"file": (f"{number}.csv", FILE)})

    with served() as url, ThreadPoolExecutor(SENDERS) as pool:
        answers = list(pool.map(send, range(SENDERS)))
    assert {answer.status_code for answer in answers} <= {200, 202}, [answer.text for answer in answers]
    batches = [answer.json()["batches"][0] for answer in answers]
    first = [batch for batch in batches if batch["duplicate_of"] is None]
    assert len(first) == 1
    assert {batch["duplicate_of"] for batch in batches} == {None, first[0]["batch_id"]}
    assert len(set(stored_uploads(data_dir)) - before) == 1
    work_off(HANDLERS)
    loaded = read_batch(first[0]["batch_id"])
    assert (loaded.status, loaded.rows_valid) == ("published", 50_000)
