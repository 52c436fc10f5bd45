"""An earlier definition becomes the one that holds now."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import NotFound
from app.datasets.access import access_dataset, definition_of
from app.datasets.definitions import change_dataset
from app.datasets.schemas import Dataset, DatasetChange, DatasetSchema, UseVersion
from app.datasets.versions.tables import DatasetVersionRow


class VersionNotFound(NotFound):
    """This dataset has no such version."""


def use_version(db: Session, actor: Actor, name: str, version: int, use: UseVersion) -> Dataset:
    """What was renamed since then gets its old name back."""
    row = access_dataset(db, actor, name, write=True)
    later = sa.select(DatasetVersionRow).where(DatasetVersionRow.dataset_id == row.id)
    found = db.scalars(later.where(DatasetVersionRow.version >= version).order_by(DatasetVersionRow.version)).all()
    if not found or found[0].version != version:
        raise VersionNotFound(f"{name} has no version {version}.")
    definition = DatasetSchema.model_validate(found[0].definition)
    renamed = _back(definition, definition_of(row), [one.renamed for one in found[1:]])
    note = use.note or f"Version {version} again"
    change = DatasetChange(definition=definition, apply=use.apply, renamed=renamed, note=note)
    return change_dataset(db, actor, name, change)


def _back(old: DatasetSchema, now: DatasetSchema, steps: list[dict[str, str]]) -> dict[str, str]:
    """Name of today -> name of then."""
    there = {column.name for column in now.columns}
    back: dict[str, str] = {}
    for column in old.columns:
        name = column.name
        for step in steps:
            name = step.get(name, name)
        if name in there and name not in back:
            back[name] = column.name
    return {today: then for today, then in back.items() if today != then}
