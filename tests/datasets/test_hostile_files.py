"""Nothing is lost, nothing is changed silently, whatever the file looks like."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import AppError
from app.datasets import cut_blocks
from app.datasets.cut_blocks import RecordTooLong
from tests.datasets.reading import read, rules_of

HEADER = b"a,b,c\n"


@pytest.mark.parametrize(
    ("name", "content", "rows", "failures"),
    [
        ("byte order mark", b"\xef\xbb\xbfa,b,c\n1,2,3\n", [("1", "2", "3")], {}),
        ("windows line ends", b"a,b,c\r\n1,2,3\r\n4,5,6\r\n", [("1", "2", "3"), ("4", "5", "6")], {}),
        ("mixed line ends", b"a,b,c\r\n1,2,3\n4,5,6\r\n", [("1", "2", "3"), ("4", "5", "6")], {}),
        ("no last line end", HEADER + b"1,2,3", [("1", "2", "3")], {}),
        ("lone carriage returns", b"a,b,c\r1,2,3\r4,5,6\r", [("1", "2", "3"), ("4", "5", "6")], {}),
        ("blank lines", HEADER + b"\n1,2,3\n\r\n4,5,6\n\n", [("1", "2", "3"), ("4", "5", "6")], {}),
        ("short row", HEADER + b"1,2\n4,5,6\n", [("4", "5", "6")], {1: ["columns"]}),
        ("long row", HEADER + b"1,2,3,4\n4,5,6\n", [("4", "5", "6")], {1: ["columns"]}),
        ("long row with an empty end", HEADER + b"1,2,3,\n4,5,6\n", [("4", "5", "6")], {1: ["columns"]}),
        ("short and long together", HEADER + b"1,2\n1,2,3,\n", [], {1: ["columns"], 2: ["columns"]}),
        ("carriage return inside", HEADER + b'1,x\r,3\ny,\r2,"z\r"\n', [("1", "x\r", "3"), ("y", "\r2", "z\r")], {}),
        ("quoted delimiter", HEADER + b'1,"2,x",3\n', [("1", "2,x", "3")], {}),
        ("quoted line end", HEADER + b'1,"2\nx",3\n4,5,6\n', [("1", "2\nx", "3"), ("4", "5", "6")], {}),
        ("doubled quote", HEADER + b'1,"2""x",3\n', [("1", '2"x', "3")], {}),
        ("quoted empty and nothing", HEADER + b'"",,x\n', [(None, None, "x")], {}),
        ("inch sign", HEADER + b'1,5" pipe,3\n4,6" pipe,6\n', [("1", '5" pipe', "3"), ("4", '6" pipe', "6")], {}),
        ("text after the quote", HEADER + b'1,"x"y,3\n4,5,6\n', [("4", "5", "6")], {1: ["quotes"]}),
        ("unclosed quote", HEADER + b'1,"x,3\n4,5,6\n7,8,9\n', [("4", "5", "6"), ("7", "8", "9")], {1: ["quotes"]}),
        ("unclosed before a good quoted", HEADER + b'1,"x,3\n4,"5",6\n', [("4", "5", "6")], {1: ["quotes"]}),
        ("backslash escape", HEADER + b'1,"x \\" y",3\n4,5,6\n', [("4", "5", "6")], {1: ["quotes"]}),
        ("nul byte", HEADER + b"1,a\0b,3\n4,5,6\n", [("4", "5", "6")], {1: ["nul"]}),
        ("one bad byte in utf-8", HEADER + "é,é,é\n".encode() + b"1,\xff,3\n", [("é", "é", "é")], {2: ["encoding"]}),
        ("latin-1", HEADER + "1,é,ß\n".encode("latin-1"), [("1", "é", "ß")], {}),
        ("utf-16", "a,b,c\n1,é,3\n".encode("utf-16"), [("1", "é", "3")], {}),
        ("utf-16 without a mark", "a,b,c\n1,2,3\n".encode("utf-16-be"), [("1", "2", "3")], {}),
        ("semicolons", b"a;b;c\n1,5;2;3\n", [("1,5", "2", "3")], {}),
        ("tabs", b"a\tb\tc\n1\t2\t3\n", [("1", "2", "3")], {}),
        ("leading zeros", HEADER + b"00123,2,3\n", [("00123", "2", "3")], {}),
        ("comment sign", HEADER + b"#1,2,3\n", [("#1", "2", "3")], {}),
    ],
)  # fmt: skip
def test_nasty_file(name: str, content: bytes, rows: list[tuple[Any, ...]], failures: dict[int, list[str]]) -> None:
    for block in (8 << 20, 16):
        reading = read(content, block=block)
        assert (reading.values, rules_of(reading)) == (rows, failures), f"{name}, blocks of {block}"
        assert reading.bytes_read == len(content)


def test_line_numbers_count_physical_lines() -> None:
    reading = read(b'\na,b\n\n1,"x\ny"\n2,3,4\n"5,6\n7,8\n')
    assert reading.lines == {1: 4, 2: 6, 3: 7, 4: 8}
    assert reading.raw[1] == '1,"x\ny"'


def test_a_record_longer_than_the_limit_ends_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_blocks, "MAX_RECORD_BYTES", 1000)
    with pytest.raises(RecordTooLong):
        read(HEADER + b"1,2," + b"x" * 3000 + b"\n", block=100)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n3,4,5\n"])
@pytest.mark.parametrize("text", [b"x" * 1050, b'"' + b"x\n" * 600 + b'"'])
def test_a_record_little_longer_than_the_limit_ends_the_load_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, text: bytes, end: bytes
) -> None:
    monkeypatch.setattr(cut_blocks, "MAX_RECORD_BYTES", 1000)
    with pytest.raises(RecordTooLong):
        read(HEADER + b"1,2," + text + end, block=500)


def test_a_stray_quote_does_not_eat_a_long_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_blocks, "MAX_RECORD_BYTES", 1000)
    good = b"".join(b"%d,b,c\n" % number for number in range(1000))
    reading = read(HEADER + b'0,"b,c\n' + good, block=256)
    assert (len(reading.rows), rules_of(reading)) == (1000, {1: ["quotes"]})


PIECES = st.sampled_from(
    [b",", b'"', b"\n", b"\r\n", b"\r", b"x", b"1", b" ", b'""', b'","', "é".encode(), b"\xff", b"\0"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=60), st.integers(5, 40))
def test_every_byte_is_read_and_blocks_do_not_matter(pieces: list[bytes], block: int) -> None:
    content = HEADER + b"".join(pieces)
    pins = {"encoding": "utf-8", "delimiter": ","}
    try:
        whole = read(content, pins=pins)
    except AppError:
        return  # no rows at all
    parts = read(content, block=block, pins=pins)
    assert whole.bytes_read == parts.bytes_read == len(content)
    assert whole.count == len(whole.rows) + len(whole.failures) == len(whole.raw)
    assert (whole.rows, whole.failures, whole.lines, whole.raw) == (parts.rows, parts.failures, parts.lines, parts.raw)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=12), st.integers(5, 60))
def test_what_pythons_csv_module_writes_is_read_back_as_it_was(rows: list[tuple[str, str, str]], block: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    reading = read(text.getvalue().encode(), block=block, pins={"encoding": "utf-8", "delimiter": ","})
    expected = [tuple(value or None for value in row) for row in rows]
    assert (reading.values, reading.failures) == (expected, {})


def test_pinned_encodings_are_obeyed_and_unknown_ones_refused() -> None:
    content = "a,b\n1,Привет\n".encode("koi8-r")
    assert read(content, pins={"encoding": "koi8-r"}).values == [("1", "Привет")]
    with pytest.raises(AppError, match="klingon"):
        read(content, pins={"encoding": "klingon"})


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Übergröße,Åse\n"),
        ("cp1252", "É,È\n" * 5),
        ("cp1252", "ß,ü\n" * 50),
        ("cp1252", "señor – “año”,€5\n" * 5),
        ("cp1251", "Привет,мир\nМосква,Иванов\n" * 10),
        ("cp932", "テスト,カタカナ\n" * 5),
        ("cp932", "田中太郎,東京都渋谷区\n" * 5),
        ("gb18030", "张三,北京市朝阳区\n" * 5),
        ("cp949", "김철수,서울특별시\n" * 5),
    ],
    ids=lambda value: value if value.isascii() else value[:4],
)
def test_a_few_western_letters_are_not_taken_for_another_script(encoding: str, text: str) -> None:
    reading = read(b"a,b\n" + text.encode(encoding))
    assert (reading.dialect.encoding, reading.values[0]) == (encoding, tuple(text.splitlines()[0].split(",")))


@pytest.mark.parametrize("name", ["utf-7", "punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"])
def test_what_is_no_encoding_of_files_cannot_be_pinned(name: str) -> None:
    with pytest.raises(AppError, match="is not an encoding of text"):
        read(b"a,b\n1,+AGE-\n2,c\n", pins={"encoding": name})


@pytest.mark.parametrize("block", [8 << 20, 12])
@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-16-le", b"\n"), ("utf-32-le", b"\0\0\0"), ("utf-32-le", b"\xff" * 4)]
)
def test_a_file_that_its_encoding_cannot_end_like_is_refused_in_words(encoding: str, end: bytes, block: int) -> None:
    with pytest.raises(AppError, match="cannot have, or ends in the middle of a character"):
        read("a,b\n1,2\n3,4\n".encode(encoding) + end, block=block, pins={"encoding": encoding})


def test_text_with_several_spellings_is_never_counted_twice() -> None:
    """Both 0x8790 and 0x81e0 are the same sign; switches of ISO-2022 may come more often than they must."""
    same = b"a,b\n1,\x87\x90\n2,\x81\xe0\n"
    assert read(same, block=6, pins={"encoding": "cp932"}).values == [("1", "\u2252"), ("2", "\u2252")]
    switched = b'a,b\n1,\x1b$B$"\x1b(B\x1b$B$"\x1b(B\n2,x\n3,y\n'
    with pytest.raises(AppError, match="iso2022_jp"):
        read(switched, block=12, pins={"encoding": "iso2022_jp"})


@pytest.mark.parametrize("block", [5, 8 << 20])
@pytest.mark.parametrize("sign", ["x^", "x\x01", "\x1f", "(", "\ufeff"])
def test_a_row_that_begins_like_a_packed_file_is_text_wherever_blocks_are_cut(sign: str, block: int) -> None:
    content = f"a,b\n{sign}2,1\n{sign}3,2\n".encode()
    reading = read(content, block=block)
    assert (reading.values, reading.tolerant_blocks) == ([(f"{sign}2", "1"), (f"{sign}3", "2")], 0)


@pytest.mark.parametrize("block", [5, 8 << 20])
def test_a_byte_order_mark_inside_of_a_file_is_text_wherever_blocks_are_cut(block: int) -> None:
    """As in files that were put together from several with marks."""
    content = b"\xef\xbb\xbfa,b\n\xef\xbb\xbf1,2\n\xef\xbb\xbf3,4\n"
    assert read(content, block=block).values == [("\ufeff1", "2"), ("\ufeff3", "4")]
