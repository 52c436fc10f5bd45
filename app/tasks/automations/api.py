"""Rules, recurring cards, templates of cards and the automatic archive over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.tasks.automations import service as automations
from app.tasks.automations.schemas import (
    DAYS,
    ArchiveTrial,
    CardTemplate,
    Made,
    Recurrence,
    RecurrenceChange,
    RecurrenceCreate,
    RecurrenceRun,
    Rule,
    RuleChange,
    RuleCreate,
    RuleDraft,
    Run,
    TemplateChange,
    TemplateCreate,
    TemplateUse,
    Trial,
)

router = APIRouter(tags=["tasks"])


@router.get("/boards/{board_id}/rules")
def list_rules(db: Db, caller: Caller, board_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Rule]:
    """In the order in which they run, each also as a sentence."""
    return automations.rules(db, caller, board_id, limit=limit, cursor=cursor)


@router.post("/boards/{board_id}/rules", status_code=201)
def create_rule(db: Db, caller: Caller, board_id: UUID, new: RuleCreate) -> Rule:
    """`when` something happens to a card and it fits `condition`, `then` all of this."""
    return automations.create_rule(db, caller, board_id, new)


@router.post("/boards/{board_id}/rules/try")
def try_draft(db: Db, caller: Caller, board_id: UUID, draft: RuleDraft) -> Trial:
    """The cards that a rule which is not saved would be about now."""
    return automations.try_draft(db, caller, board_id, draft)


@router.patch("/rules/{rule_id}")
def change_rule(db: Db, caller: Caller, rule_id: UUID, change: RuleChange) -> Rule:
    """Only what is given changes. 409 when `version` is no longer the latest."""
    return automations.change_rule(db, caller, rule_id, change)


@router.delete("/rules/{rule_id}", status_code=204)
def delete_rule(db: Db, caller: Caller, rule_id: UUID) -> None:
    """With the log of its runs; what it did to cards stays."""
    automations.delete_rule(db, caller, rule_id)


@router.post("/rules/{rule_id}/try")
def try_rule(db: Db, caller: Caller, rule_id: UUID) -> Trial:
    """The cards that it would be about now. Nothing is changed."""
    return automations.try_rule(db, caller, rule_id)


@router.get("/rules/{rule_id}/runs")
def list_runs(db: Db, caller: Caller, rule_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Run]:
    """Newest first, each with what was done or why not."""
    return automations.rule_runs(db, caller, rule_id, limit=limit, cursor=cursor)


@router.get("/boards/{board_id}/recurring")
def list_recurring(
    db: Db, caller: Caller, board_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[Recurrence]:
    """Oldest first, each with its next date."""
    return automations.recurrences(db, caller, board_id, limit=limit, cursor=cursor)


@router.post("/boards/{board_id}/recurring", status_code=201)
def create_recurring(db: Db, caller: Caller, board_id: UUID, new: RecurrenceCreate) -> Recurrence:
    """`timing` is that of schedules, at least an hour apart; of missed moments only the last one makes a card."""
    return automations.create_recurrence(db, caller, board_id, new)


@router.patch("/recurring/{recurrence_id}")
def change_recurring(db: Db, caller: Caller, recurrence_id: UUID, change: RecurrenceChange) -> Recurrence:
    """A new timing counts from now. 409 when `version` is no longer the latest."""
    return automations.change_recurrence(db, caller, recurrence_id, change)


@router.delete("/recurring/{recurrence_id}", status_code=204)
def delete_recurring(db: Db, caller: Caller, recurrence_id: UUID) -> None:
    """Cards that it made stay."""
    automations.delete_recurrence(db, caller, recurrence_id)


@router.get("/recurring/{recurrence_id}/runs")
def list_recurring_runs(
    db: Db, caller: Caller, recurrence_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[RecurrenceRun]:
    """Newest first: the card that was made, or why none was."""
    return automations.recurrence_runs(db, caller, recurrence_id, limit=limit, cursor=cursor)


@router.get("/boards/{board_id}/card-templates")
def list_card_templates(
    db: Db, caller: Caller, board_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[CardTemplate]:
    """By name."""
    return automations.card_templates(db, caller, board_id, limit=limit, cursor=cursor)


@router.post("/boards/{board_id}/card-templates", status_code=201)
def create_card_template(db: Db, caller: Caller, board_id: UUID, new: TemplateCreate) -> CardTemplate:
    """With `content`, or with that of the card `from_card`."""
    return automations.create_card_template(db, caller, board_id, new)


@router.patch("/card-templates/{card_template_id}")
def change_card_template(db: Db, caller: Caller, card_template_id: UUID, change: TemplateChange) -> CardTemplate:
    """Cards that were made from it stay as they are. 409 when `version` is no longer the latest."""
    return automations.change_card_template(db, caller, card_template_id, change)


@router.delete("/card-templates/{card_template_id}", status_code=204)
def delete_card_template(db: Db, caller: Caller, card_template_id: UUID) -> None:
    """Cards that were made from it stay."""
    automations.delete_card_template(db, caller, card_template_id)


@router.post("/card-templates/{card_template_id}/use", status_code=201)
def use_card_template(db: Db, caller: Caller, card_template_id: UUID, use: TemplateUse) -> Made:
    """A card at the end of `column`, by default of the first one; its dates count from today."""
    return automations.use_card_template(db, caller, card_template_id, use)


@router.get("/boards/{board_id}/auto-archive")
def try_auto_archive(
    db: Db,
    caller: Caller,
    board_id: UUID,
    days: Annotated[int | None, Query(ge=1, le=DAYS)] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ArchiveTrial:
    """What the automatic archive would take now: completed cards only. Without `days`: as set on the board."""
    return automations.archive_trial(db, caller, board_id, days, limit=limit, cursor=cursor)
