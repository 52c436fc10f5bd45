"""What is shared with whom. Its owner and administrators decide; who may see a thing sees with whom it is shared."""

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
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.paging import Page, fetch_page
from app.sharing.access import check_level, teams_of
from app.sharing.kinds import OFFERS
from app.sharing.schemas import Directory, Entry, Kind, Level, Share, ShareCreate, Sharing
from app.sharing.tables import AUDIENCE, ShareRow, TeamRow

EVERYBODY = "Everybody"
NOBODY = "AutoReport"
OPEN = [ShareCreate(everybody=True, level=Level.edit)]
SHOWN = (sa.case((ShareRow.everybody, 0), (ShareRow.team_id.is_not(None), 1), else_=2), ShareRow.created_at)


def default_shares(db: Session, actor: Actor) -> list[ShareCreate]:
    """Without teams everything is open; with one team it is the team's; with several the owner has to choose."""
    own = list(db.scalars(teams_of(actor)))
    if not own:
        return OPEN
    return [ShareCreate(team_id=own[0], level=Level.edit)] if len(own) == 1 else []


def share_new(
    db: Session, actor: Actor, kind: Kind, thing_id: UUID, *, share_with: list[ShareCreate] | None = None
) -> None:
    """Once, when a thing is made; `share_with` replaces the default."""
    for wanted in default_shares(db, actor) if share_with is None else share_with:
        _check_audience(db, wanted)
        _put(db, kind, thing_id, wanted)


def copy_shares(db: Session, from_kind: Kind, from_id: UUID, to_kind: Kind, to_id: UUID) -> None:
    """What is made from a thing is for those who have that thing. What is shared already stays as it is."""
    audience = (ShareRow.person_id, ShareRow.team_id, ShareRow.everybody, ShareRow.level)
    original = sa.select(sa.literal(to_kind.value), sa.literal(to_id, sa.Uuid()), *audience, sa.literal(clock.now()))
    original = original.where(ShareRow.kind == from_kind.value, ShareRow.thing_id == from_id)
    fields = ["kind", "thing_id", "person_id", "team_id", "everybody", "level", "created_at"]
    db.execute(insert(ShareRow).from_select(fields, original).on_conflict_do_nothing())


def forget(db: Session, kind: Kind, thing_id: UUID) -> None:
    """Together with the thing itself."""
    db.execute(sa.delete(ShareRow).where(ShareRow.kind == kind.value, ShareRow.thing_id == thing_id))


def shares(db: Session, actor: Actor, kind: Kind, thing_id: UUID) -> list[Share]:
    """Everybody first, then teams, then people. Raises NotFound."""
    _access(db, actor, kind, thing_id)
    query = sa.select(ShareRow).where(ShareRow.kind == kind.value, ShareRow.thing_id == thing_id)
    return _seen(db, list(db.scalars(query.order_by(*SHOWN, ShareRow.id).execution_options(populate_existing=True))))


def shares_page(
    db: Session, actor: Actor, kind: Kind, thing_id: UUID, *, limit: int = 50, cursor: str | None = None
) -> Page[Share]:
    """In the order in which they were granted."""
    _access(db, actor, kind, thing_id)
    query = sa.select(ShareRow).where(ShareRow.kind == kind.value, ShareRow.thing_id == thing_id)
    by = (ShareRow.created_at, ShareRow.id)
    page = fetch_page(db, query, lambda row: row, *by, limit=limit, cursor=cursor)
    return Page(items=_seen(db, page.items), next_cursor=page.next_cursor)


def sharing(db: Session, actor: Actor, kind: Kind, thing_id: UUID) -> Sharing:
    """For the dialogue: owner, shares, and whether `actor` may change them."""
    thing = _access(db, actor, kind, thing_id)
    owner = accounts.entries_of(db, {thing.owner_id}) if thing.owner_id else {}
    return Sharing(
        kind=kind,
        thing_id=thing_id,
        name=thing.name,
        owner_id=thing.owner_id,
        owner=owner[thing.owner_id][0] if owner else NOBODY,
        may_share=_may_share(actor, thing.owner_id),
        shares=shares(db, actor, kind, thing_id),
    )


def grant(db: Session, actor: Actor, kind: Kind, thing_id: UUID, wanted: ShareCreate) -> Share:
    """Granting again changes the level."""
    thing = _access(db, actor, kind, thing_id, share=True)
    if wanted.person_id is not None and wanted.person_id == thing.owner_id:
        raise Invalid("person_id: this is the owner, who may do everything with it already.")
    _check_audience(db, wanted)
    row = _put(db, kind, thing_id, wanted)
    share = _seen(db, [row])[0]
    audit.record(db, actor, Action.share_granted, thing_id, **_facts(share))
    return share


