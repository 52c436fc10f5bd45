"""Whom a text names."""

from time import process_time
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tasks.mentions import Named, mentioned

PEOPLE = [
    Named(UUID(int=1), "Ada Lovelace", "ada@example.com"),
    Named(UUID(int=2), "Ada Byron", "byron@example.com"),
    Named(UUID(int=3), "Ann", "ann.smith@example.com"),
    Named(UUID(int=4), "Ann Smith", "a.smith@example.com"),
    Named(UUID(int=5), "Øyvind Strauß", "oyvind@example.com"),
]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("@Ann please look", [3]),
        ("please look, @ann.", [3]),
        ("(@ann's card)", [3]),
        ("@Ann Smith, please", [4]),
        ('@"Ann Smith" and @"ANN  smith"', [4]),
        ("@ann.smith knows", [3]),
        ("@a.smith@example.com knows", [4]),
        ("@ada", [1]),  # an address wins over a first name
        ("@Ada Byron", [2]),
        ('@"Ada"', [1]),
        ("@ØYVIND STRAUSS", [5]),
        ("@Øyvind", [5]),
        ("@Ann @Ada Byron\n@oyvind", [2, 3, 5]),
        ("@Anna and @Ann-Marie are others", []),
        ("mail ann.smith@example.com or ada@ann", []),
        ("https://example.com/@ann and @@ann", []),
        ("`@ann` and ```\n@ann\n``` and ~~~\n@ann", []),
        ("`` @ann ` `` but @oyvind", [5]),
        ('@nobody @"" @ @"', []),
        ("@Ada\nByron", [1]),
    ],
)
def test_people_are_named_by_name_first_name_or_address(text: str, numbers: list[int]) -> None:
    assert sorted(one.int for one in mentioned(text, PEOPLE)) == numbers


def test_a_first_name_of_several_people_names_them_all() -> None:
    twins = [Named(uuid4(), f"Kim {name}", f"{name}@example.com") for name in ("Jones", "Miller")]
    assert mentioned("@kim?", twins) == {one.id for one in twins}


@given(st.text(alphabet='@`~"“ anA.\nsmith-', max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert mentioned(text, PEOPLE) <= {one.id for one in PEOPLE}


def test_a_hostile_text_is_read_quickly() -> None:
    for text in ("@" * 20_000, "`" * 20_000, "@a" * 10_000, '@"' * 10_000, "` " * 10_000):
        assert mentioned(text, PEOPLE) == set()


def test_a_long_list_of_names_keeps_nobody_waiting() -> None:
    crowd = [Named(uuid4(), f"Person {number}", f"person{number}@example.com") for number in range(500)]
    began = process_time()
    assert mentioned("@person1 " + "@a " * 6_000 + "@person2", crowd) == {crowd[1].id}
    assert process_time() - began < 10
