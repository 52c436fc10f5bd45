"""Workbooks: every cell as it stands there, every sheet a table."""

import datetime as dt
import io
from typing import Any

import openpyxl
import xlwt

from app.core import db
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.formats.sheets import Workbook, write_sheet
from app.datasets.schemas import Dialect, Pins
from tests.datasets.conftest import load, make_dataset, rejects_of, texts
from tests.datasets.tables import replaced, saved, xlsx


def text_of(content: bytes, kind: str = "xlsx", sheet: str = "A") -> tuple[list[str], Dialect]:
    sink = io.BytesIO()
    dialect = write_sheet(Workbook(io.BytesIO(content), kind), sheet, sink)
    return sink.getvalue().decode().split("\r")[:-1], dialect


def test_dates_times_and_lengths_of_time_are_written_as_such() -> None:
    moment, day = map(dt.datetime.fromisoformat, ("2024-02-29T13:05:07.250", "1999-12-31"))
    rows: list[list[Any]] = [
        ["moment", "day", "time", "length", "mixed"],
        [moment, dt.date(2024, 2, 29), dt.time(13, 5), dt.timedelta(hours=30, minutes=5), "2024-02-29 00:00:00"],
        [day, dt.date(1900, 3, 1), dt.time(0, 0), dt.timedelta(minutes=1), dt.date(2024, 2, 29)],
    ]
    assert text_of(xlsx({"A": rows}))[0] == [
        "moment,day,time,length,mixed",
        "2024-02-29T13:05:07.250,2024-02-29,13:05:00,30:05:00,2024-02-29 00:00:00",
        "1999-12-31T00:00:00,1900-03-01,00:00:00,00:01:00,2024-02-29",
    ]


def test_numbers_booleans_and_texts_keep_what_they_are() -> None:
    rows = [["a", "b", "c"], [1.0, 0.1, True], [-5, 1e-7, " x "], ["007", 1e21, "=1"], [2**53 + 1, 12.50, False]]
    found, _ = text_of(xlsx({"A": [row if row[0] != "007" else ["007", 1e21, "y"] for row in rows]}))
    assert found[1:4] == ["1,0.1,true", "-5,0.0000001, x ", "007,1000000000000000000000,y"]


def test_whole_numbers_with_more_digits_than_a_double_are_exact() -> None:
    content = xlsx({"A": [["id", "n"], ["x", "y"], [1, 7]]})
    sheet = b'<row r="3"><c r="A3" t="n"><v>12345678901234567</v></c><c r="B3"><v>7</v></c></row></sheetData>'
    with io.BytesIO(content) as file:
        book = openpyxl.load_workbook(file)
        book["A"].delete_rows(3)
        content = saved(book.save)
    content = replaced(content, "xl/worksheets/sheet1.xml", b"</sheetData>", sheet)
    assert text_of(content)[0][2] == "12345678901234567,7"


def test_error_cells_are_texts_that_no_number_is() -> None:
    book = openpyxl.Workbook()
    for row in (["a"], [1], ["#REF!"], ["#DIV/0!"]):
        book.worksheets[0].append(row)
    for name in ("A3", "A4"):
        book.worksheets[0][name].data_type = "e"
    content = saved(book.save)
    assert text_of(content, sheet="Sheet")[0] == ['"a"', '"1"', '"#REF!"', '"#DIV/0!"']


def test_a_table_may_begin_anywhere_and_have_gaps(database: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for at, row in {3: ["id", "note"], 4: [1, "one\ntwo"], 6: ["x", "y"], 9: [3, None]}.items():
        for place, value in enumerate(row):
            sheet.cell(at, place + 2, value)
    sheet.merge_cells("B12:C13")
    make_dataset("gaps", [{"name": "id", "type": "integer"}, {"name": "note"}])
    batch = load("gaps", saved(book.save), "gaps.xlsx")
    assert (batch.rows_valid, batch.rows_rejected, batch.error) == (2, 1, None)
    assert batch.dialect.notes == ["1 merged area: the value is in the first cell, the others are empty."]
    assert [(one.row, one.line) for one in rejects_of(batch)] == [(2, 6)]
    with db.transaction() as session:
        places = [datasets.trace_row(session, SYSTEM, "gaps", f"{batch.id}.{row}").place for row in (1, 2, 3)]
    assert places == ["sheet Sheet, row 4", "sheet Sheet, row 6", "sheet Sheet, row 9"]


def test_an_old_workbook_keeps_its_dates() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for at, row in enumerate([["id", "day"], [1, dt.date(2024, 2, 29)]]):
        for place, value in enumerate(row):
            sheet.write(at + 2, place + 1, value, day if isinstance(value, dt.date) else xlwt.easyxf())
    assert text_of(saved(book.save), "xls")[0] == ["", "", "id,day", "1,2024-02-29"]


def test_sheets_that_fit_are_loaded_and_the_others_named(database: str) -> None:
    content = xlsx({"One": [["a", "b"], [1, 2]], "Two": [["b", "a"], [3, 4]], "Other": [["z"], [1]], "Empty": []})
    make_dataset("both", [*texts("a"), {"name": "b", "required": True}])
    received = _received("both", content, "book.xlsx")
    assert [batch.part for batch in received.batches] == ["One", "Two"]
    assert {one.part: one.reason[:20] for one in received.skipped} == {
        "Other": "The file lacks the c",
        "Empty": "This sheet is empty.",
    }
    again = _received("both", content, "again.xlsx", part="Two")
    assert [(batch.status, batch.duplicate_of) for batch in again.batches] == [("duplicate", received.batches[1].id)]


def test_a_hidden_sheet_is_loaded_only_when_it_is_asked_for(database: str) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Secret").sheet_state = "hidden"
    for sheet in book.worksheets:
        sheet.append(["a"])
        sheet.append([sheet.title])
    content = saved(book.save)
    make_dataset("seen", texts("a"))
    received = _received("seen", content, "b.xlsx")
    assert [batch.part for batch in received.batches] == ["Sheet"]
    assert received.skipped[0].reason == "This sheet is hidden. Pin it to load it."
    assert [batch.part for batch in _received("seen", content, "b.xlsx", sheet="Secret").batches] == ["Secret"]


def _received(dataset: str, content: bytes, name: str, **pins: Any) -> Any:
    upload = datasets.store_upload(SYSTEM, name, [content])
    with db.transaction() as session:
        return datasets.receive_parts(session, SYSTEM, dataset, upload, Pins.model_validate(pins))