def revoke(db: Session, actor: Actor, share_id: UUID) -> Share:
    """Raises NotFound, also for the share of a thing that `actor` may not see."""
    row = db.get(ShareRow, share_id)
    if row is None:
        raise NotFound("There is no such share. It may have been taken back already.")
    _access(db, actor, Kind(row.kind), row.thing_id, share=True)
    share = _seen(db, [row])[0]
    db.delete(row)
    db.flush()
    audit.record(db, actor, Action.share_revoked, row.thing_id, **_facts(share))
    return share


def directory(db: Session, actor: Actor) -> Directory:
    """Active people and teams, by name."""
    people = accounts.person_names(db, actor).items()
    teams = db.execute(sa.select(TeamRow.id, TeamRow.name).order_by(sa.func.lower(TeamRow.name), TeamRow.id))
    return Directory(
        people=[Entry(id=person_id, name=name) for person_id, name in people],
        teams=[Entry(id=team.id, name=team.name) for team in teams],
    )


def _access(db: Session, actor: Actor, kind: Kind, thing_id: UUID, *, share: bool = False) -> Any:
    """The id, owner and name of a thing. With `share` it cannot be deleted meanwhile. Raises NotFound, Forbidden."""
    require_role(actor, Role.member if share else Role.viewer)
    missing = NotFound(f"There is no such {kind.value}, or you may not see it.")
    offer = OFFERS.get(kind)
    if offer is None or not offer.shareable:
        raise missing
    query = sa.select(offer.id.label("id"), offer.owner_id.label("owner_id"), offer.name.label("name"))
    query = query.where(offer.id == thing_id)
    thing = db.execute(query.with_for_update(read=True, key_share=True) if share else query).one_or_none()
    if thing is None:
        raise missing
    check_level(db, actor, kind, thing, missing=missing)
    if share and not _may_share(actor, thing.owner_id):
        raise Forbidden(f"Only the owner of “{thing.name}” or an administrator may share it.")
    return thing


def _may_share(actor: Actor, owner_id: UUID | None) -> bool:
    return actor.role is Role.admin or (
        actor.role.includes(Role.member) and actor.id is not None and actor.id == owner_id
    )


def _check_audience(db: Session, wanted: ShareCreate) -> None:
    if wanted.person_id is not None:
        name, is_active = accounts.entries_of(db, {wanted.person_id}).get(wanted.person_id, (None, False))
        if name is None:
            raise Invalid(f"person_id: there is no person {wanted.person_id}.")
        if not is_active:
            raise Invalid(f"person_id: the account of {name} is deactivated. Share it with somebody who is still here.")
    team = sa.select(TeamRow.id).where(TeamRow.id == wanted.team_id).with_for_update(read=True, key_share=True)
    if wanted.team_id is not None and db.scalar(team) is None:
        raise Invalid(f"team_id: there is no team {wanted.team_id}.")


def _put(db: Session, kind: Kind, thing_id: UUID, wanted: ShareCreate) -> ShareRow:
    values = {"kind": kind.value, "thing_id": thing_id, "created_at": clock.now(), **wanted.model_dump(mode="python")}
    share = insert(ShareRow).values(**{**values, "level": wanted.level.value})
    share = share.on_conflict_do_update(
        index_elements=[ShareRow.kind, ShareRow.thing_id, sa.text(AUDIENCE)], set_={"level": wanted.level.value}
    )
    return db.scalars(share.returning(ShareRow), execution_options={"populate_existing": True}).one()


def _seen(db: Session, rows: list[ShareRow]) -> list[Share]:
    people = accounts.entries_of(db, {row.person_id for row in rows if row.person_id})
    wanted = {row.team_id for row in rows if row.team_id}
    found = sa.select(TeamRow.id, TeamRow.name).where(TeamRow.id.in_(wanted))
    teams = {team.id: team.name for team in db.execute(found)} if wanted else {}
    names = {**{person_id: entry[0] for person_id, entry in people.items()}, **teams}
    return [
        Share(
            id=row.id,
            kind=Kind(row.kind),
            thing_id=row.thing_id,
            level=Level(row.level),
            person_id=row.person_id,
            team_id=row.team_id,
            everybody=row.everybody,
            name=names.get(row.person_id or row.team_id or row.id, EVERYBODY),
            created_at=row.created_at,
        )
        for row in rows
    ]


def _facts(share: Share) -> dict[str, Any]:
    to = str(share.person_id or share.team_id or "everybody")
    return {"kind": share.kind.value, "level": share.level.value, "to": to, "name": share.name}
