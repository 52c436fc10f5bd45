"""People, a team and a board to share."""

from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Actor, Role
from app.sharing import service as sharing
from app.sharing.schemas import Kind, MemberAdd, ShareCreate, TeamCreate
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate


def new_person(db: Session, role: Role = Role.member, name: str = "") -> Actor:
    email = f"{uuid4().hex}@example.com"
    new = PersonCreate(email=email, name=name or role, password=SecretStr("three unrelated words"), role=role)
    return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def new_team(db: Session, *members: Actor, lead: Actor | None = None) -> UUID:
    team = sharing.create_team(db, SYSTEM, TeamCreate(name=f"Team {uuid4().hex[:8]}"))
    for member in members:
        assert member.id
        sharing.add_member(db, SYSTEM, team.id, MemberAdd(person_id=member.id, is_lead=member is lead))
    return team.id


class People(NamedTuple):
    admin: Actor
    owner: Actor
    member: Actor
    viewer: Actor
    stranger: Actor


@pytest.fixture
def people(db: Session) -> People:
    return People(
        new_person(db, Role.admin, "Ada"),
        new_person(db, Role.author, "Olga"),
        new_person(db, Role.member, "Max"),
        new_person(db, Role.viewer, "Vera"),
        new_person(db, Role.author, "Stan"),
    )


@pytest.fixture
def board_id(db: Session, people: People) -> UUID:
    """Nobody but Olga sees it yet."""
    board = tasks.create_board(db, people.owner, BoardCreate(name="Team"))
    sharing.forget(db, Kind.board, board.id)
    return board.id


def to_person(person: Actor, **facts: object) -> ShareCreate:
    return ShareCreate.model_validate({"person_id": person.id, **facts})
