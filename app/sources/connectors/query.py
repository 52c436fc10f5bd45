"""A derived dataset: the answer of a query to other datasets, made anew when one of them has changed."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from app.core import storage
from app.core.actor import SYSTEM, Actor
from app.core.db import transaction
from app.core.errors import AppError, Invalid
from app.datasets import service as datasets
from app.queries import service as queries
from app.queries.moments import present
from app.queries.schemas import QuerySpec, Question, SqlQuery
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.schemas import Probe
from app.sources.tables import SourceRow

PIECE = 1 << 20
PATIENCE = "15min"
SHOWN = 5


class Circle(Invalid):
    """This query reads, directly or through others, the very dataset that it would fill."""


class QuerySettings(SourceSettings):
    """A saved query, or a question of its own."""

    query_id: UUID | None = Field(None, title="Saved query")
    question: Question | None = None
    max_rows: int = Field(1_000_000, title="At most rows", ge=1, le=10_000_000, description="More are refused")

    @model_validator(mode="after")
    def _one_question(self) -> "QuerySettings":
        if (self.query_id is None) == (self.question is None):
            raise ValueError("give a saved query, or a question, not both")
        return self


class QueryConnector:
    kind: ClassVar[str] = "query"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = QuerySettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: QuerySettings) -> None:
        """Whoever asks must see all that is read. Raises Circle, and what the queries do."""
        question = _question(db, actor, settings)
        _refuse_circle(db, dataset, list(queries.inputs_of(db, actor, question)))

    def test(self, settings: QuerySettings, actor: Actor) -> Probe:
        with transaction() as db:
            question = _question(db, actor, settings).model_copy(update={"limit": SHOWN})
            answer = queries.run(db, actor, question)
        columns = [f"{column.name}: {column.type}" for column in answer.columns]
        return Probe(ok=True, message=f"The query answers with {len(columns)} columns.", found=columns)

    def pull(self, settings: QuerySettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        """Nothing to do while all that it reads and the question are the same, and the day where that counts."""
        inbox.step("Looking what has changed")
        with inbox.transaction() as db:
            question = _question(db, inbox.owner, settings)
            state = _state(db, inbox.owner, question)
        if state == watermark:
            return watermark
        mark = sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
        if not inbox.wants("answer", mark):
            return state
        inbox.step("Asking")
        key = f"uploads/{uuid4().hex}"
        try:
            with inbox.transaction() as db:
                db.execute(sa.text(f"set local idle_in_transaction_session_timeout = '{PATIENCE}'"))
                queries.write_parquet(db, inbox.owner, question, key, max_rows=settings.max_rows)
            done = inbox.add("answer.parquet", _content(key), item_key="answer", fingerprint=mark)
        finally:
            storage.delete(key)
        return state if done else watermark


def _question(db: Session, actor: Actor, settings: QuerySettings) -> QuerySpec | SqlQuery:
    if settings.query_id is None:
        assert settings.question is not None
        return settings.question
    return queries.query(db, actor, settings.query_id).question


def _state(db: Session, actor: Actor, question: QuerySpec | SqlQuery) -> Watermark:
    asked = question.model_dump_json()
    state: dict[str, Any] = {
        "question": sha256(asked.encode()).hexdigest()[:16],
        "datasets": {name: source.version for name, source in queries.inputs_of(db, actor, question).items()},
    }
    if queries.moves(question):
        state["day"] = present().today.isoformat()
    return state


def _content(key: str) -> Iterator[bytes]:
    with storage.open_file(key) as file:
        while part := file.read(PIECE):
            yield part


def _refuse_circle(db: Session, target: str, inputs: list[str]) -> None:
    seen: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(name, (name,)) for name in inputs]
    while waiting:
        name, path = waiting.pop()
        if name == target:
            raise Circle(f"{target} cannot be filled from itself: {' ← '.join((target, *path))}.")
        if name not in seen:
            seen.add(name)
            waiting += [(below, (*path, below)) for below in _read_by(db, name)]


def _read_by(db: Session, dataset: str) -> list[str]:
    """What the query sources of this dataset read. One that cannot be read any more reads nothing."""
    found: list[str] = []
    dataset_id = datasets.access_dataset(db, SYSTEM, dataset).id
    for row in db.scalars(sa.select(SourceRow).where(SourceRow.dataset_id == dataset_id, SourceRow.kind == "query")):
        try:
            question = _question(db, SYSTEM, QuerySettings.model_validate(row.settings))
            found += queries.inputs_of(db, SYSTEM, question)
        except AppError:
            continue
    return found
