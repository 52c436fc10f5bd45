"""Files that break other readers, loaded by the service: what is not stored is rejected, with its reason."""

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard

from app.core import db
from app.core.actor import SYSTEM
from app.core.errors import AppError
from app.datasets import cut_blocks
from app.datasets import service as datasets
from tests.datasets.conftest import load, make_dataset, receive, rejects_of, rows_of, texts
from tests.datasets.tables import replaced, xlsx

Rows = list[list[Any]]
HEAD = b"a,b\n"
TWO: Rows = [["1", "2"], ["3", "4"]]
TYPED: list[dict[str, Any]] = [
    {"name": "whole", "type": "integer"},
    {"name": "money", "type": "decimal", "decimals": 2},
    {"name": "number", "type": "number"},
    {"name": "day", "type": "date", "formats": ["%Y-%m-%d", "%d.%m.%Y"]},
]

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("name", "content", "rows", "reasons"),
    [
        ("mark and mixed line ends", b"\xef\xbb\xbfa,b\r\n1,2\n3,4", TWO, {}),
        ("lone carriage returns", b"a,b\r1,2\r3,4\r", TWO, {}),
        ("empty lines behind a stray quote", b'a,b\r1,2\r"\r\r\r3,4\r', TWO, {"quotes": 1}),
        ("blank lines", HEAD + b"\n1,2\n\r\n\n3,4\n\n", TWO, {}),
        ("short row", HEAD + b"1,2\nx\n3,4\n", TWO, {"columns": 1}),
        ("long row", HEAD + b"1,2\nx,y,z\n3,4\n", TWO, {"columns": 1}),
        ("short row and long row that cancel out", HEAD + b"1,2\nx\ny,z,\n3,4\n", TWO, {"columns": 2}),
        ("long row that ends empty", HEAD + b"1,2\nx,y,\n3,4\n", TWO, {"columns": 1}),
        ("inch sign", HEAD + b'1,5" pipe\n', [["1", '5" pipe']], {}),
        ("text behind a quote", HEAD + b'1,2\nx,"x"y\n3,4\n', TWO, {"quotes": 1}),
        ("open quote", HEAD + b'1,2\nx,"y\n3,4\n', TWO, {"quotes": 1}),
        ("backslash before a quote", HEAD + b'1,2\nx,"\\" y"\n3,4\n', TWO, {"quotes": 1}),
        ("nul", HEAD + b"1,2\nx,\0\n3,4\n", TWO, {"nul": 1}),
        ("latin-1", HEAD + b"\xe9,\xdf\n", [["é", "ß"]], {}),
        ("utf-8 with one bad byte", HEAD + "é,ß\né,ß\n".encode() + b"x,\xff\n", [["é", "ß"]] * 2, {"encoding": 1}),
        ("utf-16", "a,b\n1,2\n3,4\n".encode("utf-16"), TWO, {}),
        ("utf-32", "a,b\n1,2\n3,4\n".encode("utf-32"), TWO, {}),
        ("utf-32 without a mark", "a,b\n1,2\n3,中\nx\n".encode("utf-32-be"), [["1", "2"], ["3", "中"]], {"columns": 1}),
        ("a line that names the delimiter", b"sep=;\na;b\n1;2\n3;4\nx\n", TWO, {"columns": 1}),
        ("the same, its delimiter in values too", b"\xef\xbb\xbfSEP=,\r\na,b\r\n1;1;1,2\r\n", [["1;1;1", "2"]], {}),
        ("the same in quotes", b'"sep=|"\na|b\n1|2\n3|4\n', TWO, {}),
        ("the same filled up, in UTF-16", "sep=\t\t\na\tb\n1\t2\n3\t4\n".encode("utf-16"), TWO, {}),
        ("quoted empty and nothing", HEAD + b'"",1\n,2\n', [[None, "1"], [None, "2"]], {}),
        ("packed with gzip", gzip.compress(b"a,b\n1,2\n3,4\n", mtime=0), TWO, {}),
        ("a bad line of JSON", b'{"a": "1", "b": "2"}\n{"a": NaN}\n[1]\n{"a": "3", "b": "4"}\n', TWO, {"json": 2}),
        ("a name twice", b'{"a": 1, "a": 2}\n{"b": "4"}\n', [[None, "4"]], {"json": 1}),
        ("numbers as written", b'{"a": 1.50, "b": 12345678901234567890}\n', [["1.50", "12345678901234567890"]], {}),
        ("other columns", b"b,c,a\n2,x,1\n4,x,3\n", TWO, {}),
    ],
)  # fmt: skip
def test_every_record_is_stored_or_rejected(name: str, content: bytes, rows: Rows, reasons: dict[str, int]) -> None:
    make_dataset("nasty", texts("a", "b"))
    batch = load("nasty", content, "nasty")
    if batch.status == "held":
        pytest.fail(f"{name} was held")
    rejected = Counter(failure.rule for one in rejects_of(batch) for failure in one.failures)
    assert (rows_of("nasty"), rejected) == (rows, reasons), name
    assert (batch.rows_valid, batch.rows_rejected) == (len(rows), sum(reasons.values()))
    assert batch.rows_in == batch.rows_valid + batch.rows_rejected


