"""What kind of file is this? Reads the first bytes only, says what it guessed, and refuses what is no table."""

import codecs
import re
from collections import Counter
from contextlib import suppress

from app.core.errors import Invalid
from app.core.settings import settings
from app.datasets.cut_blocks import original_size, to_utf8
from app.datasets.schemas import Dialect, Pins
from app.datasets.split import fields_of, is_blank, tokenize

SAMPLE_BYTES = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_RECORDS = 200
SCORED_BYTES = 256 << 10
FAR_TOO_MANY = 10
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# First bytes of what is often renamed to .csv by mistake.
SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"ARROW1", "an Arrow file"),
    (b"{\\rtf", "an RTF document"),
)
# Guesses worth trusting; between single-byte Western pages nobody can tell, so those are read as cp1252.
TRUSTED = {"shift_jis", "cp932", "gb18030", "gbk", "gb2312", "big5", "euc_jp", "euc_kr", "cp949", "cp1251", "koi8_r"}
# Found under the name of a later edition of the same, and those of one script whose bytes are all of another one, too.
NEWER = {"euc_jis_2004": "euc_jp", "euc_jisx0213": "euc_jp", "big5hkscs": "big5"}
KOREAN = {"cp949", "euc_kr"}
EVERYDAY, MOST = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"), 0.8
# An export that only calls itself a workbook or a table.
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype|html|table)\b", re.IGNORECASE)
# Western texts have single letters beside ASCII; other scripts have words, or lead bytes that no Western letter has.
OTHER_SCRIPT = re.compile(rb"[\x80-\xff]{3,}|[\x81\x83\x86-\x90\x98-\x9f]")
# Excel's way to name the delimiter, above the column names. Some programs put quotes around it or repeat the delimiter.
DELIMITER_LINE = re.compile(rb'\s*("?)sep=([^\w"\r\n\0.+\x80-\xff-])\1\2* *(?:\r\n?|\n)', re.IGNORECASE)
MAX_CONTROL_SHARE = 0.05
# Rules of writing more than encodings: the same text has many spellings, or not every byte has a meaning.
NO_FILES = {"utf-7", "punycode", "idna", "undefined", "charmap", "unicode-escape", "raw-unicode-escape"}


class NotATable(Invalid):
    """This file is not a text table."""

    status = 415


class BadHeader(Invalid):
    """The first line of this file cannot be used as column names."""


