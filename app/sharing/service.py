"""The one way into teams, shares and ownership."""

from app.sharing.access import ViewOnly, audience, check_level, level_column, level_for, require_level, visible
from app.sharing.kinds import offer_kind
from app.sharing.leaving import deactivate_person, left_behind, left_behind_page
from app.sharing.ownership import RoleTooLow, hand_over, owned, owned_page
from app.sharing.shares import (
    OPEN,
    copy_shares,
    default_shares,
    directory,
    forget,
    grant,
    revoke,
    share_new,
    shares,
    shares_page,
    sharing,
)
from app.sharing.teams import (
    TeamNameTaken,
    add_member,
    change_team,
    create_team,
    delete_team,
    remove_member,
    team,
    teams,
    teams_page,
)

__all__ = [
    "OPEN",
    "RoleTooLow",
    "TeamNameTaken",
    "ViewOnly",
    "add_member",
    "audience",
    "change_team",
    "check_level",
    "copy_shares",
    "create_team",
    "deactivate_person",
    "default_shares",
    "delete_team",
    "directory",
    "forget",
    "grant",
    "hand_over",
    "left_behind",
    "left_behind_page",
    "level_column",
    "level_for",
    "offer_kind",
    "owned",
    "owned_page",
    "remove_member",
    "require_level",
    "revoke",
    "share_new",
    "shares",
    "shares_page",
    "sharing",
    "team",
    "teams",
    "teams_page",
    "visible",
]
