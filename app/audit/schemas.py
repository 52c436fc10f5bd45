"""What can be recorded, and how it reads back."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Action(StrEnum):
    """`subject:past_verb`. A new action is a new member here, so that the trail has one vocabulary."""

    person_created = "person:created"
    person_changed = "person:changed"
    session_started = "session:started"
    session_refused = "session:refused"
    session_ended = "session:ended"
    person_signed_up = "person:signed_up"
    invitation_created = "invitation:created"
    invitation_sent = "invitation:sent_again"
    invitation_revoked = "invitation:revoked"
    invitation_accepted = "invitation:accepted"
    reset_link_created = "reset_link:created"
    password_reset = "password:reset"  # noqa: S105  a word, no secret
    password_refused = "password:refused"  # noqa: S105  a word, no secret
    two_factor_enabled = "two_factor:enabled"
    two_factor_disabled = "two_factor:disabled"
    two_factor_refused = "two_factor:refused"
    recovery_code_used = "recovery_code:used"
    recovery_codes_renewed = "recovery_codes:renewed"
    policy_changed = "policy:changed"
    identity_linked = "identity:linked"
    identity_unlinked = "identity:unlinked"
    key_created = "key:created"
    key_revoked = "key:revoked"
    team_created = "team:created"
    team_changed = "team:changed"
    team_deleted = "team:deleted"
    share_granted = "share:granted"
    share_revoked = "share:revoked"
    ownership_handed_over = "ownership:handed_over"
    board_created = "board:created"
    board_changed = "board:changed"
    board_archived = "board:archived"
    board_revived = "board:revived"
    board_deleted = "board:deleted"
    board_undone = "board:undone"
    board_redone = "board:redone"
    board_imported = "board:imported"
    board_exported = "board:exported"
    calendar_link_made = "calendar_link:made"
    calendar_link_revoked = "calendar_link:revoked"
    board_filter_saved = "board_filter:saved"
    board_filter_deleted = "board_filter:deleted"
    card_created = "card:created"
    card_changed = "card:changed"
    card_archived = "card:archived"
    card_revived = "card:revived"
    card_deleted = "card:deleted"
    cards_changed = "cards:changed"
    rule_created = "rule:created"
    rule_changed = "rule:changed"
    rule_deleted = "rule:deleted"
    recurring_card_created = "recurring_card:created"
    recurring_card_changed = "recurring_card:changed"
    recurring_card_deleted = "recurring_card:deleted"
    card_template_created = "card_template:created"
    card_template_changed = "card_template:changed"
    card_template_deleted = "card_template:deleted"
    card_file_attached = "card_file:attached"
    card_file_downloaded = "card_file:downloaded"
    card_file_deleted = "card_file:deleted"
    dataset_created = "dataset:created"
    dataset_changed = "dataset:changed"
    dataset_revalidated = "dataset:revalidated"
    dataset_deleted = "dataset:deleted"
    batch_received = "batch:received"
    batch_published = "batch:published"
    batch_undone = "batch:undone"
    rows_exported = "rows:exported"
    row_mended = "row:mended"
    rows_replayed = "rows:replayed"
    document_received = "document:received"
    document_renamed = "document:renamed"
    document_downloaded = "document:downloaded"
    document_deleted = "document:deleted"
    template_created = "template:created"
    template_changed = "template:changed"
    template_deleted = "template:deleted"
    query_created = "query:created"
    query_changed = "query:changed"
    query_deleted = "query:deleted"
    report_requested = "report:requested"
    report_generated = "report:generated"
    report_deleted = "report:deleted"
    schedule_created = "schedule:created"
    schedule_changed = "schedule:changed"
    schedule_deleted = "schedule:deleted"
    schedule_fired = "schedule:fired"
    smtp_account_created = "smtp_account:created"
    smtp_account_changed = "smtp_account:changed"
    smtp_account_deleted = "smtp_account:deleted"
    smtp_account_tested = "smtp_account:tested"
    delivery_retried = "delivery:retried"
    source_created = "source:created"
    source_changed = "source:changed"
    source_deleted = "source:deleted"
    source_tested = "source:tested"
    source_reset = "source:reset"
    source_pulled = "source:pulled"
    access_refused = "access:refused"
    secrets_rotated = "secrets:rotated"
    trail_exported = "trail:exported"
    trail_verified = "trail:verified"
    run_cancelled = "run:cancelled"
    run_retried = "run:retried"
    run_deleted = "run:deleted"
    sample_loaded = "sample:loaded"


class AuditEntry(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    at: datetime
    person_id: UUID | None
    person: str
    ip: str | None
    action: str
    subject: str
    details: dict[str, Any]


class AuditFilter(BaseModel):
    """What is left out shows everything. `action` is a whole action, or a subject such as `card` for all of its."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID | None = None
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditFault(BaseModel):
    """Where the trail is not what was written. `position` counts from 1 in the order in which entries were sealed."""

    position: int
    audit_id: int | None = None
    text: str


class AuditCheck(BaseModel):
    """`enforced`: the database itself would refuse a change by the product, because it lacks the right."""

    length: int
    head: str
    fault: AuditFault | None
    enforced: bool

    @property
    def intact(self) -> bool:
        return self.fault is None