def check_content(file_name: str, head: bytes) -> None:
    """Raises NotATable by the bytes, whatever the file is called."""
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            raise NotATable(f"{file_name} is {kind}, not a table. Send CSV, JSON, Excel, OpenDocument or Parquet.")
    if MARKUP.match(head):
        raise NotATable(
            f"{file_name} is a web page or XML, not a table. Open it in Excel or LibreOffice, save it as .xlsx or CSV "
            "and send that."
        )
    if not head.strip():
        raise NotATable(f"{file_name} is empty.")
    if bom_of(head)[1] or wide_encoding(head):
        return
    controls = len(re.findall(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", head)) + max(head.count(b"\0") - 20, 0)
    if controls > len(head) * MAX_CONTROL_SHARE:
        raise NotATable(f"{file_name} holds binary bytes, not text. Is it really a table?")


def sniff(head: bytes, pins: Pins | None = None, *, doubtful: bytes = b"") -> Dialect:
    """The dialect of the file that starts with `head`; `doubtful` are later bytes that are not UTF-8."""
    pins = pins or Pins()
    bom, encoding = bom_of(head)
    guessed = [] if pins.encoding else ["encoding"]
    encoding = known_encoding(pins.encoding, encoding) if pins.encoding else encoding or _encoding(head + doubtful)
    text = to_utf8(head[bom:], encoding, final=False)
    newline = "\n" if b"\n" in text or b"\r" not in text else "\r"
    named, table = _named_delimiter(text)
    pinned = pins.delimiter or named
    _refuse_endless_names(text[table:], newline, pinned)
    delimiter = pinned or _delimiter(text, newline)
    guessed += [] if pinned else ["delimiter"]
    dialect = Dialect.model_validate(
        {"encoding": encoding, "delimiter": delimiter, "newline": newline, "bom": bom, "guessed": guessed}
    )
    return _with_header(dialect, text, table, whole=len(head) < SAMPLE_BYTES)


def _named_delimiter(text: bytes) -> tuple[str | None, int]:
    """What a line such as `sep=;` names, and where the table begins behind it."""
    found = DELIMITER_LINE.match(text)
    return (found[2].decode(), found.end()) if found else (None, 0)


def _refuse_endless_names(text: bytes, newline: str, pinned: str | None) -> None:
    """Counting is done at once, where taking a million names apart takes many seconds."""
    line, end, _ = text.lstrip(b"\r\n").partition(newline.encode())
    count = max(line.count(delimiter.encode()) for delimiter in ((pinned,) if pinned else DELIMITERS)) + 1
    allowed = settings().max_columns
    if count > allowed * FAR_TOO_MANY:
        exactly = f"{count:,}" if end and b'"' not in line else f"far more than {allowed:,}"
        raise BadHeader(f"The file has {exactly} columns; {allowed:,} are allowed (MAX_COLUMNS).")


def known_encoding(name: str, marked: str | None = None) -> str:
    """`marked`: what the byte order mark says. Raises Invalid: the name is unknown, or not one of a text encoding."""
    try:
        known = codecs.lookup(name)
    except LookupError as error:
        raise Invalid(
            f"Encoding {name!r} is not known. Use utf-8, cp1252, utf-16-le or shift_jis, for example."
        ) from error
    if not known._is_text_encoding or known.name.replace("_", "-") in NO_FILES:
        raise Invalid(f"{name!r} is not an encoding of text.")
    if marked and known.name in ("utf-16", "utf-32") and marked.startswith(known.name):
        return marked
    wide = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8", "iso8859-1": "cp1252"}
    return wide.get(known.name, known.name)


def bom_of(head: bytes) -> tuple[int, str | None]:
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return len(mark), encoding
    return 0, None


def wide_encoding(head: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark. Four bytes of other texts are hardly ever a character of UTF-32, and never all;
    in UTF-16 every other byte of plain text is zero."""
    sample = head[:4096]
    if len(sample) < 4:
        return None
    if b"\0\0" in sample:
        for encoding in ("utf-32-le", "utf-32-be"):
            with suppress(UnicodeDecodeError):
                if "\0" not in sample[: len(sample) // 4 * 4].decode(encoding):
                    return encoding
    even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def _encoding(sample: bytes) -> str:
    wide = wide_encoding(sample)
    if wide:
        return wide
    broken = _broken_utf8(sample)
    if not broken:
        return "utf-8"
    if len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}", sample)) > broken:
        return "utf-8"
    return _guess(sample)


def _broken_utf8(sample: bytes) -> int:
    """How many places are not UTF-8; a character cut off at the very end is none."""
    text = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape").decode(sample)
    return len(re.findall("[\udc80-\udcff]", text))


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415  slow to import and rarely needed

    lines = b"\n".join(line for line in sample.splitlines() if not line.isascii())
    if sum(map(len, OTHER_SCRIPT.findall(lines))) * 2 < len(re.findall(rb"[\x80-\xff]", lines)):
        return "cp1252"
    found = (NEWER.get(match.encoding, match.encoding) for match in from_bytes(lines[:65536]))
    best = next((name for name in found if name not in KOREAN or _is_everyday_korean(lines)), "")
    return best if best in TRUSTED else "cp1252"


def _is_everyday_korean(lines: bytes) -> bool:
    """Its table has a syllable for nearly every pair of bytes, so Chinese and Japanese texts pass for rare ones."""
    signs = [sign for sign in lines.decode("cp949", "replace") if not sign.isascii()]
    known = [sign for sign in signs if EVERYDAY.match(sign.encode("cp949", "replace"))]
    return len(known) >= len(signs) * MOST


def _delimiter(text: bytes, newline: str) -> str:
    """The one that gives the most records as many fields as the header has, and more than one."""
    scores = {delimiter: _score(text, delimiter, newline) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 0) else ","


def _score(text: bytes, delimiter: str, newline: str) -> tuple[float, int]:
    widths: list[int] = []
    for record in tokenize(text[:SCORED_BYTES], delimiter, newline, final=len(text) <= SCORED_BYTES):
        if not is_blank(text[record.start : record.end]):
            widths.append(len(record.fields or []))
        if len(widths) == SAMPLE_RECORDS:
            break
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _with_header(dialect: Dialect, text: bytes, table: int, *, whole: bool) -> Dialect:
    for record in tokenize(text[table:], dialect.delimiter, dialect.newline, final=whole):
        start, end = table + record.start, table + record.end
        content = text[start:end]
        if is_blank(content):
            continue
        header = _names(fields_of(content, dialect.delimiter, dialect.newline))
        if whole and not text[end:].strip():
            raise BadHeader("This file has column names but no rows.")
        preamble = dialect.bom + original_size(text[:end], dialect.encoding)
        lines = text.count(dialect.newline.encode(), 0, end)
        return dialect.model_copy(update={"header": header, "preamble": preamble, "preamble_lines": lines})
    if whole:
        raise BadHeader("This file has no column names.")
    raise BadHeader("The first line of this file is longer than 1 MiB. Is the line end right?")


def _names(fields: list[bytes] | None) -> list[str]:
    """Raises BadHeader: broken, unnamed or repeated names."""
    if fields is None:
        raise BadHeader("The column names are broken: a quotation mark is not closed in the first line.")
    try:
        names = [field.decode().strip() for field in fields]
    except UnicodeDecodeError as error:
        raise BadHeader("The column names are not readable in this encoding. Pin the right one.") from error
    return checked_names(names)


def checked_names(names: list[str]) -> list[str]:
    """Raises BadHeader: unnamed or repeated names, one that nothing can hold, or more than are allowed."""
    if len(names) > settings().max_columns:
        raise BadHeader(f"The file has {len(names):,} columns; {settings().max_columns:,} are allowed (MAX_COLUMNS).")
    unnamed = [place for place, name in enumerate(names, start=1) if not name]
    if unnamed:
        raise BadHeader(
            f"Column {unnamed[0]} of {len(names)} has no name in the first line. "
            "Name it or delete it; if the names stand further down, delete what is above them."
        )
    nul = next((place for place, name in enumerate(names, start=1) if "\0" in name), None)
    if nul:
        raise BadHeader(f"The name of column {nul} of {len(names)} holds a NUL byte. Is this really a text table?")
    uses = Counter(name.casefold() for name in names)
    twice = next((name for name in names if uses[name.casefold()] > 1), None)
    if twice:
        raise BadHeader(f"Two columns are called {twice!r}. Rename one of them.")
    return names
