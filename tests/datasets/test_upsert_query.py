"""What a question sees of an upsert dataset."""

import pytest

from app.core import db
from app.core.actor import SYSTEM
from app.queries import service as queries
from app.queries.schemas import QuerySpec
from tests.datasets.conftest import load, make_dataset

pytestmark = pytest.mark.usefixtures("database")


def test_only_the_newest_row_of_each_key_is_counted() -> None:
    columns = [{"name": "sku", "required": True}, {"name": "price", "type": "integer"}]
    make_dataset("prices", columns, mode="upsert", key=["sku"])
    load("prices", b"sku,price\na,1\nb,2\n")
    load("prices", b"sku,price\nb,30\nc,4\n")
    spec = QuerySpec.model_validate(
        {"dataset": "prices", "measures": [{"function": "sum", "column": "price", "as": "total"}]}
    )
    with db.transaction() as session:
        assert [list(map(float, row)) for row in queries.run(session, SYSTEM, spec).rows] == [[35.0]]
