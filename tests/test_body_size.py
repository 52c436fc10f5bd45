"""How much may be sent where: files come whole, everything else is refused before it is read."""

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.accounts.asgi import MAX_BODY
from app.api import api

pytestmark = pytest.mark.usefixtures("database")
HUGE = {"Content-Length": str(MAX_BODY + 1)}
FILES = [
    path
    for path, ways in api.openapi()["paths"].items()
    if "multipart/form-data" in ways.get("post", {}).get("requestBody", {}).get("content", {})
]


def status_of(path: str) -> int:
    """Nobody is signed in: whoever gets past the limit hears that first."""
    mounted = TestClient(Starlette(routes=[Mount("/api/v1", app=api)]))
    direct = TestClient(api).post(path, content=b"{}", headers=HUGE).status_code
    assert mounted.post(f"/api/v1{path}", content=b"{}", headers=HUGE).status_code == direct
    return direct


def test_every_address_that_takes_files_takes_large_ones() -> None:
    assert len(FILES) >= 5
    assert {path: status_of(path) for path in FILES} == dict.fromkeys(FILES, 401)


@pytest.mark.parametrize("path", ["/shares/dataset/ingest", "/datasets/upload/try", "/queries/documents", "/datasets"])
def test_no_other_address_does_whatever_its_end(path: str) -> None:
    assert status_of(path) == 413
