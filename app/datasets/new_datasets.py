"""From files to datasets in one step: a schema is read off each table, a dataset is made, its rows are loaded."""

import re
from collections.abc import Collection
from pathlib import PurePath

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import Invalid
from app.datasets.definitions import create_dataset
from app.datasets.receive import receive_known
from app.datasets.schemas import Created, DatasetCreate, DatasetSchema, Proposal, Proposals, Upload
from app.datasets.tables import DatasetRow

MAX_NAME = 80
PACKED = re.compile(r"\.(gz|zip)$", re.IGNORECASE)


def create_from(
    db: Session, actor: Actor, upload: Upload, proposals: Proposals, *, name: str | None = None
) -> list[Created]:
    """One for each table. A name that is taken gets a number; nothing is written over."""
    made = []
    for proposal in proposals.parts:
        wanted = suggested_name(upload.file_name, proposal, several=len(proposals.parts) > 1, given=name)
        new = DatasetCreate(name=free_name(db, wanted), definition=_schema(upload, proposal))
        dataset = create_dataset(db, actor, new)
        batch = receive_known(db, actor, new.name, upload, proposal.part, proposal.dialect)
        made.append(Created(dataset=dataset.name, part=proposal.part, batch=batch))
    return made


def suggested_name(file_name: str, proposal: Proposal, *, several: bool, given: str | None = None) -> str:
    """After the file, the member of the archive and, where a file has several tables, the sheet."""
    dialect = proposal.dialect
    file = PurePath(PACKED.sub("", PurePath(dialect.member).name or file_name)).stem
    parts = [given] if given else [file]
    if several:
        parts += [PurePath(dialect.member).stem] if given and dialect.member else []
        parts += [dialect.sheet] if dialect.sheet else []
    words = re.sub(r"[^A-Za-z0-9_.-]+", "_", "_".join(parts)).strip("_.-")[:MAX_NAME]
    return (words if given else words.lower()) or "dataset"


def free_name(db: Session, wanted: str, besides: Collection[str] = ()) -> str:
    """The name itself, or with the first number that nobody took."""
    short = wanted[: MAX_NAME - 6]
    alike = db.scalars(sa.select(DatasetRow.name).where(DatasetRow.name.startswith(short, autoescape=True)))
    taken = {*alike, *besides}
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{short}_{number}"
    return name


def _schema(upload: Upload, proposal: Proposal) -> DatasetSchema:
    try:
        return DatasetSchema(columns=[one.column for one in proposal.columns])
    except ValidationError as error:
        first, name = error.errors()[0], f"{upload.file_name} {proposal.part}".strip()
        if first["type"] == "too_long":
            raise Invalid(
                f"{name} has {len(proposal.columns):,} columns; a dataset has at most {first['ctx']['max_length']:,}. "
                "Make one with those that you need, then load the file into it: the others are left out."
            ) from error
        words = str(first["msg"]).removeprefix("Value error, ")
        raise Invalid(f"{name}: no schema can be made of its columns: {words}") from error
