"""The API keeps to its own description, whatever is sent: no 5xx, no status and no shape that is not documented.

`OPENAPI_EXAMPLES=300 pytest tests/test_openapi.py -n 0` searches for long, and each time for something else.
"""

import os
from collections.abc import Iterator

import pytest

from app.core.actor import Role
from tests.openapi_calls import OPERATIONS, Callers, callers, try_calls

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "6"))


@pytest.fixture(scope="module")
def who(server_url: str, template_database: str) -> Iterator[Callers]:
    with callers(server_url, template_database) as found:
        yield found


@pytest.mark.parametrize("label", OPERATIONS)
def test_answers_are_as_documented(label: str, who: Callers) -> None:
    for role in (Role.admin, Role.viewer):
        try_calls(label, who, role, examples=EXAMPLES, random="OPENAPI_EXAMPLES" in os.environ)
