"""A schema is tried in a child with limits: files of strangers are read there, and it takes a moment."""

from sqlalchemy.orm import Session

from app.core import children, db
from app.core.actor import Actor, Role, require_role
from app.datasets.access import access_dataset, definition_of
from app.datasets.allowed import check_allowed
from app.datasets.references import check_references
from app.datasets.schemas import DatasetSchema, Pins, Upload
from app.datasets.trials.schemas import Trial, TryChange
from app.datasets.versions.request import check_renamed

WALL_SECONDS = 60
MEMORY_MB = 2048


def try_schema(actor: Actor, upload: Upload, definition: DatasetSchema, pins: Pins | None = None) -> Trial:
    """What it would reject of a file that lies in the storage already; nothing is created."""
    require_role(actor, Role.member)
    check_allowed(definition)
    with db.transaction() as session:
        check_references(session, actor, "", definition)
    return _run("try_file", upload, definition, pins or Pins(), db.database_url())


def try_change(session: Session, actor: Actor, name: str, change: TryChange) -> Trial:
    """What it would reject of what is stored."""
    row = access_dataset(session, actor, name, write=True)
    old = definition_of(row)
    check_references(session, actor, name, change.definition, old)
    check_allowed(change.definition, old)
    check_renamed(old, change.definition, change.renamed)
    return _run("try_stored", row.id, change.definition, change.renamed, db.database_url())


def _run(what: str, *args: object) -> Trial:
    trial: Trial = children.call(
        f"app.datasets.trials.run:{what}", *args, wall_seconds=WALL_SECONDS, memory_mb=MEMORY_MB
    )
    return trial
