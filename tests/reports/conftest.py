"""A real dataset, loaded through the real ingest, a board with work on it, and a template over both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS as LOADING
from app.datasets.schemas import Column, ColumnType, DatasetCreate, DatasetSchema
from app.jobs.work_off import work_off
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardCreate
from app.templates import service as templates
from app.templates.schemas import Template, TemplateCreate
from tests.queries.stored import economics
from tests.reports.material import BLOCKS, PARAMETERS

COLUMNS = [("month", "date"), ("pce", "decimal"), ("unemploy", "integer"), ("uempmed", "number")]


@dataclass(frozen=True)
class World:
    author: Actor
    template: Template
    board_id: UUID


def person(role: Role, name: str = "") -> Actor:
    with transaction() as db:
        email = f"{name or role}@example.com".lower()
        new = PersonCreate(email=email, name=name or role, password=SecretStr("three unrelated words"), role=role)
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def load_economics(author: Actor) -> None:
    columns = [
        Column(name=name, type=ColumnType(kind), decimals=1 if kind == "decimal" else None) for name, kind in COLUMNS
    ]
    lines = [",".join(name for name, _ in COLUMNS), *(f"{m},{p},{n},{w}" for m, p, n, w in economics())]
    upload = datasets.store_upload(author, "economics.csv", ["\n".join(lines).encode()])
    with transaction() as db:
        datasets.create_dataset(db, author, DatasetCreate(name="economics", schema=DatasetSchema(columns=columns)))
        datasets.receive_file(db, author, "economics", upload)
    work_off(LOADING)


@pytest.fixture
def make_template() -> Callable[..., Template]:
    def make(author: Actor, blocks: list[dict[str, Any]], name: str = "Economy") -> Template:
        wanted = TemplateCreate.model_validate({"name": name, "blocks": blocks, "parameters": PARAMETERS})
        with transaction() as db:
            return templates.create_template(db, author, wanted)

    return make


@pytest.fixture
def world(database: str, make_template: Callable[..., Template]) -> World:
    author = person(Role.author, "Ada")
    load_economics(author)
    with transaction() as db:
        board = tasks.create_board(db, author, BoardCreate(name="Team"))
        tasks.create_card(db, author, board.id, CardCreate(title="Ship the importer"))
    named = {block["id"]: block for block in BLOCKS}
    team = {**named["team"], "board_id": str(board.id), "period": "last_7_days"}
    kept = [named[key] for key in ("intro", "words", "people", "trend")]
    return World(author, make_template(author, [*kept, team]), board.id)
