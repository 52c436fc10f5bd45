"""Workbooks read back by other programs: whatever a cell holds, and however long a sheet is."""

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.datasets.exports import write_xlsx
from app.datasets.exports.fields import Field
from app.datasets.exports.write_xlsx import workbook
from app.datasets.exports.zip_stream import LIMIT, ZipStream

TEXT = (Field("text", "text"),)
ALL = (
    Field("text", "text"),
    Field("whole", "integer"),
    Field("money", "decimal", 18, 2),
    Field("share", "number"),
    Field("paid", "boolean"),
    Field("day", "date"),
    Field("at", "timestamp"),
)
NASTY = [
    "=1+1",
    "+1",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\r",
    "＝1",
    "  both  ",
    "a\nb",
    'q"u',
    "<&>",
    "_x0041_x0042_",
    "\x01\x1f",
    "00123",
]


def made(fields: tuple[Field, ...], *rows: tuple[str | None, ...], **options: Any) -> bytes:
    frame = pl.DataFrame(rows, schema={field.name: pl.String() for field in fields}, orient="row")
    return b"".join(bytes(part) for part in workbook(iter([frame]), fields, "Rows", **options))


def read(content: bytes) -> list[list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book.worksheets]


def texts_of(content: bytes) -> list[str | None]:
    return pl.read_excel(io.BytesIO(content), schema_overrides={"text": pl.String()}, drop_empty_rows=False)[
        "text"
    ].to_list()


def test_no_cell_is_a_formula_even_after_somebody_edited_it() -> None:
    content = made(TEXT, *((text,) for text in NASTY))
    assert b"<f" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    for row in sheet.iter_rows(min_row=2):
        assert (row[0].data_type, row[0].number_format, row[0].quotePrefix) == ("s", "@", True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1
    )
)
def test_every_text_comes_back_as_it_was(texts: list[str]) -> None:
    assert texts_of(made(TEXT, *((text,) for text in [*texts, *NASTY]))) == [*texts, *NASTY]


@pytest.mark.parametrize(("char", "length"), [("x", 32_767), ("é", 32_767), ("😀", 16_383)])
def test_a_text_that_is_too_long_is_cut_where_everybody_can_see_it(char: str, length: int) -> None:
    whole, cut, other = texts_of(made(TEXT, (char * length,), (char * (length + 1),), ("z",)))
    assert whole == char * length
    assert cut
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    left = length + 1 - cut.count(char)
    assert cut == char * cut.count(char) + f" … [cut: {left} characters do not fit into a cell]"
    assert other == "z"


def test_numbers_that_a_spreadsheet_would_round_are_texts() -> None:
    rows = [
        ("999999999999999", "9999999999999.99"),
        ("1000000000000001", "-12345678901234.56"),
        ("1000000000000000", "0.00"),
    ]
    [sheet] = read(made((ALL[1], ALL[2]), *rows))
    assert sheet[1:] == [(999999999999999, 9999999999999.99), ("1000000000000001", "-12345678901234.56"), (10**15, 0)]


def test_the_head_is_bold_and_stays_in_sight_and_columns_are_as_wide_as_they_need() -> None:
    content = made(ALL, ("a long text, but not too long", "1", "12.50", "0.5", "1", "45292", "45292.5"))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)
    assert [sheet[f"{letter}2"].number_format for letter in "BCF"] == ["0", "0.00", "yyyy\\-mm\\-dd"]
    assert sheet.column_dimensions["A"].width > 25 > sheet.column_dimensions["B"].width


def test_rows_beyond_the_limit_of_a_sheet_go_on_in_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_xlsx, "MAX_ROWS", 4)
    sheets = read(made(TEXT, *((str(number),) for number in range(10))))
    assert [[row[0] for row in sheet] for sheet in sheets] == [
        ["text", "0", "1", "2", "3"],
        ["text", "4", "5", "6", "7"],
        ["text", "8", "9"],
    ]


def test_a_sheet_that_would_grow_beyond_4_gib_goes_on_in_the_next_one() -> None:
    frames = [pl.DataFrame({"text": [name * 1000]}) for name in "abc"]
    content = b"".join(bytes(part) for part in workbook(iter(frames), TEXT, "Rows", max_part=2000))
    assert [sheet[1][0][0] for sheet in read(content)] == ["a", "b", "c"] or len(read(content)) == 2


def test_an_archive_of_more_than_4_gib_is_still_one(tmp_path: Path) -> None:
    path, start = tmp_path / "far.zip", LIMIT + 1000
    archive = ZipStream(start)
    with path.open("wb") as file:
        file.seek(start)  # the hole takes no space
        file.writelines([*archive.part("near", b"one"), *archive.part("far", b"two"), archive.close()])
    with zipfile.ZipFile(path) as read_back:
        assert [read_back.read(name) for name in ("near", "far")] == [b"one", b"two"]
        assert read_back.testzip() is None


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_it_and_sees_the_same_values(tmp_path: Path) -> None:
    plain = [text for text in NASTY if "\r" not in text and "\x01" not in text]  # a CSV of LibreOffice loses those
    rows = [(text, "12", "-12.50", "0.25", "1", "45292", "45292.5") for text in plain]
    (tmp_path / "rows.xlsx").write_bytes(made(ALL, *rows, ("x", None, None, None, "0", "1899-01-31", None)))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76"]
    subprocess.run(
        [*convert, "--outdir", tmp_path, tmp_path / "rows.xlsx"], check=True, capture_output=True, timeout=120
    )
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        head, *seen, last = csv.reader(file)
    assert head == [field.name for field in ALL]
    assert seen == [[text, "12", "-12.50", "0.25", "TRUE", "2024-01-01", "2024-01-01 12:00:00"] for text in plain]
    assert last == ["x", "", "", "", "FALSE", "1899-01-31", ""]
