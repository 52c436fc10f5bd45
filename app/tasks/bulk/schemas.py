"""One change for many cards."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.tasks.filters.tokens import MAX_LENGTH
from app.tasks.schemas import Category, Input, Output, Priority
from app.tasks.vocabulary import AssigneeIds, Estimate, LabelIds

MAX_CARDS = 5_000
MAX_SHIFT = 3_650

CardIds = Annotated[list[UUID], Field(min_length=1, max_length=MAX_CARDS)]


class CardsChange(Input):
    """Only what is given changes; null clears the due date or the estimate, and takes cards out of their lane."""

    column_id: UUID | None = Field(default=None, alias="column", description="To the end of this column")
    after_id: UUID | None = Field(default=None, alias="after", description="Not to its end: below this card of it")
    before_id: UUID | None = Field(
        default=None, alias="before", description="Where there is no `after`: above this one"
    )
    lane_id: UUID | None = Field(default=None, alias="lane")
    priority: Priority | None = None
    category: Category | None = None
    add_labels: LabelIds = Field(default=[])
    remove_labels: LabelIds = Field(default=[])
    assign: AssigneeIds = Field(default=[])
    unassign: AssigneeIds = Field(default=[])
    due_on: date | None = None
    shift_due_days: int | None = Field(
        default=None, ge=-MAX_SHIFT, le=MAX_SHIFT, description="Of cards with a due date"
    )
    estimate: Estimate | None = None
    action: Literal["archive", "revive", "delete"] | None = Field(
        default=None, description="`delete` is for good, and only of archived cards"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = self.model_fields_set
        if not given:
            raise ValueError("say what is to change")
        if self.action and given != {"action"}:
            raise ValueError(f"{self.action} goes alone: make other changes before")
        if (self.after_id or self.before_id) and not self.column_id:
            raise ValueError("after, before: name the column, too")
        if {"due_on", "shift_due_days"} <= given:
            raise ValueError("set the due date or shift it, not both")
        for one in ("column_id", "priority", "category"):
            if one in given and getattr(self, one) is None:
                raise ValueError(f"{one} cannot be cleared")
        return self


class BulkEdit(Input):
    """The cards by their ids, or those that a filter finds when there are as many of them as were expected.

    `versions` of cards, where given, are checked as for a single change.
    """

    card_ids: CardIds | None = None
    filter: str | None = Field(default=None, max_length=MAX_LENGTH)
    expected: int | None = Field(
        default=None, ge=0, description="Needed with `filter`: how many cards it found for you"
    )
    zone: str = Field(default="", max_length=64, description="Whose day the filter means by today; default: TZ_DEFAULT")
    versions: dict[UUID, int] = Field(default={}, max_length=MAX_CARDS)
    change: CardsChange

    @model_validator(mode="after")
    def _names_cards(self) -> Self:
        if (self.card_ids is None) == (self.filter is None):
            raise ValueError("name the cards by card_ids or by filter")
        if self.filter is not None and self.expected is None:
            raise ValueError("expected: say how many cards the filter found for you")
        return self


class BulkDone(Output):
    """`unchanged` cards were so already. `revision` is that of the board now."""

    changed: int
    unchanged: int
    revision: int
    warnings: list[str]
