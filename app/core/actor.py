"""Who is acting. Everything else about people lives in accounts."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.core.errors import Forbidden


class Role(StrEnum):
    """Each role may do what the ones before it may."""

    viewer = "viewer"
    member = "member"
    author = "author"
    admin = "admin"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class Actor(BaseModel):
    """The person (or SYSTEM) on whose behalf a service function runs. `id` is None only for SYSTEM."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None
    name: str
    email: str = ""
    role: Role
    ip: str | None = None


SYSTEM = Actor(id=None, name="AutoReport", role=Role.admin)


def require_role(actor: Actor, role: Role) -> None:
    """Raises Forbidden with the role that is missing."""
    if not actor.role.includes(role):
        raise Forbidden(f"This needs the role {role.value}; yours is {actor.role.value}.")
