"""What a rule waits for, and what it does then. A rule is data: nothing in it is ever run as a program."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.tasks.schemas import Category, Input, Priority

MAX_ACTIONS, MAX_ITEMS, MAX_PEOPLE = 10, 100, 50


def _one_line(text: str) -> str:
    if any(ord(char) < 32 for char in text):
        raise ValueError("must be one line without control characters")
    return text


Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_one_line)]
Item = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_one_line)]


class Created(Input):
    """A card is made, in any column or in this one."""

    kind: Literal["created"]
    column_id: UUID | None = None


class Moved(Input):
    """A card enters a column: any, or this one."""

    kind: Literal["moved"]
    column_id: UUID | None = None


class Completed(Input):
    """A card enters a done column."""

    kind: Literal["completed"]


class Reopened(Input):
    """A completed card leaves the done columns."""

    kind: Literal["reopened"]


class LabelAdded(Input):
    """A card gets this label."""

    kind: Literal["label_added"]
    label_id: UUID


class ChecklistDone(Input):
    """The last open item of a card's checklist is ticked."""

    kind: Literal["checklist_done"]


class Blocked(Input):
    """A card waits for another one and did not before."""

    kind: Literal["blocked"]


class Unblocked(Input):
    """A card waits for no other card any more."""

    kind: Literal["unblocked"]


class Due(Input):
    """An open card is due within so many days; 0 is today, -3 is three days ago or longer. Once for each due date."""

    kind: Literal["due"]
    days: int = Field(ge=-365, le=365)


class Idle(Input):
    """An open card has not changed its column for so many days. Once for each time it was moved."""

    kind: Literal["idle"]
    days: int = Field(ge=1, le=365)


Event = Created | Moved | Completed | Reopened | LabelAdded | ChecklistDone | Blocked | Unblocked
Timed = Due | Idle
Trigger = Annotated[Event | Timed, Field(discriminator="kind")]


class MoveTo(Input):
    """To the end of this column."""

    kind: Literal["move"]
    column_id: UUID


class SetPriority(Input):
    kind: Literal["priority"]
    priority: Priority


class SetCategory(Input):
    kind: Literal["category"]
    category: Category


class AddLabel(Input):
    kind: Literal["add_label"]
    label_id: UUID


class RemoveLabel(Input):
    kind: Literal["remove_label"]
    label_id: UUID


class Assign(Input):
    kind: Literal["assign"]
    person_id: UUID


class Unassign(Input):
    """Without a person: everybody."""

    kind: Literal["unassign"]
    person_id: UUID | None = None


class Archive(Input):
    kind: Literal["archive"]


class Notify(Input):
    """Tells people who see the board; `assignees` adds those the card is given to, `author` who made it."""

    kind: Literal["notify"]
    person_ids: list[UUID] = Field(default=[], max_length=MAX_PEOPLE)
    assignees: bool = False
    author: bool = False
    text: Words = ""


class AddChecklist(Input):
    """Items that the checklist holds already are not added again."""

    kind: Literal["checklist"]
    items: list[Item] = Field(min_length=1, max_length=MAX_ITEMS)


Action = Annotated[
    MoveTo | SetPriority | SetCategory | AddLabel | RemoveLabel | Assign | Unassign | Archive | Notify | AddChecklist,
    Field(discriminator="kind"),
]
Actions = Annotated[list[Action], Field(min_length=1, max_length=MAX_ACTIONS)]
