"""Parquet: every value exactly, in the memory of a few batches, whatever its type."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from app.core.errors import AppError
from app.core.settings import settings
from app.datasets.formats.parquet import sample_parquet, write_parquet
from tests.datasets.tables import moment


def file_of(columns: dict[str, Any], **how: Any) -> io.BytesIO:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink, **how)
    return sink


def lines_of(columns: dict[str, Any], **how: Any) -> list[str]:
    sink = io.BytesIO()
    dialect = write_parquet(file_of(columns, **how), sink)
    assert dialect.header == list(columns)
    return sink.getvalue()[dialect.preamble :].decode().splitlines()


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (pa.array([2**63 - 1, None, -1]), ["9223372036854775807", "", "-1"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1.0, 0.1, None, float("nan")]), ["1", "0.1", "", "NaN"]),
        (pa.array([Decimal("1.50"), Decimal("-0.01")], pa.decimal128(38, 2)), ["1.50", "-0.01"]),
        (pa.array([Decimal("12345678901234567890.5")], pa.decimal256(60, 1)), ["12345678901234567890.5"]),
        (pa.array([moment("2024-02-29T13:05:07.600"), moment("1999-12-31")], pa.timestamp("us")),
         ["2024-02-29T13:05:07.6", "1999-12-31T00:00:00"]),
        (pa.array([moment("2024-07-01T10:00:00")], pa.timestamp("ms", "Europe/Berlin")), ["2024-07-01T10:00:00Z"]),
        (pa.array([1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"]),
        (pa.array([dt.date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([dt.time(1, 2, 3)]), ["01:02:03"]),
        (pa.array([True, False, None]), ["true", "false", ""]),
        (pa.array(["a", "b", "a", None]).dictionary_encode(), ["a", "b", "a", ""]),
        (pa.array([{"x": 1, "y": "ü"}, None]), ['"{""x"": 1, ""y"": ""ü""}"', ""]),
        (pa.array([[1, 2], [], None]), ['"[1, 2]"', "[]", ""]),
        (pa.nulls(2), ["", ""]),
        (pa.array([0], pa.timestamp("us", "+05:30")), ["1970-01-01T00:00:00Z"]),
        (pa.array([2**63 - 1, 0], pa.timestamp("us")), ["9223372036854775807 us since 1970", "1970-01-01T00:00:00"]),
        (pa.array([2**62], pa.timestamp("ms", "UTC")), ["4611686018427387904 ms since 1970"]),
        (pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()), ["2147483647 days since 1970", "1970-01-01"]),
        (pa.array([b"0" * 16, None], pa.uuid()), ["30303030-3030-3030-3030-303030303030", ""]),
    ],
)  # fmt: skip
def test_each_type_is_written_exactly(values: Any, lines: list[str]) -> None:
    beside = list(range(len(values)))
    assert lines_of({"n": beside, "value": values}) == [f"{n},{line}" for n, line in zip(beside, lines, strict=True)]


def test_a_single_column_keeps_its_empty_rows() -> None:
    assert lines_of({"only": pa.array(["a", None, ""])}) == ['"a"', '""', '""']


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pa.array([b"\x00"]), "Column 'bad' holds bytes"),
        (pa.array([dt.timedelta(1)]), "Column 'bad' holds duration"),
        (pa.array([[b"\x00"]]), "Column 'bad' holds bytes"),
        (pa.array([[2**62]]).cast(pa.list_(pa.timestamp("us"))), "date value out of range"),
    ],
)
def test_a_type_that_no_dataset_has_is_refused_with_the_column(values: Any, words: str) -> None:
    with pytest.raises(AppError, match=words):
        sample_parquet(file_of({"id": [1], "bad": values}), 10, io.BytesIO())


def test_a_file_without_columns_is_refused() -> None:
    with pytest.raises(AppError, match="has no columns"):
        sample_parquet(file_of({}), 10, io.BytesIO())


def test_row_groups_are_read_piece_by_piece() -> None:
    count = 100_000
    sink = io.BytesIO()
    write_parquet(file_of({"id": list(range(count))}, row_group_size=count), sink)
    assert sink.getvalue().count(b"\n") == count + 1
    first = io.BytesIO()
    sample_parquet(file_of({"id": list(range(count))}), 100, first)
    assert first.getvalue().count(b"\n") == 101


def test_more_rows_or_text_than_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = file_of({"id": [0] * 50_000, "text": ["x" * 100] * 50_000})
    for name, words in (("MAX_ROWS", "50,000 rows; 1 are allowed"), ("MAX_UNPACKED_MB", "more than the 1 MB allowed")):
        monkeypatch.setenv(name, "1")
        settings.cache_clear()
        with pytest.raises(AppError, match=words):
            write_parquet(many, io.BytesIO())
        monkeypatch.delenv(name)
    settings.cache_clear()
