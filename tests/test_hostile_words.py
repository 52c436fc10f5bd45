"""Names, texts and patterns that are meant for the machine behind the field: files, mail, regular expressions."""

import csv
import io
import re
import time
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from app.core import storage
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import DatasetCreate
from app.deliveries.schemas import ReportOrder, SmtpAccountCreate
from app.jobs.work_off import work_off
from app.reports.api import disposition
from app.reports.fill import fill
from tests.access_objects import new_person
from tests.datasets.reading import read
from tests.deliveries.test_compose import DRAFT, parsed, report
from tests.naughty import EVERY_ONE_OF_THE_LIST, PAYLOADS

CSV = b"city,people\nOslo,700000\n"
NAMES = [
    *("../x.csv", "../../../../etc/cron.d/x", "..\\..\\x.csv", "/etc/passwd"),
    *("C:\\Windows\\x.csv", "\\\\host\\share\\x"),
    *("....//....//x", "%2e%2e%2fx", "..%c0%afx", "..%00x", "x\0.csv"),
    *("\0", "x\n.csv", "x\r\nSet-Cookie: a=b", "x\x7f"),
    *("CON", "NUL.csv", "aux", "COM1", "LPT1.csv", "x:stream", "x.csv::$DATA"),
    *(".", "..", "...", " ", "x.csv ", " x.csv"),
    *("-rf", "--help", "~", "~root", "$HOME", "$(id)", "`id`", "|id"),
    *(";id", "&id", "x>y", "x<y", "*", "?", "[a]", "{a,b}"),
    *("a" * 300, "é" * 300, "😀" * 100, "x." + "y" * 300, "file:///etc/passwd", "http://x/y", "s3://b/k", ".htaccess"),
    *(".ssh/authorized_keys", "x.csv.partial", "index.html", "x.py", "x\u202egpj.exe", "\ufeffx", "x\u2028y", "İ", "ﬁ"),
    *("reports/../../x", "/", "//", "\\"),
]  # fmt: skip


@pytest.fixture
def ada(database: str) -> Actor:
    return new_person(Role.author)


