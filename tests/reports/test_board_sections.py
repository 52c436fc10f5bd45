"""The lists of a board in a report: the ones asked for, in that order, each card with a link."""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

from app.reports.board_sections import SECTIONS, board_sections
from app.reports.evaluate import evaluate
from app.reports.render import render
from app.reports.schemas import BoardDone
from app.tasks.summaries.schemas import BlockedCard, MovedCard, PlannedCard, ProgressNote
from app.templates.schemas import BoardSummaryBlock
from tests.reports.material import BLOCKS, board, material

NOTE: dict[str, Any] = dict.fromkeys(("analysis", "timeline", "resolution"), "")


def done(sections: list[str], title: str = "Ship it") -> BoardDone:
    summary = board(title)
    card = summary.open_cards[0].model_copy(update={"number": 7}).model_dump()
    facts = {
        "planned": 1,
        "unplanned_done": 2,
        "planned_cards": [PlannedCard(**card, outcome="open")],
        "moved_cards": [MovedCard(**card, from_column="To do")],
        "blocked": 1,
        "blocked_days": 3,
        "blocked_cards": [BlockedCard(**card, blocked_by=["#9 Wait"], blocked_since=datetime(2026, 11, 9, tzinfo=UTC))],
        "notes": [
            ProgressNote(card_id=card["card_id"], number=7, title=title, day=date(2026, 11, 10), author="Ada",
                         text="Half way", issue="Slow", **NOTE)
        ],
    }  # fmt: skip
    return BoardDone(
        id="team",
        title="Team",
        period="9–15 Nov 2026",
        summary=summary.model_copy(update=facts),
        sections=sections,  # type: ignore[arg-type]
        address="https://reports.example.com/board?board=1",
    )


def test_every_list_can_be_chosen() -> None:
    assert set(SECTIONS) == set(BoardSummaryBlock.model_json_schema()["properties"]["sections"]["items"]["enum"])


def test_the_lists_stand_in_the_order_that_was_asked_for_and_empty_ones_are_left_out() -> None:
    views = board_sections(done(["notes", "done", "blocked", "moved", "planned"]))
    assert [view["title"] for view in views] == ["Progress notes", "Blocked (1)", "Moved (3)", "Planned (1)"]
    assert [view["rows"][0]["cells"] for view in views] == [
        ["2026-11-10, Ada", "Half way Issue: Slow"],
        ["2026-11-09", "#9 Wait"],
        ["Ada", "To do → Doing"],
        ["not done", "2026-11-20"],
    ]
    assert views[3]["text"] == "0 of 1 planned cards were done; 2 more were done besides."


def test_each_card_links_to_itself_and_stays_text() -> None:
    content = evaluate(material([BLOCKS[-1]], site="https://reports.example.com"))
    block = done(["planned"], title="<b>Bold</b> & co")
    page = render(content.model_copy(update={"blocks": [block]}))
    links = [unescape(link) for link in re.findall(r'<td><a href="([^"]*)">', page)]
    assert links == ["https://reports.example.com/board?board=1&card=00000000-0000-0000-0000-000000000001"]
    assert "#7 &lt;b&gt;Bold&lt;&#x2f;b&gt; &amp; co" in page
    [made] = content.blocks
    assert isinstance(made, BoardDone)
    assert made.address.startswith("https://reports.example.com/board?board=33333333")


def test_a_report_of_before_there_were_lists_to_choose_from_shows_those_it_had() -> None:
    old = done([]).model_dump(exclude={"sections", "address"})
    for name in ("planned_cards", "blocked_cards", "notes", "moved_cards", "next_cards", "created_cards"):
        del old["summary"][name]
    views = board_sections(BoardDone.model_validate(old))
    assert [view["title"] for view in views] == ["Overdue (1)", "Open (1)"]
    assert views[0]["rows"][0]["href"] == ""