def test_the_line_that_names_the_delimiter_is_evidence_and_counts_as_a_line_but_not_as_a_row() -> None:
    make_dataset("nasty", texts("a", "b"))
    content = "\ufeffsep=;\r\na;b\r\n1;é\r\nx\r\n".encode("utf-16-le")
    batch = load("nasty", content, "nasty.csv")
    [reject] = rejects_of(batch)
    assert (reject.row, reject.line, reject.raw) == (2, 4, "x")
    with db.transaction() as session:
        traced = datasets.trace_row(session, SYSTEM, "nasty", f"{batch.id}.1")
        assert b"".join(datasets.original_of(session, SYSTEM, batch.id).parts()) == content
    assert (traced.line, traced.raw) == (3, "1;é")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (",,1e309,", "finite"),
        (",,NaN,", "finite"),
        (",,inf,", "finite"),
        ("9223372036854775808,,,", "type"),
        ("1.0,,,", "type"),
        ("1e3,,,", "type"),
        ("0x10,,,", "type"),
        (",0.005,,", "decimals"),
        (",1" + "0" * 40 + ",,", "type"),
        (",,,24-02-29", "year"),
        (",,,2024-02-30", "type"),
        (",,,1/2/2024", "type"),
    ],
)
def test_a_value_that_others_change_silently_is_rejected(value: str, rule: str) -> None:
    make_dataset("typed", TYPED)
    batch = load("typed", f"whole,money,number,day\n7,0.50,1.5,29.02.2024\n{value}\n".encode())
    assert (batch.rows_in, batch.rows_valid, batch.rows_rejected) == (2, 1, 1)
    assert [failure.rule for failure in rejects_of(batch)[0].failures] == [rule]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", HEAD, "no rows"),
        ("a.csv", b"a,b,A\n1,2,3\n", "Two columns are called 'a'"),
        ("a.csv", b"a,b,c\0\n1,2,3\n", "column 3 of 3 holds a NUL"),
        ("a.xlsx", HEAD + b"1,2\n", "but it is plain text"),
        ("a.csv", b",".join(b"c%d" % one for one in range(5000)) + b"\n1\n", "5,000 columns; 2,000 are allowed"),
        ("a.gz", gzip.compress(HEAD + b"0" * (64 << 20), mtime=0), "200 times its size"),
    ],
)
def test_what_is_no_table_leaves_nothing_behind(data_dir: Path, name: str, content: bytes, words: str) -> None:
    make_dataset("nothing", texts("a", "b"))
    before = tables(), files(data_dir)
    with pytest.raises(AppError, match=words):
        receive("nothing", content, name)
    assert (tables(), files(data_dir)) == before
    with db.transaction() as session:
        assert session.scalar(sa.text("select count(*) from batches")) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD + b"1,2\n3," + b"x" * 3_000_000 + b"\n", "longer than 16 MiB"),
        ("a,b\n1,2\n".encode("utf-16") + b"\0", "ends in the middle of a character"),
    ],
)
def test_a_file_that_ends_badly_fails_its_batch_and_leaves_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.setattr(cut_blocks, "MAX_RECORD_BYTES", 100_000)
    make_dataset("endless", texts("a", "b"))
    before = tables(), files(data_dir)
    batch = load("endless", content)
    assert (batch.status, batch.rows_valid, rows_of("endless")) == ("failed", 0, [])
    assert words in str(batch.error)
    assert (tables(), files(data_dir)) == before


def test_a_workbook_with_a_cell_far_away_is_refused_with_the_way_out() -> None:
    """The reader makes room for every cell in between, and ends the process when there is none."""
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    content = replaced(xlsx({"A": [["a", "b"], [1, 2]]}), "xl/worksheets/sheet1.xml", b"</sheetData>", far)
    make_dataset("far", texts("a", "b"))
    with pytest.raises(AppError, match="delete the empty rows and columns, or send it as CSV") as refused:
        receive("far", content, "far.xlsx")
    assert refused.value.status == 413


def test_a_load_without_memory_fails_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def used_up(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(zstandard, "ZstdCompressor", used_up)
    make_dataset("greedy", texts("a", "b"))
    batch = load("greedy", HEAD + b"1,2\n")
    assert batch.status == "failed"
    assert "needs more memory than a load may use" in str(batch.error)


def tables() -> set[str]:
    with db.transaction() as session:
        return set(session.scalars(sa.text("select relname from pg_class where relkind in ('r', 'p')")))


def files(data_dir: Path) -> set[Path]:
    return {path for path in (data_dir / "storage" / "datasets").rglob("*") if path.is_file()}
