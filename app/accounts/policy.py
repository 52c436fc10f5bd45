"""What an administrator asks of everybody who signs in."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.schemas import Person, PersonProof, Policy, PolicyChange
from app.accounts.tables import AccessPolicyRow, PersonRow, TwoFactorRow
from app.audit import service as audit
from app.audit.schemas import Action
from app.core.actor import Actor, Role, require_role


def policy(db: Session, actor: Actor) -> Policy:
    require_role(actor, Role.admin)
    return Policy(two_factor_from=_two_factor_from(db))


def change_policy(db: Session, actor: Actor, change: PolicyChange) -> Policy:
    """Holds from the next sign-in of each person; nobody is thrown out in the middle of their work."""
    require_role(actor, Role.admin)
    before, after = _two_factor_from(db), change.two_factor_from
    values = {"is_set": True, "two_factor_from": after.value if after else None}
    db.execute(insert(AccessPolicyRow).values(values).on_conflict_do_update(index_elements=["is_set"], set_=values))
    audit.record(db, actor, Action.policy_changed, "two_factor_from", before=before, after=after)
    return Policy(two_factor_from=after)


def must_use_two_factor(db: Session, role: Role) -> bool:
    least = _two_factor_from(db)
    return least is not None and role.includes(least)


def people_by_proof(db: Session, actor: Actor) -> list[PersonProof]:
    """Everybody who may sign in, and since when with two proofs."""
    require_role(actor, Role.admin)
    query = sa.select(PersonRow, TwoFactorRow.confirmed_at).where(PersonRow.is_active)
    rows = db.execute(query.outerjoin(TwoFactorRow, TwoFactorRow.person_id == PersonRow.id).order_by(PersonRow.name))
    return [PersonProof(person=Person.model_validate(row), two_factor_since=since) for row, since in rows]


def _two_factor_from(db: Session) -> Role | None:
    stored = db.scalar(sa.select(AccessPolicyRow.two_factor_from))
    return Role(stored) if stored else None
