"""Each rule on its own, and all of them together."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.datasets.expressions import ExpressionError, condition
from app.datasets.schemas import Column, DatasetSchema
from tests.datasets.reading import read, rules_of


def at(*parts: int) -> datetime:
    """As timestamps are stored: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


def one(value: str, **column: Any) -> tuple[Any, list[str]]:
    """What becomes of one value: as stored, or the rules that it broke."""
    quoted = '"' + value.replace('"', '""') + '"'
    reading = read(f"v,w\n{quoted},x\n".encode(), [{"name": "v", **column}, {"name": "w"}], pins={"delimiter": ","})
    return (reading.rows[1][0], []) if reading.rows else (None, rules_of(reading)[1])


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ({"type": "integer"}, "9223372036854775807", 9223372036854775807),
        ({"type": "integer"}, " 7 ", 7),
        ({"type": "decimal", "decimals": 2}, "-1.5", Decimal("-1.50")),
        ({"type": "decimal", "decimals": 2}, "1.500", Decimal("1.50")),
        ({"type": "decimal", "decimals": 8}, "0.00000001", Decimal("0.00000001")),
        ({"type": "number"}, "1e-3", 0.001),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "0", False),
        ({"type": "date"}, "2026-02-28", date(2026, 2, 28)),
        ({"type": "date", "formats": ["%d.%m.%Y", "%m/%d/%Y"]}, "02/28/2026", date(2026, 2, 28)),
        ({"type": "timestamp"}, "2026-03-02T10:00:00+02:00", at(2026, 3, 2, 8)),
        ({"type": "timestamp"}, "2026-03-02 10:00:00.25", at(2026, 3, 2, 10, 0, 0, 250000)),
        ({"type": "timestamp"}, "2026-03-02T10:00:00Z", at(2026, 3, 2, 10)),
        ({"type": "timestamp"}, "2026-03-02", at(2026, 3, 2)),
        ({"transform": "trim upper"}, " usd ", "USD"),
        ({"default": "n/a"}, "", "n/a"),
        ({"type": "integer", "allowed": ["1", "2"]}, "02", 2),
        ({"type": "timestamp", "max": "now"}, "2026-03-02T12:00:00", at(2026, 3, 2, 12)),
        ({"type": "decimal", "decimals": 2, "max": "1.105"}, "1.10", Decimal("1.10")),
    ],
)
def test_value_is_stored_exactly(column: dict[str, Any], value: str, stored: Any) -> None:
    assert one(value, **column) == (stored, [])


@pytest.mark.parametrize(
    ("column", "value", "rules"),
    [
        ({"type": "integer"}, "9223372036854775808", ["type"]),
        ({"type": "integer"}, "1.0", ["type"]),
        ({"type": "integer"}, "0x10", ["type"]),
        ({"type": "decimal", "decimals": 2}, "0.005", ["decimals"]),
        ({"type": "decimal", "decimals": 2}, "1e-3", ["decimals"]),
        ({"type": "decimal", "decimals": 2}, "99999999999999999.00", ["type"]),
        ({"type": "decimal", "decimals": 2}, "1,50", ["type"]),
        ({"type": "decimal", "decimals": 2}, "nan", ["type"]),
        ({"type": "decimal", "decimals": 2, "max": "1.105"}, "1.11", ["max"]),
        ({"type": "number"}, "1e309", ["finite"]),
        ({"type": "number"}, "inf", ["finite"]),
        ({"type": "number"}, "NaN", ["finite"]),
        ({"type": "boolean"}, "maybe", ["type"]),
        ({"type": "date"}, "2026-02-29", ["type"]),
        ({"type": "date"}, "24-02-29", ["year"]),
        ({"type": "date", "formats": ["%d.%m.%Y"]}, "2026-02-28", ["type"]),
        ({"type": "timestamp"}, "2026-03-02T10:00:60", ["precision"]),
        ({"type": "timestamp"}, "2026-03-02T10:00:00.1234567", ["precision"]),
        ({"type": "timestamp", "max": "now"}, "2026-03-02T12:00:01", ["max"]),
        ({"type": "timestamp", "max": "today"}, "2026-03-03T00:00:00", ["max"]),
        ({"required": True}, "", ["required"]),
        ({"required": True, "transform": "trim"}, "   ", ["required"]),
        ({"min_length": 2, "max_length": 3}, "é", ["min_length"]),
        ({"min_length": 2, "max_length": 3}, "éééé", ["max_length"]),
        ({"pattern": "^A[0-9]+$"}, "B1", ["pattern"]),
        ({"allowed": ["USD"]}, "usd", ["allowed"]),
        ({"type": "integer", "min": 1}, "0", ["min"]),
        ({"type": "integer", "exclusive_max": 1}, "1", ["exclusive_max"]),
        ({"type": "integer", "min": "0.5"}, "0", ["min"]),
    ],
)
def test_value_is_refused_with_its_rule(column: dict[str, Any], value: str, rules: list[str]) -> None:
    assert one(value, **column) == (None, rules)


