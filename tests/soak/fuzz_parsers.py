"""Feeds mutated bytes to everything that reads what strangers send, guided by coverage (atheris, not a dependency):

    pip install --target /tmp/atheris atheris
    PYTHONPATH=/tmp/atheris python -m tests.soak.fuzz_parsers files /tmp/corpus -max_total_time=600
    PYTHONPATH=/tmp/atheris python -m tests.soak.fuzz_parsers words /tmp/corpus -max_total_time=600

`files`: CSV, JSON lines and JSON lists, each whole and in small blocks, which must give the same. `words`: recognition
and conditions. `sql`: questions, in a process of their own as in the product, because DuckDB's exceptions do not pass
through this library; two hundred at once, so a crash of it is of one of the last two hundred. The first byte chooses.
Only refusals in words are allowed; libFuzzer prints the rest.
"""

import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["app.datasets", "tests.datasets.reading"]):
    from app.core import children, clock
    from app.core.errors import AppError
    from app.datasets.compile_sql import compile_sql
    from app.datasets.expressions import ExpressionError, condition
    from app.datasets.formats.json_text import BrokenJson, Elements, Shape
    from app.datasets.formats.look import look_inside
    from app.datasets.schemas import Pins
    from tests.datasets.reading import Reading, read, read_json

KINDS = {"n": "integer", "d": "decimal", "f": "number", "t": "text", "b": "boolean", "day": "date", "at": "timestamp"}
SHAPES: tuple[Shape, ...] = ("list", "wrapped", "sequence")
AT_ONCE = 200
waiting: list[str] = []
NAMES = ("a.csv", "a.json", "a", "a.zip", "a.csv.gz", "a.xlsx")
SEEDS = {
    "files": (
        b'\x00\x05a,b,c\n1,"2,\n",3\n4,5" x,6\n7,"x"y,8\n9,"open,1\n1,2,3\n',
        b"\x00\x07\xef\xbb\xbfa;b\r\n1;\xe9\r\n\r\n\x00;2\r\n",
        b"\x00\x09a\tb\r1\t2\r3\t4\r",
        b'\x01\x06{"a": 1.50, "b": "x\\n"}\n{"a": NaN}\n[1]\n\n{"a": 1, "a": 2}\n{"b": {"c": [1]}}\n',
        b'\x02\x04[{"a": "]\\"", "b": [1, {"c": 2}]}, {"a": null}, 3]',
        b'\x03\x04{"rows": [{"a": 1}, {"a": 2}]}',
        b'\x04\x04{"a": 1}\n{\n"a": 2}{"a": 3}',
    ),
    "words": (
        b"\x00\x00a,b\n1,2\n",
        b'\x00\x01[{"a": 1}]',
        b"\x01\x00n > 1 and t in ['a', 'b'] or not is_missing(day) and day >= '2026-01-31'",
        b"\x01\x00abs(d * 2.50 - f / n) % 3 <= 0.01 and lower(t) != upper(trim(t)) and at < now()",
    ),
    "sql": (
        b"\x02\x00WITH x AS (SELECT a, sum(b) OVER (ORDER BY c) AS s FROM t) SELECT * FROM x WHERE a = $p",
        b"\x02\x00SELECT * FROM read_text('/etc/passwd')",
    ),
}


def main() -> None:
    group, folder, *options = sys.argv[1:]
    corpus = Path(folder) / group
    corpus.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(SEEDS[group]):
        (corpus / f"seed{place}").write_bytes(seed)
    targets = {"files": (_csv, _lines, _list, _list, _list), "words": (_recognised, _condition), "sql": (_sql,)}[group]

    def one(data: bytes) -> None:
        if len(data) > 2:
            targets[data[0] % len(targets)](data)

    atheris.Setup([sys.argv[0], *options, "-max_len=600", str(corpus)], one)
    atheris.Fuzz()


def _refused(call: Callable[[], Any]) -> Any:
    """What it gives, or the words of its refusal. Names of columns that no dataset may have are one, too."""
    try:
        return call()
    except (AppError, ValidationError) as error:
        return error.message if isinstance(error, AppError) else "names"


def _csv(data: bytes) -> None:
    _same_in_blocks(lambda block: read(data[2:], block=block, pins={"encoding": "utf-8"}), 5 + data[1] % 60)


def _lines(data: bytes) -> None:
    _same_in_blocks(lambda block: read_json(data[2:], names=["a", "b"], block=block), 5 + data[1] % 60)


def _same_in_blocks(call: Callable[[int], Reading], block: int) -> None:
    whole, parts = _refused(lambda: call(8 << 20)), _refused(lambda: call(block))
    if isinstance(whole, str) or isinstance(parts, str):
        assert whole == parts, (whole, parts)
        return
    assert whole.count == len(whole.rows) + len(whole.failures) == len(whole.raw)
    assert list(whole.raw) == list(range(1, whole.count + 1))
    for fact in ("rows", "failures", "lines", "raw", "bytes_read"):
        assert getattr(whole, fact) == getattr(parts, fact), fact


def _list(data: bytes) -> None:
    shape, size = SHAPES[data[0] % len(SHAPES)], 1 + data[1] % 20
    whole, parts = _elements(shape, data[2:], len(data)), _elements(shape, data[2:], size)
    assert whole == parts, (whole, parts)


def _elements(shape: Shape, text: bytes, size: int) -> list[bytes] | str:
    elements, lines = Elements(shape), []
    try:
        for start in range(0, len(text), size):
            lines += elements.feed(text[start : start + size])
        return [*lines, *elements.finish()]
    except BrokenJson as error:
        return error.message


def _recognised(data: bytes) -> None:
    _refused(lambda: look_inside(io.BytesIO(data[2:]), NAMES[data[1] % len(NAMES)], Pins(), 50))


def _condition(data: bytes) -> None:
    text, at = data[2:].decode("utf-8", "replace"), 1
    try:
        compile_sql(condition(text, KINDS), clock.now()).as_string(None)
    except ExpressionError as error:
        at = error.at
    assert 1 <= at <= len(text) + 1


def _sql(data: bytes) -> None:
    waiting.append(data[2:].decode("utf-8", "replace"))
    if len(waiting) == AT_ONCE:
        found = children.call("tests.soak.ask_sql:ask_all", waiting, wall_seconds=300)
        assert not found, found
        waiting.clear()


if __name__ == "__main__":
    main()
