"""Teams, shares and hand-over over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.sharing import service as sharing
from app.sharing.schemas import (
    Deactivation,
    Directory,
    HandedOver,
    HandOver,
    Kind,
    LeftThing,
    MemberAdd,
    Owned,
    Share,
    ShareCreate,
    Team,
    TeamChange,
    TeamCreate,
    TeamDeleted,
)

router = APIRouter(tags=["sharing"])


@router.get("/teams")
def list_teams(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Team]:
    """By name, each with its members."""
    return sharing.teams_page(db, caller, limit=limit, cursor=cursor)


@router.post("/teams", status_code=201)
def create_team(db: Db, caller: Caller, new: TeamCreate) -> Team:
    """An empty one; for administrators."""
    return sharing.create_team(db, caller, new)


@router.get("/teams/{team_id}")
def read_team(db: Db, caller: Caller, team_id: UUID) -> Team:
    """Its members, and how many things are shared with it."""
    return sharing.team(db, caller, team_id)


@router.patch("/teams/{team_id}")
def change_team(db: Db, caller: Caller, team_id: UUID, change: TeamChange) -> Team:
    """Its name or description; for administrators."""
    return sharing.change_team(db, caller, team_id, change)


@router.delete("/teams/{team_id}")
def delete_team(db: Db, caller: Caller, team_id: UUID) -> TeamDeleted:
    """What was shared with it no longer is; the answer says how many things that are."""
    return sharing.delete_team(db, caller, team_id)


@router.post("/teams/{team_id}/members")
def add_member(db: Db, caller: Caller, team_id: UUID, new: MemberAdd) -> Team:
    """For administrators and whoever leads the team; only administrators say who leads."""
    return sharing.add_member(db, caller, team_id, new)


@router.delete("/teams/{team_id}/members/{person_id}")
def remove_member(db: Db, caller: Caller, team_id: UUID, person_id: UUID) -> Team:
    """From then on they see only what is theirs, or shared with them otherwise."""
    return sharing.remove_member(db, caller, team_id, person_id)


@router.get("/directory")
def read_directory(db: Db, caller: Caller) -> Directory:
    """Whom something can be shared with: active people and teams, by name."""
    return sharing.directory(db, caller)


@router.get("/shares/{kind}/{thing_id}")
def list_shares(
    db: Db, caller: Caller, kind: Kind, thing_id: UUID, limit: Limit = 50, cursor: str | None = None
) -> Page[Share]:
    """With whom it is shared, for everybody who may see it."""
    return sharing.shares_page(db, caller, kind, thing_id, limit=limit, cursor=cursor)


@router.post("/shares/{kind}/{thing_id}", status_code=201)
def grant_share(db: Db, caller: Caller, kind: Kind, thing_id: UUID, wanted: ShareCreate) -> Share:
    """With a person, a team or everybody; once more changes the level. For its owner and administrators."""
    return sharing.grant(db, caller, kind, thing_id, wanted)


@router.delete("/shares/{share_id}", status_code=204)
def revoke_share(db: Db, caller: Caller, share_id: UUID) -> None:
    """Holds from the next request."""
    sharing.revoke(db, caller, share_id)


@router.get("/people/{person_id}/owned")
def list_owned(db: Db, caller: Caller, person_id: UUID, limit: Limit = 50, cursor: str | None = None) -> Page[Owned]:
    """What would need a new owner if this person left; for administrators."""
    return sharing.owned_page(db, caller, person_id, limit=limit, cursor=cursor)


@router.post("/people/{person_id}/hand-over")
def hand_over(db: Db, caller: Caller, person_id: UUID, to: HandOver) -> HandedOver:
    """Everything that this person owns goes to somebody else, or nothing does; for administrators."""
    return HandedOver(things=sharing.hand_over(db, caller, person_id, to.to_person_id))


@router.post("/people/{person_id}/deactivate")
def deactivate_person(db: Db, caller: Caller, person_id: UUID, wanted: Deactivation) -> HandedOver:
    """Signs them out for good and hands over what they own, both or neither; for administrators."""
    return HandedOver(things=sharing.deactivate_person(db, caller, person_id, hand_over_to=wanted.hand_over_to))


@router.get("/left-behind")
def list_left_behind(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[LeftThing]:
    """What belongs to people who are deactivated; for administrators."""
    return sharing.left_behind_page(db, caller, limit=limit, cursor=cursor)
