"""What a schema would reject."""

from pydantic import BaseModel, ConfigDict, Field

from app.datasets.rules import DatasetSchema


class TrialReason(BaseModel):
    """Rows that break one rule, with values as they stand in the file."""

    model_config = ConfigDict(frozen=True)

    column: str
    rule: str
    rows: int
    examples: list[str]
    message: str = Field(description="The first of the messages")


class Trial(BaseModel):
    model_config = ConfigDict(frozen=True)

    rows_seen: int
    rows_rejected: int
    whole: bool = Field(description="Whether all rows were looked at; else the first ones, in the time there is")
    reasons: list[TrialReason] = Field(description="The most frequent first")
    newly_rejected: int | None = Field(None, description="Of stored rows: those that would go")
    newly_stored: int | None = Field(None, description="Of rejected rows: those that would be stored")
    batches: list[int] = Field(default_factory=list, description="Which batches were looked at, the newest first")


class TryChange(BaseModel):
    """A changed schema for a dataset that holds rows."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    definition: DatasetSchema = Field(alias="schema")
    renamed: dict[str, str] = Field(default_factory=dict, max_length=500, description="Old name of a column: new name")
