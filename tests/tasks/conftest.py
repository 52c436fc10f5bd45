"""One board with people around it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate, Scope
from app.api import make_api
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardCreate, Card, CardCreate, CardMove

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
People = Callable[..., Actor]


def make_person(db: Session, name: str, role: Role) -> Actor:
    new = PersonCreate(
        email=f"{name.lower()}@example.com", name=name, password=SecretStr("three unrelated words"), role=role
    )
    return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


@pytest.fixture
def ann(db: Session) -> Actor:
    return make_person(db, "Ann", Role.member)


@pytest.fixture
def bob(db: Session) -> Actor:
    return make_person(db, "Bob", Role.member)


@pytest.fixture
def viewer(db: Session) -> Actor:
    return make_person(db, "Vera", Role.viewer)


@pytest.fixture
def board(db: Session, ann: Actor) -> Board:
    return tasks.board(db, ann, tasks.create_board(db, ann, BoardCreate(name="Team")).id)


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    """Ann, over the API."""
    with transaction() as db:
        ann = make_person(db, "Ann", Role.member)
        key = accounts.create_key(db, ann, KeyCreate(name="test", scopes=[Scope.read, Scope.write])).key
    with TestClient(make_api(), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def column(board: Board, name: str) -> UUID:
    return next(c.id for c in board.columns if c.name == name)


def titles(db: Session, actor: Actor, board: Board, name: str) -> list[str]:
    return [card.title for c in tasks.board(db, actor, board.id).columns if c.name == name for card in c.cards]


def add(db: Session, actor: Actor, board: Board, *names: str, to: str = "To do", **fields: object) -> list[Card]:
    where = column(board, to)
    return [
        tasks.create_card(db, actor, board.id, CardCreate.model_validate({"title": name, "column_id": where, **fields}))
        for name in names
    ]


def move(db: Session, actor: Actor, card: Card, to: UUID, **place: UUID | None) -> Card:
    wanted = CardMove(column_id=to, after_id=place.get("after"), before_id=place.get("before"), version=card.version)
    return tasks.move_card(db, actor, card.id, wanted)
