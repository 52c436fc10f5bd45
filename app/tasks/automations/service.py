"""Rules, recurring cards, templates of cards and the automatic archive."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.tasks.automations.archive import archive_old_cards, archive_trial
from app.tasks.automations.look import look_for_cards
from app.tasks.automations.occasions import make_recurring_card
from app.tasks.automations.react import react
from app.tasks.automations.recurring import (
    RecurrenceChanged,
    change_recurrence,
    create_recurrence,
    delete_recurrence,
    recurrence_runs,
    recurrences,
)
from app.tasks.automations.rules import (
    RuleChanged,
    change_rule,
    create_rule,
    delete_rule,
    rule_runs,
    rules,
    try_draft,
    try_rule,
)
from app.tasks.automations.tables import RunRow
from app.tasks.automations.templates import (
    TemplateChanged,
    card_templates,
    change_card_template,
    create_card_template,
    delete_card_template,
    use_card_template,
)
from app.tasks.automations.words import Names, sentence
from app.tasks.events import after_card_events

RUNS_KEPT = timedelta(days=90)

# People are told of a change first (they hear of it at once, see events.py), and then of what rules make of it.
after_card_events(react)

__all__ = [
    "Names",
    "RecurrenceChanged",
    "RuleChanged",
    "TemplateChanged",
    "archive_old_cards",
    "archive_trial",
    "card_templates",
    "change_card_template",
    "change_recurrence",
    "change_rule",
    "create_card_template",
    "create_recurrence",
    "create_rule",
    "delete_card_template",
    "delete_recurrence",
    "delete_rule",
    "look_for_cards",
    "make_recurring_card",
    "recurrence_runs",
    "recurrences",
    "rule_runs",
    "rules",
    "sentence",
    "try_draft",
    "try_rule",
    "use_card_template",
]


def delete_old_runs(db: Session) -> None:
    """Of events only: those of time are what keeps a rule from doing the same twice."""
    old = sa.and_(RunRow.at < clock.now() - RUNS_KEPT, RunRow.occasion.startswith("event:"))
    db.execute(sa.delete(RunRow).where(old), execution_options={"synchronize_session": False})
