"""Teams: administrators make them, their leads say who is in them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock
from app.core.actor import Actor, Role, require_role
from app.core.db import unless_taken
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.sharing.schemas import MemberAdd, Team, TeamChange, TeamCreate, TeamDeleted, TeamMember
from app.sharing.tables import ShareRow, TeamMemberRow, TeamRow

BY_NAME = (sa.func.lower(TeamRow.name, type_=sa.Text()), TeamRow.id)


class TeamNameTaken(Conflict):
    """There is a team with this name already. Choose another one."""


def teams(db: Session, actor: Actor) -> list[Team]:
    """By name, each with its members."""
    require_role(actor, Role.viewer)
    return _seen(db, db.scalars(sa.select(TeamRow).order_by(*BY_NAME)).all())


def teams_page(db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Team]:
    require_role(actor, Role.viewer)
    page = fetch_page(db, sa.select(TeamRow), lambda row: row, *BY_NAME, limit=limit, cursor=cursor)
    return Page(items=_seen(db, page.items), next_cursor=page.next_cursor)


def team(db: Session, actor: Actor, team_id: UUID) -> Team:
    require_role(actor, Role.viewer)
    return _seen(db, [_row(db, team_id)])[0]


def create_team(db: Session, actor: Actor, new: TeamCreate) -> Team:
    require_role(actor, Role.admin)
    row = TeamRow(name=new.name, description=new.description, created_at=clock.now())
    with unless_taken(db, _taken(new.name)):
        db.add(row)
    audit.record(db, actor, Action.team_created, row.id, name=row.name)
    return _seen(db, [row])[0]


def change_team(db: Session, actor: Actor, team_id: UUID, change: TeamChange) -> Team:
    require_role(actor, Role.admin)
    row = _row(db, team_id, write=True)
    with unless_taken(db, _taken(change.name or row.name)):
        row.name = change.name or row.name
    row.description = row.description if change.description is None else change.description
    audit.record(db, actor, Action.team_changed, row.id, **change.model_dump(exclude_unset=True))
    return _seen(db, [row])[0]


def delete_team(db: Session, actor: Actor, team_id: UUID) -> TeamDeleted:
    """What was shared with it is no longer: the answer says how much that is."""
    require_role(actor, Role.admin)
    row = _row(db, team_id, write=True)
    gone = TeamDeleted(name=row.name, things=_shared_things(db, [row.id]).get(row.id, 0))
    db.delete(row)
    db.flush()
    audit.record(db, actor, Action.team_deleted, team_id, name=gone.name, things=gone.things)
    return gone


def add_member(db: Session, actor: Actor, team_id: UUID, new: MemberAdd) -> Team:
    """Whoever is in it already stays in it. Only administrators say who leads."""
    row = _row(db, team_id, write=True)
    _check_may_staff(db, actor, row.id, leads=new.is_lead or _is_lead(db, row.id, new.person_id))
    _check_active(db, actor, new.person_id)
    member = insert(TeamMemberRow).values(
        team_id=row.id, person_id=new.person_id, is_lead=new.is_lead, added_at=clock.now()
    )
    db.execute(
        member.on_conflict_do_update(index_elements=["team_id", "person_id"], set_={"is_lead": new.is_lead}),
    )
    audit.record(db, actor, Action.team_changed, row.id, added=str(new.person_id), is_lead=new.is_lead)
    return _seen(db, [row])[0]


def remove_member(db: Session, actor: Actor, team_id: UUID, person_id: UUID) -> Team:
    """From then on they see of the team's things only what is theirs, or shared with them otherwise."""
    row = _row(db, team_id, write=True)
    leads = _is_lead(db, row.id, person_id) and person_id != actor.id
    _check_may_staff(db, actor, row.id, leads=leads)
    found = sa.delete(TeamMemberRow).where(TeamMemberRow.team_id == row.id, TeamMemberRow.person_id == person_id)
    if not db.execute(found.returning(TeamMemberRow.person_id)).all():
        raise NotFound(f"This person is not in the team “{row.name}”.")
    audit.record(db, actor, Action.team_changed, row.id, removed=str(person_id))
    return _seen(db, [row])[0]


def _check_may_staff(db: Session, actor: Actor, team_id: UUID, *, leads: bool) -> None:
    if actor.role is Role.admin:
        return
    require_role(actor, Role.member)
    if actor.id is None or not _is_lead(db, team_id, actor.id):
        raise Forbidden("Only an administrator or somebody who leads this team may say who is in it.")
    if leads:
        raise Forbidden("Only an administrator may say who leads a team.")


def _is_lead(db: Session, team_id: UUID, person_id: UUID) -> bool:
    member = db.get(TeamMemberRow, (team_id, person_id), populate_existing=True)
    return member is not None and member.is_lead


def _check_active(db: Session, actor: Actor, person_id: UUID) -> None:
    if person_id not in accounts.person_names(db, actor):
        raise Invalid(f"person_id: there is no active person {person_id}.")


def _row(db: Session, team_id: UUID, *, write: bool = False) -> TeamRow:
    row = db.get(TeamRow, team_id, with_for_update=write or None)
    if row is None:
        raise NotFound("There is no such team. It may have been deleted.")
    return row


def _taken(name: str) -> TeamNameTaken:
    return TeamNameTaken(f"There is a team called “{name}” already. Choose another name.")


def _seen(db: Session, rows: Iterable[TeamRow]) -> list[Team]:
    """However many teams there are: one query for the members, one for what is shared."""
    rows = list(rows)
    ids = [row.id for row in rows]
    members, shared = _members(db, ids), _shared_things(db, ids)
    return [
        Team(
            id=row.id,
            name=row.name,
            description=row.description,
            created_at=row.created_at,
            members=members.get(row.id, []),
            shared_things=shared.get(row.id, 0),
        )
        for row in rows
    ]


def _members(db: Session, team_ids: list[UUID]) -> dict[UUID, list[TeamMember]]:
    rows = db.scalars(
        sa.select(TeamMemberRow).where(TeamMemberRow.team_id.in_(team_ids)).execution_options(populate_existing=True)
    ).all()
    known = accounts.entries_of(db, {row.person_id for row in rows})
    found: dict[UUID, list[TeamMember]] = {}
    for row in rows:
        name, is_active = known[row.person_id]
        one = TeamMember(person_id=row.person_id, name=name, is_lead=row.is_lead, is_active=is_active)
        found.setdefault(row.team_id, []).append(one)
    return {team_id: sorted(some, key=_leads_first) for team_id, some in found.items()}


def _leads_first(member: TeamMember) -> Any:
    return not member.is_lead, member.name.casefold(), member.person_id


def _shared_things(db: Session, team_ids: list[UUID]) -> dict[UUID, int]:
    query = sa.select(ShareRow.team_id, sa.func.count()).where(ShareRow.team_id.in_(team_ids))
    return {team_id: count for team_id, count in db.execute(query.group_by(ShareRow.team_id)) if team_id}
