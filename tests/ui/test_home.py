"""What one person has to do, over all boards."""

from datetime import date

from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Actor, Role
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardCreate, CardMove


def person(db: Session, email: str) -> Actor:
    new = PersonCreate(email=email, name=email, password=SecretStr("three unrelated words"), role=Role.member)
    return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def test_my_cards_are_the_open_ones_of_all_boards_in_order_of_their_date(db: Session) -> None:
    ann, bob = person(db, "ann@example.com"), person(db, "bob@example.com")
    first, second = (tasks.create_board(db, ann, BoardCreate(name=name)) for name in ("First", "Second"))

    def card(board: object, title: str, **given: object) -> object:
        new = CardCreate(title=title, **{"assignee_ids": [ann.id], **given})
        return tasks.create_card(db, ann, board.id, new)

    card(first, "no date")
    card(second, "later", due_on=date(2026, 5, 2))
    card(first, "sooner", due_on=date(2026, 5, 1))
    card(first, "somebody else's", assignee_ids=[bob.id])
    tasks.archive_card(db, ann, card(first, "archived").id)
    done = next(column for column in tasks.board(db, ann, first.id).columns if column.is_done)
    finished = card(first, "finished")
    tasks.move_card(db, ann, finished.id, CardMove(column_id=done.id, version=finished.version))
    mine = tasks.my_open_cards(db, ann)
    assert [(one.board, one.title) for one in mine] == [("First", "sooner"), ("Second", "later"), ("First", "no date")]
