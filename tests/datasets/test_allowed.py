"""Schemas that would turn away what they seem to let in are refused when they are made, changed or tried."""

from typing import Any

import pytest

from app.core.errors import Invalid
from app.datasets.allowed import check_allowed
from app.datasets.schemas import Column, DatasetSchema
from tests.datasets.conftest import make_dataset
from tests.datasets.test_trial import changed, tried
from tests.datasets.test_versions import apply


def schema_of(**column: Any) -> DatasetSchema:
    return DatasetSchema.model_validate({"columns": [{"name": "a", **column}]})


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"allowed": ["a"], "transform": "upper"}, "'a', which is among those allowed, because upper makes 'A' of it"),
        ({"allowed": ["A", "b"], "transform": "trim upper"}, "no value can be 'b'.* trim upper makes 'B'"),
        ({"allowed": ["EUR "], "transform": "trim"}, "as it is after that: 'EUR'"),
        ({"allowed": ["EUR"], "transform": "lower"}, "'eur'"),
        ({"allowed": ["A"], "default": "b"}, "'a': the default 'b' is not among the allowed values"),
    ],
)
def test_a_list_that_no_row_can_be_in_is_refused_with_the_way_out(column: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_allowed(schema_of(**column))


@pytest.mark.parametrize(
    "column",
    [
        {"allowed": ["A", "a"], "transform": "upper"},
        {"allowed": ["A", "none"], "transform": "upper", "default": "none"},
        {"allowed": ["a", " "], "transform": "trim"},
        {"allowed": ["Yes"], "type": "boolean", "transform": "lower"},
        {"allowed": ["1.0"], "type": "decimal", "default": "1"},
        {"allowed": ["a"]},
    ],
)
def test_a_list_that_rows_can_be_in_is_taken(column: dict[str, Any]) -> None:
    check_allowed(schema_of(**column))


def test_what_was_there_before_does_not_stop_a_change_of_something_else() -> None:
    old = schema_of(allowed=["a"], transform="upper")
    check_allowed(old.model_copy(update={"columns": [*old.columns, Column(name="b")]}), old)


def test_it_is_asked_wherever_a_schema_comes_in(database: str) -> None:
    wrong = [{"name": "a", "allowed": ["a"], "transform": "upper"}]
    make_dataset("letters", [{"name": "a"}])
    for ask in (
        lambda: make_dataset("more", wrong),
        lambda: apply("letters", wrong),
        lambda: changed("letters", wrong),
        lambda: tried(b"a\nx\n", wrong),
    ):
        with pytest.raises(Invalid, match="Column 'a': no value can be 'a'"):
            ask()
