"""What is logged of a fault, and what is not."""

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from app.ui.faults import AnswerFaults


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("ours"), 500), (sa.exc.OperationalError("select", {}, Exception("gone")), 503)],
    ids=["defect", "no database"],
)
@pytest.mark.parametrize(
    ("path", "logged"), [("/calendar/s3cret.ics", "/calendar/…"), ("/board", "/board")], ids=["calendar", "page"]
)
def test_the_log_of_a_fault_names_the_path_but_no_secret_in_it(
    error: Exception, status: int, path: str, logged: str
) -> None:
    def fail(_request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/{rest:path}", fail)], middleware=[Middleware(AnswerFaults)])
    with capture_logs() as lines:
        assert TestClient(app).get(path).status_code == status
    assert [line["path"] for line in lines] == [logged]
    assert "s3cret" not in str(lines)