def test_every_rule_that_a_row_breaks_is_told_with_value_and_words() -> None:
    columns = [{"name": "a", "type": "integer", "min": 1}, {"name": "b", "max_length": 2, "allowed": ["x"]}]
    reading = read(b"a,b\n-1,long\n", columns)
    assert reading.failures[1] == [("a", "min"), ("b", "max_length"), ("b", "allowed")]
    assert reading.messages[1] == [
        'a "-1" is less than 1.',
        'b "long" has more than 2 characters.',
        'b "long" is not one of x.',
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=80), st.integers(4, 50))
def test_of_equal_values_exactly_the_first_is_kept(values: list[int], block: int) -> None:
    content = "v\n" + "".join(f"{value}\n" for value in values)
    reading = read(content.encode(), [{"name": "v", "type": "integer", "unique": True}], block=block)
    first = {value: values.index(value) + 1 for value in values}
    assert sorted(reading.rows) == sorted(first.values())
    for row, messages in reading.messages.items():
        assert messages == [f"v was there before, in row {first[values[row - 1]]} of this file."]


@pytest.mark.parametrize("quiet", ["", "7"], ids=["missing", "seen before"])
def test_a_block_without_a_new_value_does_not_stop_the_load(quiet: str) -> None:
    content = "v,w\n" + "7,1\n" + f"{quiet},1\n" * 20 + "8,1\n7,1\n"
    columns = [{"name": "v", "type": "integer", "unique": True}, {"name": "w", "type": "integer"}]
    reading = read(content.encode(), columns, block=8)
    assert rules_of(reading) == {row: ["unique"] for row in ([*range(2, 22), 23] if quiet else [23])}


@pytest.mark.parametrize(
    ("column", "again"),
    [
        ({"type": "integer"}, "007"),
        ({"type": "decimal", "decimals": 2}, "7.0"),
        ({"type": "number"}, "0.7e1"),
        ({"type": "text", "transform": "trim"}, " 7 "),
    ],
)
def test_a_value_in_another_spelling_is_there_before(column: dict[str, Any], again: str) -> None:
    columns: list[dict[str, Any]] = [{"name": "v", "unique": True, **column}, {"name": "w"}]
    reading = read(f"v,w\n7,\n{again},\n".encode(), columns)
    assert rules_of(reading) == {2: ["unique"]}


@pytest.mark.parametrize("name", ["*", "^.*$"])
def test_a_name_that_means_several_columns_to_the_engine_means_one(name: str) -> None:
    column: dict[str, Any] = {"name": name, "type": "integer", "unique": True, "min": 2, "allowed": ["1", "2", "3"]}
    rule = {"name": "r", "expression": f"col('{name}') < b"}
    reading = read(
        f"{name},b,c\n1,2,x\n2,x,\nx,,y\n3,3,z\n3,4,\n".encode(),
        [column, {"name": "b", "type": "integer"}],
        rules=[rule],
    )
    assert rules_of(reading) == {1: ["min"], 2: ["type"], 3: ["type"], 4: ["r"], 5: ["unique"]}
    assert reading.messages[4] == [f"col('{name}') < b does not hold."]


def test_a_key_of_two_columns_must_be_unique_and_complete() -> None:
    content = b"a,b,c\n1,1,x\n1,2,x\n1,1,y\n,1,x\n"
    reading = read(content, [{"name": "a"}, {"name": "b"}, {"name": "c"}], key=["a", "b"])
    assert reading.failures == {3: [("a, b", "unique")], 4: [("a", "required")]}


ORDER = [
    {"name": "total", "type": "decimal", "decimals": 2},
    {"name": "price", "type": "decimal", "decimals": 2},
    {"name": "count", "type": "integer"},
    {"name": "start", "type": "timestamp"},
    {"name": "end", "type": "date"},
    {"name": "note"},
]


@pytest.mark.parametrize(
    ("expression", "row", "holds"),
    [
        ("total == price * count", "0.30,0.10,3,,,", True),
        ("total == price * count", "0.31,0.10,3,,,", False),
        ("abs(total - price * count) <= 0.01", "0.31,0.10,3,,,", True),
        ("total == price * count", ",0.10,3,,,", True),
        ("total / count < 1.5", "3.00,,2,,,", False),
        ("total / count < 1.5", "3.00,,0,,,", True),
        ("end >= date(start)", ",,,2026-01-02T10:00:00,2026-01-02,", True),
        ("end >= start", ",,,2026-01-02T10:00:00,2026-01-02,", False),
        ("end < '2026-01-01'", ",,,,2026-01-02,", False),
        ("start <= now()", ",,,2999-01-01T00:00:00,,", False),
        ("1 < count < 5", ",,5,,,", False),
        ("count in [1, 2] or note == 'any'", ",,3,,,any", True),
        ("not (count in [1, 2])", ",,2,,,", False),
        ("is_missing(total) or not is_missing(note)", "1.00,,,,,", False),
        ("lower(note) == 'yes' and len(note) == 3", ",,,,,YES", True),
        ("starts_with(note, 'ab') or contains(note, 'z')", ",,,,,xaz", True),
        ("year(end) == 2026 and month(start) == 1", ",,,2026-02-01T00:00:00,2026-05-05,", False),
        ("-count < 0 and count % 2 == 1", ",,4,,,", False),
        ("col(\"count\") + 1 > count", ",,4,,,", True),
    ],
)  # fmt: skip
def test_rule_over_columns(expression: str, row: str, holds: bool) -> None:
    content = f"total,price,count,start,end,note\n{row}\n".encode()
    reading = read(content, ORDER, rules=[{"name": "r", "expression": expression, "message": "does not fit"}])
    assert bool(reading.rows) == holds
    assert rules_of(reading) == ({} if holds else {1: ["r"]})


