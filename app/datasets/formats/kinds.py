"""Kinds of files by their first bytes, and the names that go with them."""

import zipfile
from enum import StrEnum
from pathlib import PurePath
from typing import BinaryIO

from app.datasets.formats.json_text import looks_like_json
from app.datasets.formats.unpack import NotUnpackable, open_zip
from app.datasets.sniff import NotATable, bom_of, wide_encoding

OLE = b"\xd0\xcf\x11\xe0"
OLE_SEARCHED = 8 << 20
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".ods": "ods",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".gz": "gzip",
    ".zip": "zip",
}
WORDS = {
    "csv": "a CSV text (.csv)",
    "json": "JSON (.json or .ndjson)",
    "xlsx": "an Excel workbook (.xlsx)",
    "xls": "an old Excel workbook (.xls)",
    "ods": "an OpenDocument workbook (.ods)",
    "parquet": "a Parquet file (.parquet)",
    "gzip": "packed with gzip (.gz)",
    "zip": "a ZIP archive (.zip)",
    "text": "plain text",
}


class Kind(StrEnum):
    text = "text"
    gzip = "gzip"
    zip = "zip"
    xlsx = "xlsx"
    xls = "xls"
    ods = "ods"
    parquet = "parquet"


def kind_of(source: BinaryIO) -> Kind:
    """Raises NotATable, NotUnpackable."""
    source.seek(0)
    head = source.read(8)
    if head.startswith(b"\x1f\x8b"):
        return Kind.gzip
    if head.startswith(b"PAR1"):
        return Kind.parquet
    if head.startswith(OLE):
        return _ole_kind(source)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(source)
    return Kind.text


def _zip_kind(source: BinaryIO) -> Kind:
    try:
        with open_zip(source) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return Kind.xlsx
            if "mimetype" in names and archive.read("mimetype")[:80].strip().endswith(b"opendocument.spreadsheet"):
                return Kind.ods
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise NotUnpackable("This archive is damaged or incomplete.") from error
    if "xl/workbook.bin" in names:
        raise NotATable("This is a binary Excel workbook (.xlsb). Save it as .xlsx and send that.")
    if "word/document.xml" in names or "ppt/presentation.xml" in names or "mimetype" in names:
        raise NotATable("This is a document, not a table. Send CSV, JSON, Excel, OpenDocument or Parquet.")
    return Kind.zip


def _ole_kind(source: BinaryIO) -> Kind:
    source.seek(0)
    content = source.read(OLE_SEARCHED)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise NotATable("This workbook is protected by a password. Save it without one and send it again.")
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return Kind.xls
    raise NotATable("This is an old Office document, not a table. Send CSV, JSON, Excel, OpenDocument or Parquet.")


def check_name(file_name: str, kind: Kind) -> None:
    """Raises NotATable: the name says that it is something else."""
    said = SUFFIXES.get(PurePath(file_name).suffix.lower())
    if said in (None, kind) or (kind is Kind.text and said in ("csv", "json")):
        return
    raise NotATable(f"{file_name} is called {WORDS[said]}, but it is {WORDS[kind]}. Rename it and send it again.")


def says_json(file_name: str, head: bytes) -> bool:
    """Whether this text is JSON. Raises NotATable where the name and the text disagree."""
    said = SUFFIXES.get(PurePath(file_name).suffix.lower())
    bom, encoding = bom_of(head)
    wide = encoding or wide_encoding(head)
    text = head[bom : bom + 4096]
    is_json = looks_like_json(text.decode(wide, "ignore").encode() if wide else text)
    if said == "csv" and is_json:
        raise NotATable(
            f"{file_name} is called {WORDS['csv']}, but it is {WORDS['json']}. Rename it and send it again."
        )
    return is_json or said == "json"
