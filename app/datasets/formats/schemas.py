"""How a file is read, and the tables that are found in it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Seen(BaseModel):
    """What is shown and never changed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def _one_sign(text: str) -> str:
    """What could be part of a value or ends a record separates nothing."""
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in '"\r\n\0.-+':
        raise ValueError("must be one ASCII sign that is no letter, digit, quotation mark, dot, sign or line end")
    return text


Delimiter = Annotated[str, AfterValidator(_one_sign)]


class Pins(Seen):
    """What the uploader knows better than the guess."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = None
    delimiter: Delimiter | None = None
    part: str | None = Field(None, description="Only this member or sheet of the file, as `parts` call it")
    sheet: str | None = Field(None, description="Only this sheet of a workbook")
    numbers: Literal["1234.56"] | None = Field(
        None, description="This file has decimal points, also in columns whose `formats` say decimal commas"
    )


class Dialect(Seen):
    """How the file is read: guessed from its first bytes unless pinned."""

    format: Literal["csv", "ndjson"] = Field("csv", description="How its text is cut into rows")
    source: str = Field("csv", description="What the file is: csv, ndjson, json, xlsx, xls, ods or parquet")
    packed: list[str] = Field(default_factory=list, description="What it is packed in: gzip, zip")
    member: str = Field("", description="The file of a zip archive that this is")
    sheet: str = Field("", description="The sheet of a workbook that this is")
    file_encoding: str = Field("", description="Encoding of the file itself, where its text is written anew")
    notes: list[str] = Field(default_factory=list, description="What was left out of the file, or may surprise")
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: Literal["\n", "\r"] = "\n"
    numbers: Literal["", "1234.56"] = Field("", description="Pinned: numbers are plain, whatever the columns say")
    bom: int = 0
    preamble: int = Field(0, description="Bytes up to the first record: byte order mark and column names")
    preamble_lines: int = 0
    header: list[str] = Field(default_factory=list)
    keys: list[str] = Field(default_factory=list, description="How the objects of the file call these columns")
    ignored: list[str] = Field(default_factory=list, description="Columns of the file that the schema does not name")
    absent: list[str] = Field(default_factory=list, description="Optional columns that the file does not have")
    guessed: list[str] = Field(default_factory=list, description="Which of these were guessed, not pinned")


class Part(Seen):
    """One table of a file: the file itself, a sheet, a member of an archive. With a `problem` it is not loaded."""

    name: str
    hidden: bool = False
    problem: str | None = None
    dialect: Dialect | None = None


class Refused(Seen):
    """A part of a file that no dataset can be made of, or that does not fit this one."""

    part: str
    reason: str
