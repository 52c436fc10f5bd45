"""What a card says without being opened, and where it stands before the server has answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.ui.board import SCRIPT

pytestmark = pytest.mark.browser
TODAY = "2026-03-04"


@pytest.fixture(scope="module")
def script(chromium: Browser) -> Iterator[Page]:
    """The component's own script in an empty page."""
    page = chromium.new_page()
    page.add_script_tag(content=SCRIPT.replace("export default function", "function draw"))
    yield page
    page.close()


@pytest.mark.parametrize(
    ("due", "state", "text"),
    [
        ("2026-03-02", "overdue", "2 days late"),
        ("2026-03-03", "overdue", "1 day late"),
        ("2026-03-04", "today", "Due today"),
        ("2026-03-05", "soon", "Due tomorrow"),
        ("2026-03-07", "soon", "Due in 3 days"),
        ("2026-03-08", "later", "Due 8 Mar"),
        ("2027-03-08", "later", "Due 8 Mar 2027"),
        ("2026-03-29", "later", "Due 29 Mar"),
    ],
)
def test_a_due_date_has_a_colour_and_words(script: Page, due: str, state: str, text: str) -> None:
    assert cue(script, due) == {"state": state, "text": text}


def cue(script: Page, due: str | None, soon: int | None = 3, *, completed: bool = False) -> Any:
    return script.evaluate("([...facts]) => dueCue(...facts)", [due, TODAY, completed, soon])


def test_a_completed_card_is_never_late_and_one_without_date_says_nothing(script: Page) -> None:
    assert cue(script, "2026-03-02", completed=True) == {"state": "done", "text": "2 Mar"}
    assert cue(script, None) is None


def test_how_soon_is_soon_is_the_boards_choice(script: Page) -> None:
    assert cue(script, "2026-03-05", soon=None) == {"state": "later", "text": "Due 5 Mar"}
    assert cue(script, "2026-03-14", soon=10) == {"state": "soon", "text": "Due in 10 days"}


@pytest.mark.parametrize(
    ("cards", "limit", "warns", "said"),
    [
        (5, None, False, ("", "")),
        (1, 2, False, ("", "")),
        (2, 2, False, ("full", "Full")),
        (2, 2, True, ("full", "At limit")),
        (3, 2, True, ("beyond", "Over limit")),
    ],
)
def test_a_limit_has_a_colour_and_words(
    script: Page, cards: int, limit: int | None, warns: bool, said: tuple[str, str]
) -> None:
    state, text = said
    found = script.evaluate("([...facts]) => limitCue(...facts)", [cards, limit, warns])
    assert found == {"state": state, "text": text}


@pytest.mark.parametrize(
    ("low", "high"), [(None, None), (None, "0V"), ("V", None), ("V", "V0"), ("V", "W"), ("V", "V\0@"), ("V\0@", "V1")]
)
def test_a_place_in_advance_lies_between_its_neighbours(script: Page, low: str | None, high: str | None) -> None:
    rank = script.evaluate("([low, high]) => rankBetween(low, high)", [low, high])
    assert (low or "") < rank
    assert high is None or rank < high


def test_many_cards_put_in_advance_below_one_another_keep_their_order(script: Page) -> None:
    ranks = script.evaluate(
        "() => { const all = ['V']; for (let i = 0; i < 40; i++) all.push(rankBetween(all.at(-1), 'W')); return all; }"
    )
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
