"""Two people, and a board that one of them made."""

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.notices import service as notices
from app.notices.schemas import About, NoticeKind
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, BoardLine
from tests.tasks.conftest import make_person


@pytest.fixture
def ann(db: Session) -> Actor:
    return make_person(db, "Ann", Role.member)


@pytest.fixture
def bob(db: Session) -> Actor:
    return make_person(db, "Bob", Role.member)


@pytest.fixture
def board(db: Session, ann: Actor) -> BoardLine:
    return tasks.create_board(db, ann, BoardCreate(name="Team"))


def tell(db: Session, *people: Actor, key: str = "key", kind: NoticeKind = NoticeKind.assigned, **facts: object) -> int:
    """How many were told."""
    given = {"subject": f"News {key}", "text": "", "link": "/board", **facts}
    return len(notices.tell(db, [one.id for one in people if one.id], kind, key=key, **given))  # type: ignore[arg-type]


def about(board: BoardLine) -> About:
    return About(Kind.board, board.id, board.name)


def subjects(db: Session, person: Actor, *, unread: bool = False) -> list[str]:
    return [one.subject for one in notices.notices(db, person, unread=unread).items]
