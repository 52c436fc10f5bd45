"""What a board shows, and what of it is new: the one question that every open board asks again and again."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core.actor import Actor, Role, require_role
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks.access import columns_of, level_on_board
from app.tasks.belongings import LEFT, labels_of, lanes_of
from app.tasks.details import service as details
from app.tasks.faces.schemas import BoardChanges, CardFace, ColumnFace
from app.tasks.filters import service as filters
from app.tasks.reminders import MOVES
from app.tasks.schemas import Assignee, BoardOptions, Category, Label, Lane, Priority
from app.tasks.tables import BoardRow, CardRow, TransitionRow

FEW = 500  # up to so many cards are counted by their ids, more by their board
PLAIN = ("id", "number", "title", "priority", "category", "due_on", "start_on", "estimate", "column_id", "lane_id")
FIELDS = (*PLAIN, "rank", "version", "label_ids")


def board_changes(
    db: Session, actor: Actor, board_id: UUID, since: int | None = None, text: str = "", *, zone: str = ""
) -> BoardChanges:
    """Without `since`, or when a card is gone for good in the meantime, all cards. Raises NotFound, FilterError.

    The revision is read first: what changes while the rest is read comes again the next time, and is never missed.
    """
    require_role(actor, Role.viewer)
    wanted = filters.parse(text)
    board, level = _board(db, actor, board_id)
    full = since is None or since < board.whole_from or since > board.revision
    cards, gone = (
        ([], []) if since == board.revision and not full else _cards(db, actor, board, None if full else since)
    )
    return BoardChanges(
        revision=board.revision,
        level=sharing.require_level(level, Kind.board),
        full=full,
        name=board.name,
        archived=board.archived_at is not None,
        options=BoardOptions.model_validate(board.options),
        columns=[ColumnFace.model_validate(column) for column in columns_of(db, board_id).values()],
        lanes=[Lane.model_validate(lane) for lane in lanes_of(db, board_id).values()],
        labels=[Label.model_validate(label) for label in labels_of(db, board_id).values()],
        cards=cards,
        gone=gone,
        matching=_matching(db, actor, board_id, wanted, zone) if text.strip() else None,
    )


def _board(db: Session, actor: Actor, board_id: UUID) -> tuple[BoardRow, str | None]:
    query = sa.select(BoardRow, level_on_board(actor)).where(BoardRow.id == board_id)
    found = db.execute(query.execution_options(populate_existing=True)).tuples().one_or_none()
    sharing.require_level(found[1] if found else None, Kind.board)
    assert found
    return found


def _cards(db: Session, actor: Actor, board: BoardRow, since: int | None) -> tuple[list[CardFace], list[UUID]]:
    described = (sa.func.btrim(CardRow.description, " \t\r\n") != "").label("described")
    completed = CardRow.completed_at.is_not(None).label("completed")
    fields = [getattr(CardRow, field) for field in (*FIELDS, "assignee_ids")]
    query = sa.select(*fields, described, completed, _moved_at()).where(CardRow.board_id == board.id)
    query = query.where(CardRow.archived_at.is_(None)) if since is None else query.where(CardRow.revision > since)
    rows = db.execute(query.order_by(CardRow.rank)).mappings().all()
    shown = [row for row in rows if row["column_id"]]
    names = accounts.person_names(db, actor)
    ids = [row["id"] for row in shown]
    counts = details.counts(db, board.id, ids if len(ids) <= FEW else None)
    return [_face(row, names, counts) for row in shown], [row["id"] for row in rows if not row["column_id"]]


def _moved_at() -> sa.Label[Any]:
    """Of the move before the standstill, as the notices of stale cards count it."""
    moves = sa.select(TransitionRow.at).where(TransitionRow.card_id == CardRow.id, TransitionRow.kind.in_(MOVES))
    last = moves.order_by(TransitionRow.id.desc()).limit(1).correlate(CardRow).scalar_subquery()
    return sa.case((CardRow.completed_at.is_(None), last)).label("moved_at")


def _face(row: Any, names: dict[UUID, str], counts: dict[UUID, Any]) -> CardFace:
    """Unchecked, since it comes from the database: there may be thousands of them."""
    people = sorted(((names.get(id_, LEFT), id_) for id_ in row["assignee_ids"]), key=lambda one: one[0])
    face = {field: row[field] for field in (*FIELDS, "described", "completed", "moved_at")}
    face["priority"], face["category"] = Priority(row["priority"]), Category(row["category"])
    face["assignees"] = [Assignee.model_construct(id=id_, name=name) for name, id_ in people]
    if count := counts.get(row["id"]):
        face["checklist"] = (count.checklist_done, count.checklist_total)
        face |= {field: getattr(count, field) for field in ("comments", "notes", "files", "blocked_by")}
    return CardFace.model_construct(**face)


def _matching(db: Session, actor: Actor, board_id: UUID, wanted: Any, zone: str) -> list[UUID]:
    query = sa.select(CardRow.id).where(CardRow.board_id == board_id, CardRow.archived_at.is_(None))
    return list(db.scalars(query.where(filters.condition(wanted, actor, board_id, filters.zone_named(zone)))))
