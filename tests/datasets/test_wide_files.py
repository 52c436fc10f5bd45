"""A line with very many columns is refused at once, not after minutes."""

import time

import pytest

from app.core.settings import settings
from app.datasets.header import ColumnsMissing, match_header
from app.datasets.schemas import Column, DatasetSchema
from app.datasets.sniff import SAMPLE_BYTES, BadHeader, sniff


def wide(count: int) -> bytes:
    names = ",".join(f"c{number}" for number in range(count))
    return f"{names}\n{names}\n".encode()


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (wide(150_000), "The file has 150,000 columns; 2,000 are allowed"),
        (wide(1_000_000)[:SAMPLE_BYTES], "The file has far more than 2,000 columns; 2,000 are allowed"),
        (b"," * 999_999 + b"\n", "The file has 1,000,000 columns; 2,000 are allowed"),
        (b'"a","' * 200_000 + b'"\n', "far more than 2,000 columns"),
    ],
    ids=["150,000", "a million", "a million without names", "quoted"],
)
def test_a_file_with_more_columns_than_a_dataset_may_have_is_refused_quickly(head: bytes, words: str) -> None:
    began = time.process_time()
    with pytest.raises(BadHeader, match=words):
        sniff(head)
    assert time.process_time() - began < 5


def test_a_message_names_some_of_many_columns() -> None:
    schema = DatasetSchema(columns=[Column(name="wanted", type="text")])
    with pytest.raises(ColumnsMissing, match="c29 and 1,970 more") as refused:
        match_header(schema, sniff(wide(settings().max_columns)))
    assert len(refused.value.message) < 500
