"""One certificate authority for all mail tests: making keys is slow."""

import pytest

from tests.smtp_server import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()
