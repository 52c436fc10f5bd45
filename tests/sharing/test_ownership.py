"""What belongs to whom, and how all of it goes to somebody else when they leave."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.audit.tables import AuditRow
from app.core.actor import Actor, Role
from app.core.errors import Forbidden, Invalid, NotFound
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.tasks import service as tasks
from tests.sharing.conftest import People, new_person


def id_of(person: Actor) -> UUID:
    assert person.id
    return person.id


@pytest.fixture
def name(db: Session, people: People) -> str:
    """A dataset of Olga's that nobody else sees."""
    facts = {"name": f"cities-{uuid4().hex}", "schema": {"columns": [{"name": "city"}]}, "share_with": []}
    return datasets.create_dataset(db, people.owner, DatasetCreate.model_validate(facts)).name


def test_only_administrators_see_what_somebody_owns(db: Session, people: People, board_id: UUID, name: str) -> None:
    things = sharing.owned(db, people.admin, id_of(people.owner))
    assert [(one.kind, one.name) for one in things] == [(Kind.board, "Team"), (Kind.dataset, name)]
    page = sharing.owned_page(db, people.admin, id_of(people.owner), limit=1)
    assert page.items == things[:1]
    for refused in (people.owner, people.stranger, people.viewer):
        with pytest.raises(Forbidden):
            sharing.owned(db, refused, id_of(people.owner))
        with pytest.raises(Forbidden):
            sharing.hand_over(db, refused, id_of(people.owner), id_of(people.stranger))
    with pytest.raises(NotFound):
        sharing.owned(db, people.admin, uuid4())


def test_everything_goes_to_the_new_owner_at_once(db: Session, people: People, board_id: UUID, name: str) -> None:
    moved = sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.stranger))
    assert {one.kind for one in moved} == {Kind.board, Kind.dataset}
    assert sharing.owned(db, people.admin, id_of(people.owner)) == []
    assert tasks.board(db, people.stranger, board_id).owner_id == people.stranger.id
    assert datasets.dataset_by_name(db, people.stranger, name).level == "edit"
    with pytest.raises(NotFound):
        tasks.board(db, people.owner, board_id)


def test_what_the_heir_may_not_own_stops_all_of_it(db: Session, people: People, board_id: UUID, name: str) -> None:
    with pytest.raises(sharing.RoleTooLow, match="Max is member; to own a dataset takes the role author"):
        sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.member))
    assert len(sharing.owned(db, people.admin, id_of(people.owner))) == 2
    datasets.delete_dataset(db, people.owner, name)
    assert len(sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.member))) == 1


def test_nobody_who_cannot_sign_in_inherits(db: Session, people: People, board_id: UUID) -> None:
    accounts.change_person(db, people.admin, id_of(people.stranger), PersonChange(is_active=False))
    with pytest.raises(Invalid, match="Stan is deactivated"):
        sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.stranger))
    with pytest.raises(Invalid, match="belong to this person already"):
        sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.owner))
    with pytest.raises(NotFound):
        sharing.hand_over(db, people.admin, id_of(people.owner), uuid4())


def test_mail_accounts_go_to_administrators_only(db: Session, people: People) -> None:
    leaving = new_person(db, Role.admin, "Ari")
    new = SmtpAccountCreate(name=uuid4().hex, host="127.0.0.1", port=1, from_address="a@example.com")
    deliveries.create_smtp_account(db, leaving, new)
    with pytest.raises(sharing.RoleTooLow, match="to own a mail account"):
        sharing.hand_over(db, people.admin, id_of(leaving), id_of(people.stranger))
    moved = sharing.hand_over(db, people.admin, id_of(leaving), id_of(people.admin))
    assert [one.kind for one in moved] == [Kind.smtp_account]


def test_a_hand_over_is_recorded_kind_by_kind(db: Session, people: People, board_id: UUID, name: str) -> None:
    sharing.hand_over(db, people.admin, id_of(people.owner), id_of(people.stranger))
    db.flush()
    found = db.scalars(sa.select(AuditRow).where(AuditRow.action == "ownership:handed_over")).all()
    assert {row.details["kind"]: len(row.details["things"]) for row in found} == {"board": 1, "dataset": 1}
    assert {row.subject for row in found} == {str(people.owner.id)}
