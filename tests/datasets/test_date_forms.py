"""Dates as people write them: proposed where only one reading is possible, and never read as another day."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.datasets.conftest import load, make_dataset, rows_of
from tests.datasets.reading import read
from tests.datasets.tables import xlsx
from tests.datasets.test_decimal_comma import proposed


def file_of(values: list[str]) -> str:
    return "id;x\n" + "".join(f"r{place};{value}\n" for place, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["31.12.2025", "01.02.2025"], "%d.%m.%Y"),
        (["1.2.2025", "", " 13.2.2025 "], "%d.%m.%Y"),
        (["12.31.2025"], "%m.%d.%Y"),
        (["31/12/2025", "03/04/2025"], "%d/%m/%Y"),
        (["12/31/2025", "03/04/2025"], "%m/%d/%Y"),
        (["31-12-2025"], "%d-%m-%Y"),
        (["2025.01.02"], "%Y.%m.%d"),
    ],
)
def test_a_form_of_dates_is_proposed_where_no_other_fits(values: list[str], form: str) -> None:
    assert proposed(file_of(values)) == {"x": ("date", [form])}


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["31.12.2025 14:05", "1.1.2025 9:00"], "%d.%m.%Y %H:%M"),
        (["31.12.2025 14:05:33"], "%d.%m.%Y %H:%M:%S"),
        (["31.12.2025 14:05:33", "31.12.2025 14:05:33.25"], "%d.%m.%Y %H:%M:%S%.f"),
        (["31.12.2025, 14:05"], "%d.%m.%Y, %H:%M"),
        (["2026/03/05 14:05:33"], "%Y/%m/%d %H:%M:%S"),
        (["12/31/2025 02:05 PM", "1/2/2025 12:00 am"], "%m/%d/%Y %I:%M %p"),
        (["12/31/2025 02:05:09 PM"], "%m/%d/%Y %I:%M:%S %p"),
    ],
)
def test_a_form_of_moments_is_proposed_where_no_other_fits(values: list[str], form: str) -> None:
    assert proposed(file_of(values)) == {"x": ("timestamp", [form])}


@pytest.mark.parametrize(
    "values",
    [
        ["03/04/2026", "12/11/2026"],
        ["03.04.2026"],
        ["03/04/2026 10:00"],
        ["31.12.25", "24.12.25"],
        ["31/12/2025", "12/31/2025"],
        ["31.12.2025", "31/12/2025"],
        ["31.12.2025", "31.12.2025 10:00"],
        ["31.12.2025", "n/a"],
        ["31.02.2025"],
        ["31.12.0025"],
        ["31.12.2925"],
        ["31.12.2025 23:59:60"],
        ["31.12.2025 10:00:00.1234567"],
        ["192.168.10.1", "10.0.13.2"],
    ],
    ids=lambda values: values[0],
)
def test_what_is_ambiguous_or_not_always_a_date_stays_text(values: list[str]) -> None:
    assert proposed(file_of(values)) == {"x": ("text", [])}


@pytest.mark.parametrize("value", ["2026-03-05", "2026/03/05"])
def test_what_is_read_without_a_form_has_none(value: str) -> None:
    assert proposed(file_of([value])) == {"x": ("date", [])}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dates(date(1950, 1, 1), date(2099, 12, 31)), min_size=1, max_size=5), st.sampled_from("./-"))
def test_what_is_proposed_reads_the_days_that_were_written(days: list[date], sign: str) -> None:
    for form in (f"%d{sign}%m{sign}%Y", f"%m{sign}%d{sign}%Y"):
        content = file_of([day.strftime(form) for day in days])
        found = proposed(content)["x"]
        proven = any(day.day > 12 for day in days)
        assert found == (("date", [form]) if proven else ("text", []))
        if proven:
            columns: list[dict[str, Any]] = [{"name": "id"}, {"name": "x", "type": "date", "formats": [form]}]
            assert [row[1] for row in read(content.encode(), columns).values] == days


def test_dates_of_a_workbook_need_no_form_and_written_ones_get_theirs() -> None:
    book = xlsx({"Days": [["id", "cell", "text"], ["a", date(2025, 3, 4), "31.12.2025"]]})
    assert proposed(book, "days.xlsx") == {"cell": ("date", []), "text": ("date", ["%d.%m.%Y"])}


def test_a_later_row_in_another_form_is_rejected_with_the_form_that_was_expected() -> None:
    content = file_of(["31/12/2025", "03/04/2025"])
    kind, formats = proposed(content)["x"]
    columns: list[dict[str, Any]] = [{"name": "id"}, {"name": "x", "type": kind, "formats": formats}]
    reading = read(f"{content}r9;12/31/2025\n".encode(), columns)
    assert [row[1] for row in reading.values] == [date(2025, 12, 31), date(2025, 4, 3)]
    assert reading.messages == {3: ['x "12/31/2025" is not a date in the form %d/%m/%Y.']}


def test_a_moment_is_stored_as_written() -> None:
    columns = [{"name": "x", "type": "timestamp", "formats": ["%m/%d/%Y %I:%M %p"]}]
    reading = read(b"x\n12/31/2025 02:05 PM\n1/2/2025 12:00 am\n", columns)
    assert [str(moment) for [moment] in reading.values] == ["2025-12-31 14:05:00", "2025-01-02 00:00:00"]


def test_what_a_program_wrote_may_begin_with_the_year_whatever_form_people_have(database: str) -> None:
    make_dataset("days", [{"name": "x", "type": "date", "formats": ["%d.%m.%Y"]}])
    assert load("days", b"x\n31.12.2025\n2025-12-31\n").rows_rejected == 1
    for name, content in {
        "days.xlsx": xlsx({"Days": [["x"], [date(2025, 12, 31)], ["31.12.2025"], ["12/31/2025"]]}),
        "days.ndjson": b'{"x": "2025-12-31"}\n{"x": "31.12.2025"}\n{"x": "12/31/2025"}\n',
    }.items():
        batch = load("days", content, name)
        assert (batch.rows_valid, batch.rows_rejected) == (2, 1)
    assert {day for [day] in rows_of("days")} == {date(2025, 12, 31)}
