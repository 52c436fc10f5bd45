"""What is said of a value or of a form of dates that is refused."""

import re

import pytest

from app.datasets.schemas import Column
from tests.datasets.reading import read


def test_the_limits_of_whole_numbers_are_told_where_a_number_is_beyond_them() -> None:
    limits = " between -9223372036854775808 and 9223372036854775807"
    reading = read(b"a\nx\n1.5\n9223372036854775808\n -99999999999999999999\n", [{"name": "a", "type": "integer"}])
    assert [reading.messages[row] for row in range(1, 5)] == [
        ['a "x" is not a whole number.'],
        ['a "1.5" is not a whole number.'],
        [f'a "9223372036854775808" is not a whole number{limits}.'],
        [f'a " -99999999999999999999" is not a whole number{limits}.'],
    ]
    written = read(b"a\n9.223.372.036.854.775.808\n", [{"name": "a", "type": "integer", "formats": ["1.234,56"]}])
    assert written.messages[1][0].endswith(f"is not a whole number{limits} in the form 1.234,56.")


@pytest.mark.parametrize(
    ("form", "instead"),
    [
        ("DD.MM.YYYY", "%d.%m.%Y"),
        ("mm/dd/yyyy", "%m/%d/%Y"),
        ("YYYY-MM-DD HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
        ("d.M.yyyy H:mm", "%d.%m.%Y %H:%M"),
    ],
)
def test_a_form_in_words_of_spreadsheets_is_refused_with_ours(form: str, instead: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Write '{instead}'")):
        Column.model_validate({"name": "a", "type": "timestamp", "formats": [form]})