HUGE = "9000000000000000000"


@pytest.mark.parametrize(
    ("expression", "row", "rules"),
    [
        ("a * b > 0", f"{HUGE},{HUGE},", []),
        ("a * b < 0", f"{HUGE},{HUGE},", ["r"]),
        ("a + b > a", f"{HUGE},{HUGE},", []),
        ("-a > 0", "-9223372036854775808,,", []),
        ("abs(a) > 0", "-9223372036854775808,,", []),
        ("a * b * a > 0", f"{HUGE},{HUGE},", ["r"]),
        ("a * b * a > 0", "3,4,", []),
        ("a * b * a > 0", f"{HUGE},-1,", ["r"]),
        ("a * b * a > 0 or a == b", f"{HUGE},{HUGE},", []),
        ("c * c * c > 0", ",,9999999999999999.99", ["r"]),
        ("c * c * c > 8", ",,2.01", []),
        ("c * a * b == 6", "2,3,1.00", []),
        ("c * a * b > 0", f"{HUGE},{HUGE},1.00", ["r"]),
        ("a * b > c", f"{HUGE},{HUGE},1.00", ["r"]),
        ("a * b / c > 1", f"{HUGE},{HUGE},1.00", []),
        ("(a * b) % 7 == 4", f"{HUGE},2,", []),
    ],
)
def test_a_rule_never_calculates_with_a_number_that_wrapped(expression: str, row: str, rules: list[str]) -> None:
    whole, exact = {"type": "integer"}, {"type": "decimal", "decimals": 2}
    columns: list[dict[str, Any]] = [{"name": "a", **whole}, {"name": "b", **whole}, {"name": "c", **exact}]
    content = f"a,b,c,w\n{row},x\n1,1,1.00,x\n".encode()
    rule = {"name": "r", "expression": expression}
    reading = read(content, [*columns, {"name": "w"}], rules=[rule])
    assert rules_of(reading).get(1, []) == rules


@pytest.mark.parametrize("limit", ["1e-30", "1e40", "-1e40"])
def test_a_limit_far_from_the_digits_of_a_column_stops_no_load(limit: str) -> None:
    assert one("0.00", type="decimal", decimals=2, min=limit)[1] == ([] if limit.startswith("-") else ["min"])


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('id') == 0",
        "(lambda: 1)() == 1",
        "[x for x in count] == 1",
        "note.upper() == 'A'",
        "count",
        "nobody > 1",
        "note > 3",
        "end > 'soon'",
        "lower(count) == 'a'",
        "count ** 99 > 1",
        "count @ count == 1",
        "f'{count}' == '1'",
        "count is None",
        "1 ==",
        "count > 1 if True else False",
        "at > '0001-01-01T00:00:00+14:00'",
        "+".join(["count"] * 300) + " > 1",
    ],
)
def test_what_is_no_safe_rule_is_refused_in_words(expression: str) -> None:
    kinds = {"count": "integer", "note": "text", "end": "date", "at": "timestamp"}
    with pytest.raises(ExpressionError, match="rule"):
        condition(expression, kinds)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"name": "_row"}, "start with _"),
        ({"name": " a"}, "space"),
        ({"name": "a", "min": 1}, "needs a number"),
        ({"name": "a", "type": "integer", "min": "many"}, "not a number"),
        ({"name": "a", "type": "date", "max": "soon"}, "not an ISO date"),
        ({"name": "a", "type": "timestamp", "min": "0001-01-01T00:00:00+14:00"}, "not an ISO timestamp"),
        ({"name": "a", "pattern": "("}, "not a regular expression"),
        ({"name": "a", "pattern": "(?=x)"}, "linear time"),
        ({"name": "a", "type": "integer", "pattern": "x"}, "needs type text"),
        ({"name": "a", "allowed": []}, "refuses every value"),
        ({"name": "a", "type": "date", "formats": ["%d.%m.%y"]}, "four-digit year"),
        ({"name": "x" * 64}, "63 bytes"),
    ],
)
def test_a_column_that_makes_no_sense_is_refused_in_words(column: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Column.model_validate(column)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"columns": [{"name": "a"}, {"name": "A"}]}, "there twice"),
        ({"columns": [{"name": "a"}], "key": ["b"]}, "not among the columns"),
        ({"columns": [{"name": "a"}], "mode": "upsert"}, "needs a key"),
        ({"columns": [{"name": "a"}], "rules": [{"name": "r", "expression": "b > 1"}]}, "not a column"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused_in_words(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DatasetSchema.model_validate(schema)
