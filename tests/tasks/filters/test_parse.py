"""The filter language: what it understands, and how it says what it does not."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.tasks.filters.describe import describe
from app.tasks.filters.faults import FilterError
from app.tasks.filters.parse import parse
from app.tasks.filters.terms import (
    All,
    Called,
    Contains,
    Dated,
    Day,
    Either,
    Empty,
    Filter,
    Mine,
    Not,
    Numbered,
    Period,
    Shift,
    State,
)
from app.tasks.filters.words import ALIASES, FIELDS, PERIODS, STATES, THINGS

A, B, C = Contains("a"), Contains("b"), Contains("c")
PIECES = [
    '"',
    "“",
    "”",
    "\\",
    "(",
    ")",
    "-",
    ":",
    ",",
    "..",
    "<",
    ">=",
    " ",
    "or",
    "and",
    "#1",
    "7d",
    "2026-02-30",
    "\x00",
]
WORDS = [*FIELDS, *ALIASES, *PERIODS, *STATES, *THINGS, *PIECES, "none", "me", "high", "3.5", "x"]
Texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=20).map("".join))


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("  ", None),
        ("a b", All((A, B))),
        ("a or b c", Either((A, All((B, C))))),
        ("a and b OR c", Either((All((A, B)), C))),
        ("-(a or b) -c", All((Not(Either((A, B))), Not(C)))),
        ('"a or" - "b\\"c"', All((Contains("a or"), Contains("-"), Contains('b"c')))),
        ("“a b” 12:30", All((Contains("a b"), Contains("12:30")))),
        ("#12 -#3", All((Numbered(12), Not(Numbered(3))))),
        ('column:"In progress"', Called("status", "In progress")),
        ("Label:bug,none", Either((Called("label", "bug"), Empty("label")))),
        ("assignee:me,nobody,any", Either((Mine("assignee"), Empty("assignee"), Not(Empty("assignee"))))),
        ('assignee:"me"', Called("assignee", "me")),
        ("due:overdue", State("overdue")),
        ("due:<7d", Dated("due", "<", Shift(7, "d"))),
        ("created:<7d", Dated("created", ">", Shift(7, "d"))),
        ("updated:>=2026-03-01", Dated("updated", ">=", Day(date(2026, 3, 1)))),
        ("due:today..-2w", Dated("due", "=", Period("today"), Shift(-2, "w"))),
        ("due:..next-week", Dated("due", "<=", Period("next-week"))),
    ],
)
def test_a_text_means_what_is_written_down(text: str, root: object) -> None:
    assert parse(text) == Filter(text.strip(), root)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "position", "found", "suggestion"),
    [
        ("a prioritty:high", 2, "prioritty", "priority"),
        ("priority:>=hgh", 9, ">=hgh", "high"),
        ("due:tommorow", 4, "tommorow", "tomorrow"),
        ("is:archivd", 3, "archivd", "archived"),
        ("has:coment", 4, "coment", "comment"),
        ("due:2026-02-30", 4, "2026-02-30", ""),
        ("due:<99999d", 4, "<99999d", ""),
        ("estimate:many", 9, "many", ""),
        ("category:x", 9, "x", ""),
        ("label: bug", 6, " ", ""),
        ("label:", 6, "", ""),
        ("label:a,", 8, "", ""),
        ('label:a"b"', 7, '"', ""),
        ("(a b", 4, "", ""),
        ("a b)", 3, ")", ""),
        ("a or", 4, "", ""),
        ("and a", 0, "and", ""),
        ('a "b', 4, "", ""),
        ('""', 0, '""', ""),
        ("a\x00", 1, "U+0000", ""),
        ("(" * 30 + "a" + ")" * 30, 20, "(", ""),
        ("a" * 1001, 1000, "a", ""),
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_told_with_its_place(
    text: str, position: int, found: str, suggestion: str
) -> None:
    with pytest.raises(FilterError, match=f"filter, character {position + 1}:") as error:
        parse(text)
    assert (error.value.position, error.value.found, error.value.suggestion) == (position, found, suggestion)
    assert error.value.status == 422
    assert error.value.details[0]["expected"]


@given(Texts)
@settings(max_examples=400, deadline=None)
@example("\ud800")
@example("due:9999-12-31..0001-01-01 created:>100y")
@example("-" * 999)
def test_any_text_is_a_filter_or_told_why_not(text: str) -> None:
    found, position = None, 0
    try:
        found = parse(text)
    except FilterError as error:
        position = error.position
    assert 0 <= position <= len(text)
    assert found is None or (describe(found) and parse(found.text).root == found.root)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "all cards"),
        ("priority:>=high -is:blocked", "cards: priority at least high, and not blocked"),
        (
            "(a or lane:b) due:<7d",
            "cards: (“a” in the title or description, or lane “b”), and due before 7 days from today",
        ),
        ("created:<7d", "cards: created after 7 days ago"),
        ("label:none estimate:1..2.50", "cards: no label, and (estimate at least 1, and estimate at most 2.5)"),
        ("assignee:me due:2026-03-01..2026-03-09", "cards: assigned to me, and due between 1 Mar 2026 and 9 Mar 2026"),
        ("updated:last-week has:file #3", "cards: updated last week, and with file, and the card #3"),
    ],
)
def test_a_filter_is_told_in_plain_words(text: str, words: str) -> None:
    assert describe(parse(text)) == words


def test_whoever_names_archived_cards_means_all_cards() -> None:
    assert parse("a or -is:archived").asks_for_archived
    assert parse("archived:last-week").asks_for_archived
    assert not parse('archived "is:archived"').asks_for_archived


def test_a_filter_looks_for_a_limited_number_of_texts() -> None:
    words = [f"w{number}" for number in range(21)]
    assert parse(" or ".join(words[:20]))
    with pytest.raises(FilterError, match="at most 20 texts"):
        parse(" or ".join(words))
