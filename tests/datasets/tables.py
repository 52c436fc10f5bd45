"""One table, written as a file of every kind by libraries that have nothing to do with the product."""

import datetime as dt
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from pyarrow import parquet

Rows = list[list[Any]]
moment = dt.datetime.fromisoformat
HEADER = ["id", "name", "price", "amount", "day", "at", "paid"]
ROWS: Rows = [
    [1, 'Ada "the first"', 1.5, Decimal("12.50"), dt.date(2024, 2, 29), moment("2024-02-29T13:05:07"), True],
    [2, "Łódź, Wien\nzwei", 0.1, Decimal("0.25"), dt.date(1999, 12, 31), moment("1999-12-31"), False],
    [3, None, -7.25, None, dt.date(2030, 1, 1), moment("2030-01-01T00:00:01"), None],
    [9007199254740991, "007", 1e-7, Decimal("-3"), None, None, True],
]
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "name", "type": "text"},
    {"name": "price", "type": "number"},
    {"name": "amount", "type": "decimal", "decimals": 2},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "timestamp"},
    {"name": "paid", "type": "boolean"},
]


def plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def delimited(separator: str) -> bytes:
    lines = [[plain(value) for value in row] for row in [HEADER, *ROWS]]
    quoted = [['"' + text.replace('"', '""') + '"' if text else "" for text in line] for line in lines]
    return "\n".join(separator.join(line) for line in quoted).encode() + b"\n"


def objects() -> list[str]:
    """Decimals are numbers with all their digits."""
    texts = []
    for row in ROWS:
        values = [str(value) if isinstance(value, Decimal) else json.dumps(value, default=plain) for value in row]
        texts.append("{" + ", ".join(f'"{name}": {text}' for name, text in zip(HEADER, values, strict=True)) + "}")
    return texts


def xlsx(sheets: dict[str, Rows] | None = None) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in (sheets or {"Orders": [HEADER, *ROWS]}).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(book.save)


def xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Orders")
    formats = {dt.date: "YYYY-MM-DD", dt.datetime: "YYYY-MM-DD HH:MM:SS"}
    for at, row in enumerate([HEADER, *ROWS]):
        for place, value in enumerate(row):
            style = xlwt.easyxf(num_format_str=formats.get(type(value), "General"))
            sheet.write(at, place, value, style)
    return saved(book.save)


def ods() -> bytes:
    book = OpenDocumentSpreadsheet()
    table = Table(name="Orders")
    for row in [HEADER, *ROWS]:
        line = TableRow()
        for value in row:
            line.addElement(_ods_cell(value))
        table.addElement(line)
    book.spreadsheet.addElement(table)
    return saved(book.save)


def _ods_cell(value: Any) -> Any:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=plain(value))
    if isinstance(value, dt.date):
        return TableCell(valuetype="date", datevalue=plain(value))
    if isinstance(value, int | float | Decimal):
        return TableCell(valuetype="float", value=str(value))
    cell = TableCell(valuetype="string")
    for line in value.split("\n"):
        cell.addElement(P(text=line))
    return cell


def parquet_file() -> bytes:
    types = [pa.int64(), pa.string(), pa.float64(), pa.decimal128(12, 2), pa.date32(), pa.timestamp("us"), pa.bool_()]
    arrays = [pa.array([row[place] for row in ROWS], kind) for place, kind in enumerate(types)]
    sink = io.BytesIO()
    parquet.write_table(pa.table(arrays, names=HEADER), sink, row_group_size=2)
    return sink.getvalue()


def saved(save: Callable[[Any], object]) -> bytes:
    sink = io.BytesIO()
    save(sink)
    return sink.getvalue()


def zipped(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def every_kind() -> dict[str, bytes]:
    texts = objects()
    return {
        "rows.csv": delimited(","),
        "rows.tsv": delimited("\t"),
        "rows.ndjson": "\n".join(texts).encode(),
        "rows.json": ("[" + ",".join(texts) + "]").encode(),
        "pretty.json": ("[\n  " + ",\n  ".join(texts) + "\n]\n").encode(),
        "wrapped.json": ('{"rows": [' + ",\n".join(texts) + "]}").encode(),
        "rows.xlsx": xlsx(),
        "rows.xls": xls(),
        "rows.ods": ods(),
        "rows.parquet": parquet_file(),
        "rows.csv.gz": gzip.compress(delimited(",")),
        "rows.zip": zipped(**{"inner/rows.csv": delimited(",")}),
        "book.zip": zipped(**{"a.xlsx": xlsx()}),
        "rows.parquet.gz": gzip.compress(parquet_file()),
        "rows.json.gz": gzip.compress(("[" + ",".join(texts) + "]").encode()),
    }


def replaced(archive: bytes, name: str, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as book:
        return zipped(
            **{one: book.read(one).replace(old, new) if one == name else book.read(one) for one in book.namelist()}
        )
