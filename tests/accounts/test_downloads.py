"""Downloads by a real web server: whole, refused, or visibly broken; never short without a word."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from app.accounts.asgi import error_answer
from app.accounts.downloads import Download
from app.core import children
from app.core.errors import AppError

TARGETS = "tests.core.child_targets"
Connect = Callable[[], http.client.HTTPConnection]


def make_app() -> FastAPI:
    app = FastAPI()

    @app.get("/{target}/{what}")
    def download(target: str, what: str) -> Download:
        given: list[object] = [int(what)] if what.isdigit() else [what.replace(":", "/")]
        return Download(children.stream(f"{TARGETS}:{target}", *given), file_name="größe.bin", media_type="x/y")

    @app.exception_handler(AppError)
    def refused(request: object, error: AppError) -> object:
        return error_answer({"type": "http", "headers": []}, error.status, error.code, error.message)

    return app


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_app(), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        server.should_exit = True
        thread.join()


def test_a_whole_download_has_its_end_and_its_name(connect: Connect) -> None:
    asked = connect()
    asked.request("GET", "/count_up/300")
    answer = asked.getresponse()
    assert (answer.status, len(answer.read())) == (200, 300)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.bin"
    asked.close()


@pytest.mark.parametrize("failure", ["refuse", "crash", "break_down"])
def test_a_failure_in_the_middle_breaks_the_connection(connect: Connect, failure: str) -> None:
    asked = connect()
    asked.request("GET", f"/parts_then_failure/{failure}")
    answer = asked.getresponse()
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert caught.value.partial == b"a good beginning"
    asked.close()


def test_a_failure_before_the_first_part_is_an_answer_like_any_other(connect: Connect) -> None:
    asked = connect()
    asked.request("GET", "/refuse_at_once/1")
    answer = asked.getresponse()
    assert (answer.status, b"The value 7 is too large." in answer.read()) == (422, True)
    asked.close()


def test_a_reader_that_hangs_up_ends_the_child(connect: Connect, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    asked = connect()
    asked.request("GET", f"/count_what_was_taken/{str(mark).replace('/', ':')}")
    answer = asked.getresponse()
    answer.read(1000)
    assert children._living
    answer.close()
    asked.close()
    deadline = time.monotonic() + 120
    while children._living:
        assert time.monotonic() < deadline
        time.sleep(0.02)
