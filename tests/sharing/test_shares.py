"""What may be shared, by whom, with whom; and what a new thing starts with."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.audit.tables import AuditRow
from app.core.actor import SYSTEM
from app.core.errors import Forbidden, Invalid, NotFound
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.sharing.tables import ShareRow
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardChange, CardCreate
from tests.sharing.conftest import People, new_team, to_person

EVERYBODY = ShareCreate(everybody=True)


def shared_with(db: Session, kind: Kind, thing_id: UUID) -> list[tuple[str, Level]]:
    return [(one.name, one.level) for one in sharing.shares(db, SYSTEM, kind, thing_id)]


def test_a_new_thing_is_open_as_long_as_its_owner_is_in_no_team(db: Session, people: People) -> None:
    board = tasks.create_board(db, people.owner, BoardCreate(name="Open"))
    assert shared_with(db, Kind.board, board.id) == [("Everybody", Level.edit)]


def test_a_new_thing_is_its_team_s_and_of_two_teams_nobody_s(db: Session, people: People) -> None:
    team = new_team(db, people.owner)
    board = tasks.create_board(db, people.owner, BoardCreate(name="Ours"))
    assert [one.team_id for one in sharing.shares(db, people.owner, Kind.board, board.id)] == [team]
    with pytest.raises(NotFound):
        tasks.board(db, people.member, board.id)
    new_team(db, people.owner)
    mine = tasks.create_board(db, people.owner, BoardCreate(name="Mine"))
    assert shared_with(db, Kind.board, mine.id) == []


def test_whoever_makes_a_thing_can_say_whom_it_is_for(db: Session, people: People) -> None:
    for_max = BoardCreate(name="For Max", share_with=[to_person(people.member, level="view")])
    board = tasks.create_board(db, people.owner, for_max)
    assert shared_with(db, Kind.board, board.id) == [("Max", Level.view)]
    closed = tasks.create_board(db, people.owner, BoardCreate(name="Mine", share_with=[]))
    assert shared_with(db, Kind.board, closed.id) == []
    with pytest.raises(Invalid, match="no team"):
        tasks.create_board(db, people.owner, BoardCreate(name="X", share_with=[ShareCreate(team_id=uuid4())]))


def test_granting_again_changes_the_level(db: Session, people: People, board_id: UUID) -> None:
    first = sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member))
    again = sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member, level="edit"))
    assert (again.id, again.level) == (first.id, Level.edit)
    assert shared_with(db, Kind.board, board_id) == [("Max", Level.edit)]


def test_only_owner_and_administrators_share(db: Session, people: People, board_id: UUID) -> None:
    sharing.grant(db, people.admin, Kind.board, board_id, to_person(people.member, level="edit"))
    with pytest.raises(Forbidden, match="Only the owner"):
        sharing.grant(db, people.member, Kind.board, board_id, EVERYBODY)
    share = sharing.shares(db, people.member, Kind.board, board_id)[0]
    with pytest.raises(Forbidden):
        sharing.revoke(db, people.member, share.id)
    for ask in (sharing.shares, sharing.sharing):
        with pytest.raises(NotFound):
            ask(db, people.stranger, Kind.board, board_id)
    with pytest.raises(NotFound):
        sharing.grant(db, people.stranger, Kind.board, board_id, EVERYBODY)
    with pytest.raises(NotFound):
        sharing.revoke(db, people.stranger, share.id)


def test_an_owner_who_became_a_viewer_no_longer_shares(db: Session, people: People, board_id: UUID) -> None:
    assert people.owner.id
    accounts.change_person(db, people.admin, people.owner.id, PersonChange.model_validate({"role": "viewer"}))
    demoted = accounts.actor_of(db, people.owner.id)
    with pytest.raises(Forbidden):
        sharing.grant(db, demoted, Kind.board, board_id, EVERYBODY)
    assert not sharing.sharing(db, demoted, Kind.board, board_id).may_share


def test_nothing_is_shared_with_who_cannot_use_it(db: Session, people: People, board_id: UUID) -> None:
    assert people.stranger.id
    accounts.change_person(db, people.admin, people.stranger.id, PersonChange(is_active=False))
    refused = {
        "Stan is deactivated": to_person(people.stranger),
        "there is no person": ShareCreate(person_id=uuid4()),
        "there is no team": ShareCreate(team_id=uuid4()),
        "this is the owner": to_person(people.owner),
    }
    for message, wanted in refused.items():
        with pytest.raises(Invalid, match=message):
            sharing.grant(db, people.owner, Kind.board, board_id, wanted)


@pytest.mark.parametrize(
    "both", [{}, {"everybody": True, "team_id": uuid4()}, {"person_id": uuid4(), "team_id": uuid4()}]
)
def test_a_share_is_for_exactly_one_audience(
    db: Session, people: People, board_id: UUID, both: dict[str, object]
) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        ShareCreate.model_validate(both)
    row = sa.insert(ShareRow).values(
        kind="board",
        thing_id=board_id,
        level="view",
        created_at=sa.func.now(),
        person_id=people.member.id,
        everybody=True,
    )
    with pytest.raises(IntegrityError, match="one_audience"), db.begin_nested():
        db.execute(row)


def test_mail_accounts_and_unknown_things_cannot_be_shared(db: Session, people: People) -> None:
    for kind in Kind:
        with pytest.raises(NotFound):
            sharing.grant(db, people.admin, kind, uuid4(), EVERYBODY)


def test_who_may_only_look_is_told_so(db: Session, people: People, board_id: UUID) -> None:
    card = tasks.create_card(db, people.owner, board_id, CardCreate(title="Ship it"))
    sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member))
    assert tasks.card(db, people.member, card.id).title == "Ship it"
    with pytest.raises(sharing.ViewOnly, match="to look at only"):
        tasks.change_card(db, people.member, card.id, CardChange(version=1, title="Mine"))
    with pytest.raises(sharing.ViewOnly):
        tasks.create_card(db, people.member, board_id, CardCreate(title="Mine"))


def test_a_card_goes_to_nobody_who_does_not_see_the_board(db: Session, people: People, board_id: UUID) -> None:
    assert set(tasks.assignees(db, people.owner, board_id).values()) == {"Ada", "Olga"}
    with pytest.raises(Invalid, match="Max does not see this board"):
        tasks.create_card(db, people.owner, board_id, CardCreate(title="A", assignee_ids=[people.member.id]))
    team = new_team(db, people.member)
    sharing.grant(db, people.owner, Kind.board, board_id, ShareCreate(team_id=team, level=Level.edit))
    card = tasks.create_card(db, people.owner, board_id, CardCreate(title="A", assignee_ids=[people.member.id]))
    assert [one.id for one in tasks.my_open_cards(db, people.member)] == [card.id]
    sharing.forget(db, Kind.board, board_id)
    assert tasks.my_open_cards(db, people.member) == []


def test_a_hidden_dataset_leaves_no_trace_in_lists_and_sums(db: Session, people: People) -> None:
    new = DatasetCreate.model_validate({"name": "secret", "schema": {"columns": [{"name": "city"}]}, "share_with": []})
    made = datasets.create_dataset(db, people.owner, new)
    upload = datasets.store_upload(people.owner, "cities.csv", [b"city\nOslo\n"])
    batch = datasets.receive_file(db, people.owner, "secret", upload)
    assert datasets.datasets(db, people.stranger) == []
    assert datasets.batches(db, people.stranger).items == []
    assert datasets.summary(db, people.stranger).batches == 0
    assert datasets.summary(db, people.owner).batches == 1
    for ask in (datasets.batch, datasets.rejects, datasets.undo_batch, datasets.release_batch):
        with pytest.raises(NotFound, match=f"no batch {batch.id}"):
            ask(db, people.stranger, batch.id)
    datasets.delete_dataset(db, people.owner, "secret")
    assert db.scalar(sa.select(sa.func.count()).where(ShareRow.thing_id == made.id)) == 0


def test_what_is_made_from_a_thing_is_for_those_who_have_the_thing(db: Session, people: People, board_id: UUID) -> None:
    sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member, level="edit"))
    copy = tasks.create_board(db, people.owner, BoardCreate(name="Copy", share_with=[])).id
    for _ in range(2):
        sharing.copy_shares(db, Kind.board, board_id, Kind.board, copy)
    assert shared_with(db, Kind.board, copy) == [("Max", Level.edit)]


def test_what_is_granted_and_taken_back_is_recorded(db: Session, people: People, board_id: UUID) -> None:
    share = sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member))
    sharing.revoke(db, people.owner, share.id)
    db.flush()
    trail = db.scalars(sa.select(AuditRow).where(AuditRow.action.startswith("share:")).order_by(AuditRow.id)).all()
    assert [(row.action, row.subject, row.details["name"]) for row in trail] == [
        ("share:granted", str(board_id), "Max"),
        ("share:revoked", str(board_id), "Max"),
    ]
