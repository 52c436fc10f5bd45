"""CSV files as other programs write them: nothing has to be renamed in them first."""

from datetime import UTC, date, datetime

import pytest

from app.core.errors import AppError
from app.tasks.exchange.draft import Card, Draft
from tests.tasks.exchange.conftest import found

JIRA = """Summary,Issue key,Issue id,Issue Type,Status,Priority,Assignee,Created,Resolved,Due Date,Labels,Labels,Comment,Comment,Custom field (Story Points)
Fix login,WEB-12,10045,Bug,In Review,Blocker,Ann,12/Mar/24 3:15 PM,,31/Mar/24 12:00 AM,web,two words,12/Mar/24 4:00 PM;u1;First,13/Mar/24 9:00 AM;u2;Second,3.0
Old one,WEB-3,10011,Task,Done,Lowest,,01/Feb/24 9:05 AM,05/Feb/24 12:30 PM,,,,,,
"""  # noqa: E501
TRELLO = """Card ID,Card Name,Card URL,Card Description,Labels,Members,Due Date,Attachment Links,Checklist Item Total Count,Last Activity Date,List ID,List Name,Board ID,Board Name,Archived,Start Date,Due Complete
6ab0382405fa6167f421935a,Sow,https://trello.com/c/x,In rows,"Soil (green), Wet (sky_dark)","olga, per",2024-03-31T10:00:00.000Z,,3,2024-03-01T10:00:00.000Z,l1,Beds,b1,Garden,false,,false
6ab0382405fa6167f421935b,Reap,https://trello.com/c/y,,Soil (green),,,,0,2024-03-02T10:00:00.000Z,l1,Beds,b1,Garden,true,,false
"""  # noqa: E501
ASANA = """Task ID,Created At,Completed At,Last Modified,Name,Section/Column,Assignee,Assignee Email,Start Date,Due Date,Tags,Notes,Projects,Parent task
1204816345678901,2024-01-08,2024-01-10,2024-01-10,Write,Done,Ann,ann@example.com,,2024-01-09,,Long text,Launch,
1204816345678902,2024-01-08,,2024-01-09,Print,Doing,,,,,,,Launch,Write
"""  # noqa: E501
GITHUB = (
    "Title\tURL\tAssignees\tStatus\tLabels\tEstimate\tEnd date\n"
    "Draft\thttps://x/1\tann, bob\t🏗 In progress\tdocs, ui\t5\tMar 9, 2024\n"
)
EXCEL = '\ufeffsep=;\r\n"Titel";"Spalte";"Fällig";"Aufwand"\r\n"Säen; gießen";"Beet";"31.03.24 08:00";"1,5"\r\n'


def read(text: str, **wishes: object) -> tuple[Draft, dict[str, Card]]:
    draft = found(text.encode(), "cards.csv", **wishes).draft
    assert not draft.rejects
    return draft, {card.title: card for card in draft.cards}


def test_jira_repeats_its_headers_and_nothing_of_them_is_lost() -> None:
    draft, cards = read(JIRA)
    fix, old = cards["Fix login"], cards["Old one"]
    assert [label.name for label in draft.labels] == ["web", "two words"]
    assert (fix.number, fix.priority, fix.due_on, fix.estimate) == (12, "urgent", date(2024, 3, 31), 3)
    assert fix.created_at == datetime(2024, 3, 12, 15, 15, tzinfo=UTC)
    assert old.completed_at == datetime(2024, 2, 5, 12, 30, tzinfo=UTC)
    assert "Issue key: WEB-12" in fix.extras
    comments = [line for line in fix.extras if line.startswith("Comment: ")]
    assert [line.rpartition(";")[2] for line in comments] == ["First", "Second"]


def test_a_column_can_be_left_out() -> None:
    draft, cards = read(JIRA, leave=["Comment", "Issue id", "Summary"])
    assert not any(line.startswith(("Comment", "Issue id")) for line in cards["Fix login"].extras)
    assert [(note.text, note.count) for note in draft.notes if note.what == "left"] == [
        ("Column “Issue id”, as it was chosen", 1),
        ("Column “Comment”, as it was chosen", 2),
    ]


def test_trello_writes_colours_behind_its_labels() -> None:
    draft, cards = read(TRELLO)
    assert {label.name: label.color for label in draft.labels} == {"Soil": "green", "Wet": "teal"}
    assert cards["Sow"].due_on == date(2024, 3, 31)
    assert cards["Reap"].archived_at
    assert "Card ID: 6ab0382405fa6167f421935a" in cards["Sow"].extras
    assert [person.name for person in draft.people] == ["olga", "per"]


def test_asana_has_sections_and_long_ids() -> None:
    draft, cards = read(ASANA)
    assert [column.name for column in draft.columns] == ["Done", "Doing"]
    assert cards["Write"].completed_at == datetime(2024, 1, 10, tzinfo=UTC)
    assert "Task ID: 1204816345678902" in cards["Print"].extras
    assert "Parent task: Write" in cards["Print"].extras


def test_github_and_excel_files_need_no_help() -> None:
    draft, cards = read(GITHUB)
    assert ([label.name for label in draft.labels], draft.columns[0].name) == (["docs", "ui"], "🏗 In progress")
    assert (cards["Draft"].due_on, cards["Draft"].estimate) == (date(2024, 3, 9), 5)
    draft, cards = read(EXCEL)
    sow = cards["Säen; gießen"]
    assert (sow.due_on, float(sow.estimate or 0), draft.columns[0].name) == (date(2024, 3, 31), 1.5, "Beet")


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2024-03-12T15:15:00.250+0100", datetime(2024, 3, 12, 14, 15, 0, 250_000, tzinfo=UTC)),
        ("03/28/2024, 12:05 a.m.", datetime(2024, 3, 28, 0, 5, tzinfo=UTC)),
        ("28 Mar 2024 9:05", datetime(2024, 3, 28, 9, 5, tzinfo=UTC)),
        ("March 28, 2024 9:05:30 PM UTC", datetime(2024, 3, 28, 21, 5, 30, tzinfo=UTC)),
    ],
    ids=range(4),
)
def test_times_of_day_are_read_in_many_ways(cell: str, at: datetime) -> None:
    _, cards = read(f'title,created\nOne,"{cell}"\n')
    assert cards["One"].created_at == at


def test_a_long_title_is_kept_whole() -> None:
    _, cards = read(f"title\n{'word ' * 60}\n")
    (card,) = cards.values()
    assert len(card.title) == 200
    assert card.extras[0] == f"Full title: {('word ' * 60).strip()}"


def test_states_that_are_no_columns_are_archived_or_refused() -> None:
    rows = "".join(f"Card {number},State {number % 40}\n" for number in range(75))
    draft, cards = read("title,status\n" + rows)
    assert sum(column.removed_at is None for column in draft.columns) == 30
    assert sum(card.archived_at is not None for card in cards.values()) == 15
    many = "title,status\n" + "".join(f"Card {number},State {number}\n" for number in range(300))
    draft, cards = read(many)
    assert ([column.name for column in draft.columns], cards["Card 7"].extras) == (["To do"], ["status: State 7"])
    with pytest.raises(AppError, match="300 different columns"):
        read(many, mapping={"title": "title", "column": "status"})