def everything_under(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*")}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_the_name_of_a_file_is_never_its_place(name: str) -> None:
    root = settings().data_dir
    before = everything_under(root)
    upload = datasets.store_upload(SYSTEM, name, [CSV])
    new = {path for path in everything_under(root) - before if (root / path).is_file()}
    assert new == {Path("storage") / upload.key}
    assert re.fullmatch(r"[a-z]+/[0-9a-f-]{32,36}(/[a-z]+)?", upload.key)
    assert storage.read(upload.key) == CSV
    datasets.discard_upload(upload)


@pytest.mark.parametrize("key", [name for name in NAMES if not re.fullmatch(r"[\w.]{1,200}(\.csv)?", name, re.ASCII)])
def test_the_storage_itself_takes_no_key_that_leads_out_of_it(key: str) -> None:
    for use in (storage.read, storage.delete, lambda wanted: storage.write(wanted, b"x")):
        with pytest.raises(ValueError, match="not a key"):
            use(f"shelf/{key}" if not key.startswith("/") else key)


@pytest.mark.parametrize("text", [*EVERY_ONE_OF_THE_LIST, *PAYLOADS], ids=lambda text: ascii(text[:20]))
def test_no_text_of_the_list_adds_a_header_or_a_recipient(text: str) -> None:
    """Through names, subject and message, into the bytes that a mail server would get, and back."""
    hostile = f"{text}\r\nBcc: victim@example.com\r\n\r\n<b>x</b>"
    plain = parsed(DRAFT)
    changes = ({"subject": hostile}, {"sender_name": hostile}, {"message": hostile}, {"report": report(title=hostile)})
    for change in changes:
        mail = parsed(replace(DRAFT, **change))
        assert [*mail.keys()] == [*plain.keys()]
        assert (mail["To"], mail["Bcc"]) == (plain["To"], None)


ADDRESSES = [
    "a@example.com\r\nBcc: b@example.com", "a@example.com\nRCPT TO:<b@example.com>", "a@example.com, b@example.com",
    "<a@example.com>", "a b@example.com", "a@example.com>", '"a\r\nb"@example.com', "a@example.com\0", "@example.com",
    "a@exam ple.com", "a@example.com;b@example.com", "mailto:a@example.com?bcc=b@example.com", "a@[127.0.0.1]\r\n",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_an_address_is_one_address(address: str) -> None:
    with pytest.raises(ValidationError):
        ReportOrder.model_validate({"template_id": "00000000-0000-0000-0000-000000000001", "recipients": [address]})
    with pytest.raises(ValidationError):
        SmtpAccountCreate.model_validate({"name": "x", "host": "mail.example.com", "from_address": address})


@pytest.mark.parametrize("text", [*EVERY_ONE_OF_THE_LIST, *PAYLOADS, *NAMES], ids=lambda text: ascii(text[:20]))
def test_a_download_keeps_its_name_and_adds_no_header(text: str) -> None:
    """As the parser of the standard library reads it back."""
    header = disposition(f"{text}.pdf")
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    assert unquote(header.partition("filename*=UTF-8''")[2]) == f"{text}.pdf"


FORMULAS = ["=1+1", "+1", "-1+x", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "-", "=",
            "=cmd|' /C calc'!A0",             '=HYPERLINK("http://x","y")', "@", "+"]  # fmt: skip


def test_no_cell_name_or_reject_is_a_formula_in_an_export(ada: Actor) -> None:
    columns = [{"name": "=name", "type": "text"}, {"name": "n", "type": "integer"}]
    with transaction() as db:
        schema = {"columns": columns}
        datasets.create_dataset(db, ada, DatasetCreate.model_validate({"name": "sheet", "schema": schema}))
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("=name", "n"), *((f, "-7") for f in FORMULAS), ("=bad", "x")])
    upload = datasets.store_upload(ada, "=file.csv", [text.getvalue().encode()])
    with transaction() as db:
        datasets.receive_file(db, ada, "sheet", upload)
    work_off(HANDLERS)
    with transaction() as db:
        rows = b"".join(datasets.export_rows(db, ada, "sheet", "csv").parts()).decode()
        rejects = b"".join(datasets.export_rejects(db, ada, "sheet", "csv").parts()).decode()
    header, *body = csv.reader(io.StringIO(rows, newline=""))
    assert header[0] == "'=name"
    assert [row[0] for row in body] == [f"'{formula}" for formula in FORMULAS]
    assert {row[1] for row in body} == {"-7"}
    cells = [cell for row in csv.reader(io.StringIO(rejects, newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == []


PATTERNS = ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "a{1,500}{1,20}b"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_a_person_takes_linear_time(pattern: str) -> None:
    """The engine is Rust's, by way of Polars: it never goes back."""
    column: dict[str, Any] = {"name": "a", "type": "text", "pattern": pattern}
    content = b"a\n" + b"a" * 50_000 + b"!\n"
    read(b"a\nx\n")  # what is loaded once
    start = time.process_time()
    try:
        read(content, [column])
    except Exception as error:  # a pattern may be refused, too
        assert "pattern" in str(error)  # noqa: PT017
    assert time.process_time() - start < 10


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ report.__class__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ ''|attr('__class__') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% for i in range(10 ** 9) %}x{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ 'x' * 10 ** 9 }}",
    "{{ 'a'.center(10 ** 9) }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_text_with_code_for_the_template_engine_fails_in_words(text: str) -> None:
    start = time.monotonic()
    answer = fill({"one": text}, set(), {"report": {"title": "x"}})
    ok, said = answer["one"]
    assert not ok
    assert said.startswith("The text cannot be filled in")
    assert "root:" not in said
    assert "Traceback" not in said
    assert time.monotonic() - start < 60
