"""A title above the column names, or rows that cannot fit them: said before a dataset is made of it."""

import pytest

from app.core.errors import AppError
from app.datasets.formats.look import text_look
from app.datasets.names_line import check_names_line
from app.datasets.schemas import Dialect, Pins

LEDGER = (
    "Buchungsliste\r\nErstellt am: 23.11.2026\r\n\r\nBeleg;Datum;Betrag;Währung\r\n"
    "4711;01.11.2026;100,00;EUR\r\n4712;02.11.2026;250,50;EUR\r\nSumme;;350,50;EUR\r\n"
).encode("cp1252")
STATEMENT = b"Account statement\nAccount,GB29\n\nDate,Text,Amount\n2026-10-01,Coffee,-3.50\n2026-10-02,Pay,9\n,,5.50\n"
LAST_DELIMITER = b"id,name,amount\n1,a,10,\n2,b,20,\n3,c,30,\n"
ONE_NAME, SOME_LONGER = b"note\na;b\nc\nd;e\nf\n", b"a,b\n1,2\n3,4,5\n6,7\n8\n"


def checked(content: bytes, **pins: str) -> Dialect:
    dialect = text_look(content, "a.csv", Pins.model_validate(pins))[0].dialect
    assert dialect
    check_names_line(dialect, content)
    return dialect


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LEDGER, r"1 column name, but 4 of the first 5 rows have 4 fields \(separated by ';'\), first in line 4\."),
        (STATEMENT, r"1 column name, but 4 of the first 5 rows have 3 fields \(separated by ','\), first in line 4\."),
        (LAST_DELIMITER, r"3 column names, but 3 of the first 3 rows have 4 fields \(separated by ','\), first in lin"),
    ],
    ids=["ledger", "statement", "last delimiter"],
)
def test_rows_that_cannot_fit_the_first_line_are_told_with_the_line_and_the_way_out(content: bytes, words: str) -> None:
    with pytest.raises(AppError, match=words) as caught:
        checked(content)
    assert "delete the lines above them" in caught.value.message


@pytest.mark.parametrize("content", [ONE_NAME, SOME_LONGER, b"note\nx, y\nz, w\n"], ids=["one", "ragged", "two rows"])
def test_a_few_rows_of_another_width_are_the_business_of_the_rows(content: bytes) -> None:
    assert checked(content).header


def test_a_pinned_delimiter_is_believed() -> None:
    assert checked(b"note\na;b\nc;d\ne;f\n", delimiter=",").header == ["note"]


def test_from_the_first_line_without_the_title_on_the_names_are_found() -> None:
    assert checked(LEDGER[LEDGER.index(b"Beleg") :]).header == ["Beleg", "Datum", "Betrag", "Währung"]
