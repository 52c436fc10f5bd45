"""Downloads in five formats: same rows, same values, nothing that a spreadsheet would run."""

import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import psycopg
import pyarrow.parquet as pq
import pytest

from app.core import children, db
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.datasets import export
from app.datasets import service as datasets
from app.datasets.rejects.schemas import Mend, RejectFilter
from tests.datasets.conftest import load, make_dataset

DOWNLOADING = """select count(*) from pg_stat_activity
    where application_name = 'autoreport download' and datname = current_database()"""
moment = datetime.fromisoformat
ALL_TYPES: list[dict[str, Any]] = [
    {"name": "text", "type": "text"},
    {"name": "whole", "type": "integer"},
    {"name": "money", "type": "decimal", "decimals": 2},
    {"name": "share", "type": "number"},
    {"name": "paid", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "timestamp"},
]
ROWS = b"""text,whole,money,share,paid,day,at
=1+1,1,12.50,0.1,true,2024-01-01,2024-01-01T12:00:00
"a <b> & ""c""
 _x0041_ ",-9007199254740993,1234567890123456.78,1e-05,false,1899-05-01,1850-01-01T10:00:00
,,,,,,
@x,999999999999999,-0.01,1e300,yes,1900-03-01,2026-03-02T23:59:59.123456
"""


@pytest.fixture
def everything(database: str) -> str:
    make_dataset("everything", ALL_TYPES)
    assert load("everything", ROWS).rows_valid == 4
    return "everything"


def download(dataset: str, form: str, **wanted: Any) -> bytes:
    with db.transaction() as session:
        found = datasets.export_rows(session, SYSTEM, dataset, form, **wanted)
    return b"".join(found.parts())


def rejected(dataset: str, form: str, **wanted: Any) -> bytes:
    where = wanted.pop("where", None)
    with db.transaction() as session:
        found = datasets.export_rejects(session, SYSTEM, dataset, form, wanted=RejectFilter(**wanted), where=where)
    return b"".join(found.parts())


def sheet(content: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return rows


def test_a_workbook_holds_real_dates_and_numbers_and_what_they_cannot_hold_as_text(everything: str) -> None:
    head, first, second, empty, last = sheet(download(everything, "xlsx"))
    assert head == ("text", "whole", "money", "share", "paid", "day", "at")
    assert first == ("=1+1", 1, 12.5, 0.1, True, moment("2024-01-01"), moment("2024-01-01T12:00"))
    assert second[1:4] == ("-9007199254740993", "1234567890123456.78", 1e-05)
    assert second[5:] == ("1899-05-01", "1850-01-01 10:00:00")
    assert empty == (None,) * 7
    assert last[1:6] == (999999999999999, -0.01, 1e300, True, moment("1900-03-01"))
    assert abs(last[6] - moment("2026-03-02T23:59:59.123456")).total_seconds() < 0.001


def test_parquet_has_the_types_of_the_dataset_and_the_values_to_the_last_digit(everything: str) -> None:
    table = pq.read_table(io.BytesIO(download(everything, "parquet")))
    types = [str(field.type) for field in table.schema]
    assert types == ["string", "int64", "decimal128(18, 2)", "double", "bool", "date32[day]", "timestamp[us]"]
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert rows[1][1:4] == (-9007199254740993, Decimal("1234567890123456.78"), 1e-05)
    assert rows[1][5:] == (date(1899, 5, 1), moment("1850-01-01T10:00"))
    assert rows[2] == (None,) * 7
    assert rows[3] == ("@x", 999999999999999, Decimal("-0.01"), 1e300, True, date(1900, 3, 1), rows[3][6])
    assert rows[3][6] == moment("2026-03-02T23:59:59.123456")


@pytest.mark.parametrize("first", ["x^2", "\ufeffmark"])
def test_what_begins_like_a_packed_file_or_with_a_mark_is_text_in_every_download(first: str, database: str) -> None:
    make_dataset("odd", [{"name": "text"}, {"name": "note"}])
    assert load("odd", f'text,note\n{first},"{"k" * 40_000}\a"\n'.encode()).rows_valid == 1
    assert pq.read_table(io.BytesIO(download("odd", "parquet"))).to_pylist()[0]["text"] == first
    found, note = sheet(download("odd", "xlsx"))[1]
    assert found == first
    assert len(note) <= 32_767
    assert note.endswith("characters do not fit into a cell]")


def test_csv_json_and_ndjson_hold_the_same_rows(everything: str) -> None:
    lines = list(csv.reader(io.StringIO(download(everything, "csv").decode())))
    assert [line[0] for line in lines] == ["text", "'=1+1", 'a <b> & "c"\n _x0041_ ', "", "'@x"]
    array = json.loads(download(everything, "json"), parse_float=Decimal)
    assert [json.loads(line, parse_float=Decimal) for line in download(everything, "ndjson").splitlines()] == array
    assert array[1]["money"] == Decimal("1234567890123456.78")


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "xlsx", "parquet"])
def test_a_dataset_without_rows_gives_a_file_that_opens(form: str, database: str) -> None:
    make_dataset("empty", ALL_TYPES)
    content = download("empty", form)
    readers: dict[str, Any] = {
        "csv": lambda: len(list(csv.reader(io.StringIO(content.decode())))) - 1,
        "json": lambda: len(json.loads(content)),
        "ndjson": lambda: len(content),
        "xlsx": lambda: len(sheet(content)) - 1,
        "parquet": lambda: pq.read_table(io.BytesIO(content)).num_rows,
    }
    assert readers[form]() == 0


