"""Numbers as Europe writes them: proposed where nothing else can be meant, read exactly, and never read as another."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import db
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.columns import DECIMAL_COMMA
from app.datasets.infer import propose_parts
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Column, Pins
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, rejects_of, rows_of
from tests.datasets.reading import read
from tests.datasets.tables import xlsx
from tests.datasets.test_bulk_replay import result_of
from tests.datasets.test_replay import mend
from tests.datasets.test_trial import changed, tried
from tests.datasets.test_versions import apply

POINTS, SPACES, NONE = "1.234,56", "1 234,56", "1234,56"
PRICES: list[dict[str, Any]] = [
    {"name": "id"},
    {"name": "price", "type": "decimal", "decimals": 2, "formats": [POINTS], "min": 1, "default": "2.50"},
]


def column(kind: str, form: str, **rest: Any) -> list[dict[str, Any]]:
    rest |= {"decimals": 2} if kind == "decimal" else {}
    return [{"name": "a", "type": kind, "formats": [form], **rest}, {"name": "b"}]


def file_of(*values: str) -> bytes:
    return "\n".join(["a;b", *(f"{value};x" for value in values), ""]).encode()


@pytest.mark.parametrize(
    ("kind", "form", "value", "stored"),
    [
        ("decimal", POINTS, "12,5", Decimal("12.50")),
        ("decimal", POINTS, "-1.234.567,89", Decimal("-1234567.89")),
        ("decimal", POINTS, "1234,5", Decimal("1234.50")),
        ("decimal", POINTS, "1.234", Decimal("1234.00")),
        ("decimal", POINTS, " +0,250 ", Decimal("0.25")),
        ("decimal", SPACES, "1 234,56", Decimal("1234.56")),
        ("decimal", SPACES, "1\u00a0234\u00a0567,5", Decimal("1234567.50")),
        ("decimal", SPACES, "1\u202f234,5", Decimal("1234.50")),
        ("decimal", SPACES, "1\u2009234,5", Decimal("1234.50")),
        ("decimal", NONE, ",5", Decimal("0.50")),
        ("integer", POINTS, "9.223.372.036.854.775.807", 2**63 - 1),
        ("number", POINTS, "1,5E-3", 0.0015),
        ("number", NONE, "0,1", 0.1),
    ],
)
def test_value_is_stored_exactly(kind: str, form: str, value: str, stored: Any) -> None:
    reading = read(file_of(value), column(kind, form))
    assert [row[0] for row in reading.values] == [stored]


@pytest.mark.parametrize(
    ("kind", "form", "value", "rules"),
    [
        *[("decimal", form, text, ["type"]) for form in DECIMAL_COMMA for text in ("1234.56", "12.5", "1,234.56")],
        *[("number", form, text, ["type"]) for form in DECIMAL_COMMA for text in ("1.23,4", "1,2,3", "nan", "-", ",")],
        ("decimal", POINTS, "0.125", ["type"]),
        ("decimal", POINTS, "1234.567", ["type"]),
        ("decimal", POINTS, "1.2345", ["type"]),
        ("decimal", POINTS, "1 234,5", ["type"]),
        ("decimal", NONE, "1.234", ["type"]),
        ("decimal", SPACES, "1.234", ["type"]),
        ("decimal", SPACES, "12 34,5", ["type"]),
        ("decimal", POINTS, "0,125", ["decimals"]),
        ("decimal", POINTS, "1,5e1", ["decimals"]),
        ("integer", POINTS, "1,0", ["type"]),
        ("integer", POINTS, "9.223.372.036.854.775.808", ["type"]),
        ("number", NONE, "1,0e309", ["finite"]),
    ],
)
def test_value_is_refused_with_its_rule(kind: str, form: str, value: str, rules: list[str]) -> None:
    reading = read(file_of(value), column(kind, form))
    assert ([rule for _, rule in reading.failures.get(1, [])], reading.values) == (rules, [])


def test_the_message_names_the_value_as_it_stands_in_the_file_and_the_form() -> None:
    reading = read(file_of("1234.56", "0,5"), column("decimal", POINTS, min=1))
    assert reading.messages[1][0].startswith('a "1234.56" is not a decimal number')
    assert reading.messages[1][0].endswith("in the form 1.234,56.")
    assert reading.messages[2] == ['a "0,5" is less than 1.']


def test_limits_allowed_values_defaults_and_rules_are_about_the_number() -> None:
    columns = column("decimal", POINTS, max=1500, allowed=["0.5", "1234.5", "1600"], default="0.5")
    rules = [{"name": "large", "expression": "a > 1000"}]
    reading = read(file_of("1.234,50", "", "1.600", "7,00"), columns, rules=rules)
    assert reading.values == [(Decimal("1234.50"), "x")]
    assert [[rule for _, rule in reading.failures[row]] for row in (2, 3, 4)] == [
        ["large"],
        ["max"],
        ["allowed", "large"],
    ]


@settings(max_examples=100, deadline=None)
@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["", ".", " ", "\u00a0", "\u202f"]))
def test_every_number_that_is_written_is_read(number: Decimal, sign: str) -> None:
    written = f"{number:,.2f}".replace(",", "_").replace(".", ",").replace("_", sign)
    form = {"": NONE, ".": POINTS}.get(sign, SPACES)
    assert read(file_of(written), column("decimal", form)).values == [(number, "x")]


def proposed(
    content: str | bytes, file_name: str = "rows.csv", pins: Pins | None = None
) -> dict[str, tuple[str, list[str]]]:
    upload = datasets.store_upload(SYSTEM, file_name, [content.encode() if isinstance(content, str) else content])
    columns = [one.column for one in propose_parts(upload, pins).parts[0].columns]
    return {one.name: (str(one.type), one.formats) for one in columns if one.name != "id"}


@pytest.mark.parametrize(
    ("values", "kind", "forms"),
    [
        (["12,5", "1,234", "7"], "decimal", [NONE]),
        (["12,5", "1.234,56", "1.234"], "decimal", [POINTS]),
        (["1\u202f234,56", "3"], "decimal", [SPACES]),
        (["0,123", "1,234"], "decimal", [NONE]),
        (["1,23456789", "1,5E3"], "number", [NONE]),
        (["1,234", "2,345"], "text", []),  # in English, one thousand and some
        (["12,5", "1.5"], "text", []),
        (["12,5", "1,2,3"], "text", []),
        (["00,5", "1,5"], "text", []),
        (["12,5", "n/a"], "text", []),
        (["1.234.567", "1.234"], "text", []),
    ],
)
def test_a_form_is_proposed_where_nothing_else_can_be_meant(values: list[str], kind: str, forms: list[str]) -> None:
    lines = "".join(f"{place};{value}\n" for place, value in enumerate(values))
    assert proposed(f"id;x\n{lines}") == {"x": (kind, forms)}


def test_other_columns_say_whether_a_comma_may_be_meant() -> None:
    text: tuple[str, list[str]] = ("text", [])
    assert proposed('id,x\n1,"12,5"\n2,"3,7"\n') == {"x": text}
    assert proposed('id,x\n1,"1.212,5"\n2,"3,7"\n') == {"x": ("decimal", [POINTS])}
    assert proposed("id;x;y\n1;12,5;1.5\n2;3,7;2.25\n") == {"x": text, "y": ("decimal", [])}
    assert proposed("id;x;y\n1;12,5;1.500\n2;3,7;2.250\n") == {"x": ("decimal", [NONE]), "y": text}
    assert proposed("id;x;y\n1;1,5;1.500\n", pins=Pins(numbers="1234.56")) == {"x": text, "y": ("decimal", [])}
    assert proposed('{"id": 1, "x": "12,5"}\n', "rows.ndjson") == {"x": text}


def test_what_is_proposed_loads_and_what_is_downloaded_has_points(database: str) -> None:
    lines = "".join(f"{row};{row * 1111},{row % 100:02}\n" for row in range(1, 50))
    upload = datasets.store_upload(SYSTEM, "rows.csv", [f"id;price\n{lines}".encode()])
    with db.transaction() as session:
        [made] = datasets.create_from(session, SYSTEM, upload, propose_parts(upload))
    work_off(HANDLERS)
    assert rows_of(made.dataset)[:2] == [[1, Decimal("1111.01")], [2, Decimal("2222.02")]]
    with db.transaction() as session:
        text = b"".join(datasets.export_rows(session, SYSTEM, made.dataset, "csv").parts()).decode()
    assert text.splitlines()[1].endswith("1,1111.01")
    assert load(made.dataset, text.encode(), numbers="1234.56").rows_valid == 49


def test_the_same_text_means_what_its_file_means_by_it(database: str) -> None:
    make_dataset("prices", PRICES)
    load("prices", b"id;price\na;1.234\nb;\n")
    load("prices", b"id;price\nc;1.25\n", numbers="1234.56")
    load("prices", xlsx({"P": [["id", "price"], ["d", 1.25], ["e", "1.25"], ["f", "1,25"]]}), "p.xlsx")
    load("prices", b'{"id": "g", "price": 1.25}\n{"id": "h", "price": "1.25"}\n', "p.ndjson")
    assert {row[0]: str(row[1]) for row in rows_of("prices")} == {
        "a": "1234.00",
        "b": "2.50",
        **dict.fromkeys("cdegh", "1.25"),
    }


def correct(name: str, content: bytes) -> dict[str, Any]:
    upload = datasets.store_upload(SYSTEM, name, [content])
    with db.transaction() as session:
        started = datasets.correct_rejects(session, SYSTEM, "prices", upload)
    work_off(HANDLERS)
    return result_of(started.job_id)


def test_mended_rows_are_read_as_the_load_read_them(database: str) -> None:
    make_dataset("prices", PRICES)
    batch = load("prices", b"id;price\na;12.5\nb;x\nc;x\nd;x\ne;x\n")
    still = mend(batch, 1, values={"price": "1234.5"})
    assert "in the form 1.234,56" in still.failures[0].message
    assert mend(batch, 1, values={"price": "1.234"}).mended
    lines: list[list[Any]] = [["batch", "row", "price"], [batch.id, 2, 12345.25], [batch.id, 3, "1.234,56"]]
    assert correct("mended.xlsx", xlsx({"M": lines}))["stored"] == 2
    assert correct("mended.csv", f"batch;row;price\n{batch.id};4;2.345\n".encode())["stored"] == 1
    assert correct("mended.json", json.dumps([{"batch": batch.id, "row": 5, "price": 1.25}]).encode())["stored"] == 1
    wanted = ["1234.00", "12345.25", "1234.56", "2345.00", "1.25"]
    assert [str(row[1]) for row in rows_of("prices")] == wanted
    apply("prices", [PRICES[0], PRICES[1] | {"max": 2000}])
    assert [str(row[1]) for row in rows_of("prices")] == ["1234.00", "1234.56", "1.25"]
    assert [one.raw for one in rejects_of(batch)] == ["b;x", "d;x"]


def test_a_form_is_tried_and_laid_over_what_is_stored(database: str) -> None:
    content = b"id;price\na;1.234\nb;12,5\nc;12.5\n"
    trial = tried(content, PRICES)
    assert (trial.rows_rejected, [one.examples for one in trial.reasons]) == (1, [["12.5"]])
    make_dataset("prices", [PRICES[0], {"name": "price"}])
    load("prices", content)
    assert changed("prices", PRICES).newly_rejected == 1
    after = apply("prices", PRICES)
    assert rows_of("prices") == [["a", Decimal("1234.00")], ["b", Decimal("12.50")]]
    assert (after.rows, after.rejected) == (2, 1)


def test_one_value_is_the_same_in_any_spelling(database: str) -> None:
    make_dataset("prices", [PRICES[0], PRICES[1] | {"unique": True}])
    batch = load("prices", b"id;price\na;1.234,5\nb;1234,50\n")
    assert [[one.rule for one in reject.failures] for reject in rejects_of(batch)] == [["unique"]]


@pytest.mark.parametrize(
    ("kind", "formats"),
    [("integer", ["1,234.56"]), ("decimal", [POINTS, SPACES]), ("number", ["%d.%m.%Y"]), ("text", [POINTS])],
)
def test_a_form_that_is_none_is_refused_with_those_that_are(kind: str, formats: list[str]) -> None:
    words = "formats needs a number" if kind == "text" else "must be one of '1234,56', '1.234,56', '1 234,56'"
    with pytest.raises(ValueError, match=words):
        Column.model_validate({"name": "a", "type": kind, "formats": formats})
