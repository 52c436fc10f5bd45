"""Who may see a template, who may change it, and who may use the data that it asks for."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.errors import Forbidden, NotFound
from app.datasets import service as datasets
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.templates.schemas import AnyBlock, BoardSummaryBlock, ChartBlock, KpiBlock, TableBlock
from app.templates.tables import TemplateRow

Access = Callable[[Session, Actor, Any], Any]


class TemplateNotFound(NotFound):
    """There is no such template, or you may not see it."""


class SourcesNotShared(Forbidden):
    """This template asks for data that is not shared with you."""


def visible_templates(actor: Actor) -> sa.ColumnElement[bool]:
    return sharing.visible(actor, Kind.template, TemplateRow.id, TemplateRow.owner_id)


def access_template(db: Session, actor: Actor, template_id: UUID, *, write: bool = False) -> TemplateRow:
    require_role(actor, Role.viewer)
    row = db.get(TemplateRow, template_id, with_for_update=write)
    if row is None:
        raise TemplateNotFound
    sharing.check_level(db, actor, Kind.template, row, edit=write, missing=TemplateNotFound())
    if write:
        require_role(actor, Role.author)
    return row


def check_sources(db: Session, actor: Actor, blocks: Sequence[AnyBlock]) -> None:
    """Data is read as the person who asks for it: never more than they may see themselves. Raises SourcesNotShared.

    What does not exist is no matter of access: its block will say so.
    """
    hidden = [f"the dataset “{name}”" for name in datasets_of(blocks) if _is_hidden(db, actor, _dataset, name)]
    hidden += [f"the board of the block “{block.id}”" for block in _board_blocks(blocks) if _hides(db, actor, block)]
    if hidden:
        raise SourcesNotShared(
            f"Not shared with {actor.name}: {_listed(hidden)}. Ask the owner or an administrator for access."
        )


def datasets_of(blocks: Sequence[AnyBlock]) -> list[str]:
    asking = [block for block in blocks if isinstance(block, KpiBlock | TableBlock | ChartBlock)]
    return sorted({name for block in asking for name in block.query.datasets})


def _board_blocks(blocks: Sequence[AnyBlock]) -> list[BoardSummaryBlock]:
    return [block for block in blocks if isinstance(block, BoardSummaryBlock)]


def _dataset(db: Session, actor: Actor, name: str) -> None:
    datasets.access_dataset(db, actor, name)


def _hides(db: Session, actor: Actor, block: BoardSummaryBlock) -> bool:
    return _is_hidden(db, actor, tasks.access_board, UUID(str(block.board_id)))


def _is_hidden(db: Session, actor: Actor, access: Access, key: Any) -> bool:
    return actor.role is not Role.admin and not _may(db, actor, access, key) and _may(db, SYSTEM, access, key)


def _may(db: Session, actor: Actor, access: Access, key: Any) -> bool:
    try:
        access(db, actor, key)
    except NotFound:
        return False
    return True


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
