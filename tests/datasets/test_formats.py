"""The same table is the same rows, whatever kind of file it comes in."""

import pytest

from tests.datasets.conftest import load, make_dataset, rows_of
from tests.datasets.tables import COLUMNS, every_kind


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return every_kind()


def test_every_kind_of_file_gives_the_same_rows(database: str, files: dict[str, bytes]) -> None:
    wanted = None
    for number, (name, content) in enumerate(files.items()):
        make_dataset(f"orders{number}", COLUMNS)
        batch = load(f"orders{number}", content, name)
        assert (batch.status, batch.rows_valid, batch.rows_rejected) == ("published", 4, 0), (name, batch.error)
        rows = rows_of(f"orders{number}")
        wanted = wanted or rows
        assert rows == wanted, name
