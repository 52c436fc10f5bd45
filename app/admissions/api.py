"""Invitations and reset links over HTTP, for administrators."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.accounts.web import PROVEN_JUST_NOW, Caller, Db, Limit
from app.admissions import service as admissions
from app.admissions.schemas import Invitation, InvitationCreate, NewInvitation, ResetLink
from app.core.paging import Page

router = APIRouter(tags=["admissions"])
# An answer that holds a link is not kept for a repeated request: it opens a door.
SECRET = {"Cache-Control": "no-store"}


@router.get("/invitations")
def list_invitations(db: Db, caller: Caller, limit: Limit = 50, cursor: str | None = None) -> Page[Invitation]:
    """Newest first; `state` is open, accepted, expired or revoked."""
    return admissions.invitations_page(db, caller, limit=limit, cursor=cursor)


@router.post("/invitations", status_code=201)
def invite(db: Db, caller: Caller, new: InvitationCreate, response: Response) -> NewInvitation:
    """Sent by mail. Without a mail account for it, the answer holds the link, this once."""
    response.headers.update(SECRET)
    return admissions.invite(db, caller, new)


@router.post("/invitations/{invitation_id}/resend")
def send_invitation_again(db: Db, caller: Caller, invitation_id: UUID, response: Response) -> NewInvitation:
    """With a new link; the older one is void."""
    response.headers.update(SECRET)
    return admissions.send_again(db, caller, invitation_id)


@router.delete("/invitations/{invitation_id}")
def revoke_invitation(db: Db, caller: Caller, invitation_id: UUID) -> Invitation:
    """Its link is void at once."""
    return admissions.revoke_invitation(db, caller, invitation_id)


@router.post("/people/{person_id}/reset-link", dependencies=[PROVEN_JUST_NOW])
def make_reset_link(db: Db, caller: Caller, person_id: UUID, response: Response) -> ResetLink:
    """Lets the person choose a new password within 30 minutes; sent by mail, else in the answer, this once."""
    response.headers.update(SECRET)
    return admissions.make_reset_link(db, caller, person_id)
