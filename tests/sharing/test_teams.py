"""Who makes teams, who says who is in them, and what happens to what was shared with them."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange
from app.audit.tables import AuditRow
from app.core.actor import SYSTEM
from app.core.errors import Forbidden, Invalid, NotFound
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, MemberAdd, ShareCreate, TeamChange, TeamCreate
from app.tasks import service as tasks
from tests.sharing.conftest import People, new_person, new_team


def member(person_id: UUID | None, *, lead: bool = False) -> MemberAdd:
    return MemberAdd.model_validate({"person_id": person_id, "is_lead": lead})


def test_only_administrators_make_change_and_delete_teams(db: Session, people: People) -> None:
    with pytest.raises(Forbidden):
        sharing.create_team(db, people.owner, TeamCreate(name="Sales"))
    team = sharing.create_team(db, people.admin, TeamCreate(name="Sales"))
    with pytest.raises(Forbidden):
        sharing.change_team(db, people.owner, team.id, TeamChange(name="Mine"))
    with pytest.raises(Forbidden):
        sharing.delete_team(db, people.owner, team.id)
    assert sharing.change_team(db, people.admin, team.id, TeamChange(description="North")).name == "Sales"
    assert [one.description for one in sharing.teams(db, people.viewer)] == ["North"]


def test_two_teams_cannot_have_one_name_however_it_is_written(db: Session, people: People) -> None:
    sharing.create_team(db, people.admin, TeamCreate(name="Sales"))
    with pytest.raises(sharing.TeamNameTaken, match="SALES"):
        sharing.create_team(db, people.admin, TeamCreate(name="SALES"))
    other = sharing.create_team(db, people.admin, TeamCreate(name="North"))
    with pytest.raises(sharing.TeamNameTaken):
        sharing.change_team(db, people.admin, other.id, TeamChange(name="sales"))


def test_who_leads_a_team_says_who_is_in_it_but_not_who_leads(db: Session, people: People) -> None:
    team = new_team(db, people.member, people.viewer, lead=people.member)
    staffed = sharing.add_member(db, people.member, team, member(people.stranger.id))
    assert [(one.name, one.is_lead) for one in staffed.members] == [("Max", True), ("Stan", False), ("Vera", False)]
    for refused in (people.stranger, people.viewer, people.owner):
        with pytest.raises(Forbidden):
            sharing.add_member(db, refused, team, member(people.owner.id))
        with pytest.raises(Forbidden):
            sharing.remove_member(db, refused, team, people.member.id or uuid4())
    with pytest.raises(Forbidden, match="who leads"):
        sharing.add_member(db, people.member, team, member(people.stranger.id, lead=True))
    left = sharing.remove_member(db, people.member, team, people.stranger.id or uuid4())
    assert "Stan" not in [one.name for one in left.members]


def test_a_lead_cannot_push_another_lead_out(db: Session, people: People) -> None:
    team = new_team(db, people.member, lead=people.member)
    sharing.add_member(db, people.admin, team, member(people.owner.id, lead=True))
    with pytest.raises(Forbidden):
        sharing.remove_member(db, people.member, team, people.owner.id or uuid4())
    with pytest.raises(Forbidden):
        sharing.add_member(db, people.member, team, member(people.owner.id))
    assert sharing.add_member(db, people.admin, team, member(people.owner.id)).members[-1].is_lead is False


def test_only_active_people_join_and_only_members_leave(db: Session, people: People) -> None:
    team = new_team(db)
    assert people.stranger.id
    accounts.change_person(db, people.admin, people.stranger.id, PersonChange(is_active=False))
    for unknown in (people.stranger.id, uuid4()):
        with pytest.raises(Invalid, match="no active person"):
            sharing.add_member(db, people.admin, team, member(unknown))
    with pytest.raises(NotFound, match="not in the team"):
        sharing.remove_member(db, people.admin, team, people.stranger.id)


def test_who_leaves_a_team_no_longer_sees_its_things(db: Session, people: People, board_id: UUID) -> None:
    team = new_team(db, people.member)
    sharing.grant(db, people.owner, Kind.board, board_id, ShareCreate(team_id=team, level=Level.edit))
    assert tasks.board(db, people.member, board_id).level is Level.edit
    sharing.remove_member(db, people.admin, team, people.member.id or uuid4())
    with pytest.raises(NotFound):
        tasks.board(db, people.member, board_id)


def test_a_deleted_team_takes_its_shares_along_and_says_how_many(db: Session, people: People, board_id: UUID) -> None:
    team = new_team(db, people.member)
    sharing.grant(db, people.owner, Kind.board, board_id, ShareCreate(team_id=team))
    assert sharing.team(db, people.viewer, team).shared_things == 1
    assert sharing.delete_team(db, people.admin, team).things == 1
    assert not sharing.shares(db, people.owner, Kind.board, board_id)
    with pytest.raises(NotFound):
        sharing.team(db, people.admin, team)


def test_what_is_done_with_teams_is_recorded(db: Session, people: People) -> None:
    team = sharing.create_team(db, people.admin, TeamCreate(name="Sales")).id
    sharing.add_member(db, people.admin, team, member(people.member.id))
    sharing.delete_team(db, people.admin, team)
    db.flush()
    found = sa.select(AuditRow.action).where(AuditRow.subject == str(team)).order_by(AuditRow.id)
    assert list(db.scalars(found)) == ["team:created", "team:changed", "team:deleted"]


def test_teams_are_listed_in_four_queries_however_many(db: Session, people: People) -> None:
    for _ in range(5):
        new_team(db, people.member, new_person(db))
    asked: list[str] = []
    connection = db.connection()
    sa.event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert len(sharing.teams(db, SYSTEM)) == 5
    assert len(asked) == 4
