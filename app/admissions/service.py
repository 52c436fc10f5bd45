"""The one way into admissions: signing up, invitations, new passwords by link."""

from app.admissions import notices  # noqa: F401  from here on people are told of changes to their accounts
from app.admissions.invitations import (
    AlreadyInvited,
    InvitationOver,
    InvitationsOff,
    InvitationUnusable,
    accept_invitation,
    invitations_page,
    invite,
    open_invitation,
    revoke_invitation,
    send_again,
)
from app.admissions.resets import (
    NobodyToReset,
    ResetUnusable,
    choose_password,
    delete_old_links,
    make_reset_link,
    person_to_reset,
    request_reset,
)
from app.admissions.sign_ups import SignUpClosed, sign_up, sign_up_open
from app.admissions.tokens import LinkUnusable

__all__ = [
    "AlreadyInvited",
    "InvitationOver",
    "InvitationUnusable",
    "InvitationsOff",
    "LinkUnusable",
    "NobodyToReset",
    "ResetUnusable",
    "SignUpClosed",
    "accept_invitation",
    "choose_password",
    "delete_old_links",
    "invitations_page",
    "invite",
    "make_reset_link",
    "open_invitation",
    "person_to_reset",
    "request_reset",
    "revoke_invitation",
    "send_again",
    "sign_up",
    "sign_up_open",
]
