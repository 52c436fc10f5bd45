"""A file is what its bytes say. What is no table, or too much, is refused with a sentence that helps."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.core import storage
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.formats.inside import looks
from app.datasets.formats.kinds import check_name, kind_of
from app.datasets.formats.look import Look, look_inside
from app.datasets.schemas import Pins
from app.datasets.sniff import SAMPLE_BYTES
from tests.datasets.tables import delimited, every_kind, parquet_file, replaced, saved, xls, xlsx, zipped

CSV = b"a,b\n1,2\n"


def look(content: bytes, name: str, **pins: str) -> list[Look]:
    return look_inside(io.BytesIO(content), name, Pins.model_validate(pins), 200)


def refusal(content: bytes, name: str, **pins: str) -> AppError:
    with pytest.raises(AppError) as refused:
        look(content, name, **pins)
    return refused.value


def encrypted_zip() -> bytes:
    content = bytearray(zipped(**{"a.csv": CSV}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def packed_unknown() -> bytes:
    """By Deflate64, as some systems pack large files."""
    content = bytearray(zipped(**{"a.csv": CSV}))
    for place in (8, content.index(b"PK\x01\x02") + 10):
        content[place : place + 2] = struct.pack("<H", 9)
    return bytes(content)


def same_name_twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return _with(zipped(**{"a.csv": CSV}), "a.csv", b"a,b\n3,4\n")


def linked() -> bytes:
    return _with(xlsx(), "xl/externalLinks/externalLink1.xml", b"<externalLink/>")


def _with(archive: bytes, name: str, content: bytes) -> bytes:
    sink = io.BytesIO(archive)
    with zipfile.ZipFile(sink, "a") as book:
        book.writestr(name, content)
    return sink.getvalue()


def uncalculated() -> bytes:
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, "=A2+1"]):
        book.worksheets[0].append(row)
    return saved(book.save)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0", "PNG image"),
        ("a.csv", xlsx(), "called a CSV text .* but it is an Excel workbook"),
        ("a.xlsx", CSV, "but it is plain text"),
        ("a.xls", xlsx(), "old Excel workbook .* but it is an Excel workbook"),
        ("a.parquet", CSV, "Parquet file .* plain text"),
        ("a.csv", b'{"a": 1}\n', "but it is JSON"),
        ("a.csv.gz", gzip.compress(b'[{"a": 1}]', mtime=0), "but it is JSON"),
        ("a.xlsx", b"PK\x03\x04 broken", "damaged"),
        ("a.xls", xls()[:1500], "old Office document|damaged"),
        ("a.parquet", parquet_file()[:-20] + b"PAR1", "cannot be read"),
        ("a.csv.gz", gzip.compress(CSV, mtime=0)[:-9], "damaged or incomplete"),
        ("a.zip", encrypted_zip(), "encrypted"),
        ("a.zip", zipped(), "holds no files"),
        ("a.zip", zipped(**{"b.zip": zipped(**{"a.csv": CSV})}), "archive in an archive"),
        ("a.gz", gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "archive in an archive"),
        ("a.zip", packed_unknown(), "packed in a way that is not known here"),
        ("a.zip", zipped(**{"a.csv": CSV}).replace(b"a.csv", b"b.csv", 1), "damaged or incomplete"),
        ("a.zip", zipped(**{"a" * 2000: CSV}), "longer than 1,000 bytes"),
        ("a.zip", same_name_twice(), "two files called 'a.csv'"),
        ("a.xlsx", linked(), "Break Link"),
        ("a.xlsx", uncalculated(), "Cell B2 of sheet 'Sheet' .* never calculated"),
        ("a.xlsx", xlsx({"A": []}), "empty"),
        ("a.xlsx", xlsx({"A": [["a", None], [1, 2]]}), "Column 2 of 2 has no name"),
        ("a.xlsx", xlsx({"A": [["a", "A"], [1, 2]]}), "Two columns are called"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"a,b\n", "no rows"),
        ("a.csv", b" <!DOCTYPE html>\n<table><tr><td>a,b</td></tr></table>\n", "is a web page or XML.*save it as"),
        ("a.csv", b'<?xml version="1.0"?>\n<rows><row a="1"/></rows>\n', "is a web page or XML"),
        ("a.csv", b"sep=;\n", "no column names"),
        ("a.csv", b"sep=;\na;b\n", "no rows"),
        ("a.csv", b"a,,b\n1,2,3\n", "Column 2 of 3 has no name"),
        ("a.csv", b"a,b\0,c\n1,2,3\n", "column 2 of 3 holds a NUL byte"),
        ("a.csv", b"a,a,b\n1,2,3\n", "Two columns are called 'a'"),
        ("a.csv", b",".join(b"c%d" % one for one in range(3000)) + b"\n1\n", "3,000 columns; 2,000 are allowed"),
        ("a.ndjson", b'{"a": ' + b"9" * SAMPLE_BYTES, "first object of a.ndjson is longer than 1 MiB"),
    ],
)
def test_what_is_no_table_is_refused_with_the_way_out(name: str, content: bytes, words: str) -> None:
    refused = refusal(content, name)
    assert refused.status in (413, 415, 422)
    with pytest.raises(AppError, match=words):
        raise refused


def test_a_formula_with_a_stored_value_is_that_value() -> None:
    sheet = b'<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>""</f><v></v></c></row>'
    content = replaced(xlsx({"A": [["a", "b"]]}), "xl/worksheets/sheet1.xml", b"</sheetData>", sheet + b"</sheetData>")
    assert look(content, "a.xlsx")[0].text.startswith(b"a,b\r2,")


def test_a_gzip_bomb_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"a,b\n" + b"0" * (64 << 20))
    assert "200 times its size" in refusal(bomb, "a.csv.gz").message
    monkeypatch.setenv("MAX_UNPACKED_MB", "1")
    settings.cache_clear()
    try:
        content = b"a,b\n" + b"".join(b"%d,%x\n" % (one, one * 7919) for one in range(200_000))
        assert "more than the 1 MB allowed" in refusal(gzip.compress(content), "a.csv.gz").message
        assert "more than the 1 MB allowed" in refusal(zipped(**{"a.csv": content}), "a.zip").message
    finally:
        settings.cache_clear()


def test_a_workbook_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = replaced(xlsx(), "xl/worksheets/sheet1.xml", b"<sheetData>", b"<sheetData>" + b" " * (64 << 20))
    assert "200 times" in refusal(bomb, "a.xlsx").message


def test_a_workbook_with_entities_is_refused() -> None:
    head = b'<!DOCTYPE x [<!ENTITY far SYSTEM "file:///etc/passwd"><!ENTITY big "aaaa">]><worksheet'
    cell = b'<row r="9"><c r="A9" t="inlineStr"><is><t>&far;&big;</t></is></c></row></sheetData>'
    content = replaced(xlsx({"A": [["a"], ["b"]]}), "xl/worksheets/sheet1.xml", b"<worksheet", head)
    content = replaced(content, "xl/worksheets/sheet1.xml", b"</sheetData>", cell)
    assert "damaged" in refusal(content, "a.xlsx").message


def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    bomb = bytearray(zipped(**{"a.csv": b"a,b\n" + b"0" * (64 << 20)}))
    assert "200 times" in refusal(bytes(bomb), "a.zip").message
    at = bomb.index(b"PK\x01\x02")
    for place in (22, at + 24):
        bomb[place : place + 4] = struct.pack("<I", 100)
    assert refusal(bytes(bomb), "a.zip").status in (413, 415, 422)


def test_names_in_an_archive_are_only_names(database: str) -> None:
    content = zipped(**{"../../etc/passwd.csv": CSV, "__MACOSX/._a.csv": b"x", "b/.DS_Store": b"x", "/abs.csv": CSV})
    assert [one.part.name for one in look(content, "a.zip")] == ["../../etc/passwd.csv", "/abs.csv"]


def test_a_part_is_pinned_by_its_name_or_its_sheet() -> None:
    content = zipped(**{"a.xlsx": xlsx({"X": [["a"], [1]], "Y": [["b"], [2]]}), "c.csv": CSV})
    assert [one.part.name for one in look(content, "a.zip")] == ["a.xlsx#X", "a.xlsx#Y", "c.csv"]
    assert [one.part.name for one in look(content, "a.zip", part="a.xlsx#Y")] == ["a.xlsx#Y"]
    assert [one.part.name for one in look(content, "a.zip", sheet="X")] == ["a.xlsx#X"]
    assert "It has 'a.xlsx#X', 'a.xlsx#Y', 'c.csv'" in refusal(content, "a.zip", part="nothing").message


def test_every_kind_is_known_by_its_bytes_alone() -> None:
    for name, content in every_kind().items():
        kind = kind_of(io.BytesIO(content))
        check_name(name, kind)
        assert look(content, "no-ending"), name


def test_a_refused_file_leaves_nothing_behind(database: str, data_dir: Path) -> None:
    upload = datasets.store_upload(SYSTEM, "a.csv.gz", [gzip.compress(b"0" * (64 << 20))])
    with storage.open_file(upload.key) as source, pytest.raises(AppError):
        looks(source, kind_of(source), "a.csv.gz", Pins(), 200)
    datasets.discard_upload(upload)
    assert not (data_dir / "storage" / upload.key).exists()


def test_delimiters_may_be_any_sign() -> None:
    found = look(delimited("^"), "a.csv", delimiter="^")[0].part.dialect
    assert found is not None
    assert len(found.header) == 7
    for wrong in ("a", "", ",,", '"', "é", "\n", "."):
        with pytest.raises(ValueError, match="one ASCII sign"):
            Pins.model_validate({"delimiter": wrong})


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp932", "名前,金額,日付\n山田太郎,￥980,2026年3月7日\nｶﾅ,３００,2026/3/6\n"),
        ("euc_jp", "名前,都市\n山田,東京\n鈴木,大阪\n"),
        ("euc_jp", "氏名,商品\nりんご,みかん\n"),
        ("gb18030", "客户,金额,日期\n王小明,100,2026-01-01\n"),
        ("big5", "姓名,城市\n張三,臺北\n李四,高雄\n"),
        ("cp949", "이름,도시\n김철수,서울\n이영희,부산\n"),
        ("cp949", "상품명,수량\n똠방각하,3\n"),
    ],
    ids=["shift-jis", "euc-jp", "kana", "chinese", "taiwanese", "korean", "a rare syllable"],
)
def test_a_few_east_asian_rows_are_not_taken_for_another_language(encoding: str, text: str) -> None:
    dialect = look(text.encode(encoding), "a.csv")[0].part.dialect
    assert dialect
    assert dialect.encoding == encoding
    assert dialect.header == text.partition("\n")[0].split(",")
