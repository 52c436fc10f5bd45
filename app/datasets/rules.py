"""What a dataset demands of its rows: columns, their rules, and conditions over several of them."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.datasets.columns import check_column, check_column_name, check_schema

Transform = Literal["trim", "upper", "lower"]
LoadMode = Literal["append", "replace", "upsert"]
Limit = int | float | str


class ColumnType(StrEnum):
    text = "text"
    integer = "integer"
    decimal = "decimal"
    number = "number"
    boolean = "boolean"
    date = "date"
    timestamp = "timestamp"


def _words(value: Any) -> Any:
    """`"trim upper"`, `"trim,upper"` and `["trim", "upper"]` mean the same."""
    return value.replace(",", " ").split() if isinstance(value, str) else value or []


class Reference(BaseModel):
    """A value must be one that this column of another dataset holds when the file begins to load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(min_length=1, max_length=80)
    column: str = Field(min_length=1, max_length=63)


class Column(BaseModel):
    """One column and its rules. Limits of dates are ISO texts, or `now` and `today`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(check_column_name)]
    type: ColumnType = ColumnType.text
    required: bool = False
    min: Limit | None = None
    max: Limit | None = None
    exclusive_min: Limit | None = None
    exclusive_max: Limit | None = None
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    pattern: str | None = Field(None, max_length=500)
    allowed: list[str] | None = Field(None, max_length=1000)
    unique: bool = False
    decimals: int | None = Field(None, ge=0, le=18)
    formats: list[str] = Field(
        default_factory=list,
        max_length=10,
        description="Of dates: such as %d.%m.%Y, the first that fits. Of numbers in delimited text: one of 1234,56 and "
        "1.234,56 and 1 234,56; none for 1234.56",
    )
    default: str | None = None
    transform: Annotated[list[Transform], BeforeValidator(_words)] = Field(default_factory=list)
    references: Reference | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> "Column":
        check_column(self)
        return self


class Rule(BaseModel):
    """A condition over several columns that a good row fulfils. A missing value fulfils every condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    expression: str = Field(min_length=1, max_length=1000)
    message: str = Field("", max_length=200)


class DatasetSchema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: list[Column] = Field(min_length=1, max_length=500)
    rules: list[Rule] = Field(default_factory=list, max_length=100)
    key: list[str] = Field(default_factory=list)
    mode: LoadMode = "append"
    max_reject_share: float = Field(1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "DatasetSchema":
        check_schema(self)
        return self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