def test_a_download_holds_only_the_rows_and_columns_that_were_asked_for(everything: str) -> None:
    other = load("everything", b"text,whole\nlater,5\n")
    rows = json.loads(download(everything, "json", where="whole > 0 and whole < 10", columns=["whole", "text"]))
    assert rows == [{"whole": 1, "text": "=1+1"}, {"whole": 5, "text": "later"}]
    assert json.loads(download(everything, "json", batch_id=other.id, columns=["text"])) == [{"text": "later"}]
    assert len(sheet(download(everything, "xlsx", where="is_missing(text)", columns=["text", "day"]))[0]) == 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"where": "whole > 1 and amount > 2"}, "at character 15: 'amount' is not a column; columns are at, day"),
    ({"where": "whole >"}, "at character 7: it is not an expression"),
    ({"where": "text > 1"}, "compares a text with a integer"),
    ({"where": "__import__('os')"}, "is not a function"),
    ({"where": 'text == "\\0"'}, "holds a character that no row can hold"),
    ({"where": "1 < 2 " * 200}, "1,200 characters; 1,000 are allowed"),
    ({"columns": ["text", "nope"]}, "no column 'nope'. Columns are: text, whole"),
]


def test_a_filter_that_cannot_be_read_is_refused_with_the_place_and_the_way_out(database: str) -> None:
    make_dataset("unread", ALL_TYPES)
    for wanted, words in REFUSED:
        with pytest.raises(AppError) as caught:
            download("unread", "csv", **wanted)
        assert words in caught.value.message


def test_a_filter_that_leaves_the_numbers_is_told_so(everything: str) -> None:
    with pytest.raises(AppError, match="no number can hold"):
        download(everything, "csv", where="share * 1e300 > 1")


def test_rejects_come_in_five_formats_with_their_reasons_and_filters(database: str) -> None:
    make_dataset("checked", [{"name": "id", "type": "integer", "required": True}, {"name": "note", "max_length": 5}])
    batch = load("checked", b"id,note\n1,a\nx,=much too long\n,b\n2,c\n")
    head, one, two = sheet(rejected("checked", "xlsx"))
    assert head == ("batch", "file", "row", "line", "reasons", "messages", "raw")
    assert one[:5] == (batch.id, "rows.csv", 2, 3, "id: type; note: max_length")
    assert (two[4], two[6]) == ("id: required", ",b")
    assert pq.read_table(io.BytesIO(rejected("checked", "parquet"))).column("row").to_pylist() == [2, 3]
    assert [line["row"] for line in json.loads(rejected("checked", "json", rule="type"))] == [2]
    assert [line["row"] for line in json.loads(rejected("checked", "json", where='raw == ",b"'))] == [3]
    assert rejected("checked", "csv", column="note", q="100% _sure\\'").count(b"\n") == 1
    assert rejected("checked", "csv", q="much too").count(b"\n") == 2


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_mended_reject_leaves_the_download_of_open_ones_and_no_other_does(form: str, database: str) -> None:
    make_dataset("mended", [{"name": "id", "type": "integer"}])
    batch = load("mended", b"id\nx\ny\nz\n")
    with db.transaction() as session:
        datasets.replay_reject(session, SYSTEM, f"{batch.id}.2", Mend(values={"id": "2"})).require_stored()

    def rows(**wanted: Any) -> list[int]:
        content = rejected("mended", form, **wanted).decode()
        lines = json.loads(content) if form == "json" else csv.DictReader(io.StringIO(content))
        return [int(line["row"]) for line in lines]

    assert rows() == [1, 3]
    assert rows(state="replayed") == [2]
    assert rows(state="all") == [1, 2, 3]


def test_rows_that_went_away_meanwhile_are_said_to_be_gone(everything: str) -> None:
    with db.transaction() as session:
        found = datasets.export_rows(session, SYSTEM, everything, "xlsx")
        datasets.delete_dataset(session, SYSTEM, everything)
    with pytest.raises(AppError, match="deleted in the meantime"):
        list(found.parts())


def test_only_so_many_downloads_run_at_once_and_each_gives_its_place_back(everything: str) -> None:
    with db.transaction() as session:
        found = datasets.export_rows(session, SYSTEM, everything, "csv")
    running: list[Iterator[bytes]] = [found.parts() for _ in range(export.MAX_DOWNLOADS)]
    for parts in running:
        next(parts)
    with pytest.raises(export.DownloadsBusy):
        next(found.parts())
    del parts, running
    assert b"".join(found.parts())


def test_a_reader_that_leaves_takes_its_child_and_its_connection_along(everything: str) -> None:
    with db.transaction() as session:
        found = datasets.export_rows(session, SYSTEM, everything, "xlsx")
    parts = found.parts()
    next(parts)
    assert len(children._living) == 1
    del parts
    assert not children._living
    with psycopg.connect(db.psycopg_dsn(db.database_url())) as connection:
        deadline = time.monotonic() + 120
        while connection.execute(DOWNLOADING).fetchone() != (0,):
            assert time.monotonic() < deadline
