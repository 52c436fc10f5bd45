"""The one way into admissions: signing up, invitations, new passwords by link."""

from app.admissions import notices  # noqa: F401  from here on people are told of changes to their accounts
from app.admissions.captcha import Captcha, captcha, check_captcha
from app.admissions.identities import (
    NoOtherWayIn,
    admit_identity,
    identities,
    note_refused_proof,
    unlink_identity,
)
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
from app.admissions.oidc import (
    Question,
    SignInOver,
    ask_provider,
    delete_old_questions,
    prove_identity,
    redirect_uri,
    refund_oidc_start,
    spend_oidc_start,
    take_answer,
)
from app.admissions.provider import ProofRefused, oidc_configured, provider_description
from app.admissions.resets import (
    NobodyToReset,
    ResetUnusable,
    choose_password,
    delete_old_links,
    make_reset_link,
    person_to_reset,
    request_reset,
)
from app.admissions.schemas import Claimed
from app.admissions.sign_ups import SignUpClosed, sign_up, sign_up_open
from app.admissions.tokens import LinkUnusable

__all__ = [
    "AlreadyInvited",
    "Captcha",
    "Claimed",
    "InvitationOver",
    "InvitationUnusable",
    "InvitationsOff",
    "LinkUnusable",
    "NoOtherWayIn",
    "NobodyToReset",
    "ProofRefused",
    "Question",
    "ResetUnusable",
    "SignInOver",
    "SignUpClosed",
    "accept_invitation",
    "admit_identity",
    "ask_provider",
    "captcha",
    "check_captcha",
    "choose_password",
    "delete_old_links",
    "delete_old_questions",
    "identities",
    "invitations_page",
    "invite",
    "make_reset_link",
    "note_refused_proof",
    "oidc_configured",
    "open_invitation",
    "person_to_reset",
    "prove_identity",
    "provider_description",
    "redirect_uri",
    "refund_oidc_start",
    "request_reset",
    "revoke_invitation",
    "send_again",
    "sign_up",
    "sign_up_open",
    "spend_oidc_start",
    "take_answer",
    "unlink_identity",
]
