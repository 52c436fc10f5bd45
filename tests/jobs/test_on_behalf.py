"""In whose name a run works: the person who asked for it, as they are now."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import PersonChange, PersonCreate
from app.core import db
from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import NotFound
from app.jobs import service as jobs
from app.jobs.context import JobContext, turned_away
from app.jobs.schemas import Run, RunStatus
from app.jobs.work_off import run_inline

pytestmark = pytest.mark.usefixtures("database")


def person(role: Role, name: str = "Ann") -> Actor:
    new = PersonCreate(
        email=f"{uuid4().hex}@example.com", name=name, password=SecretStr("three unrelated words"), role=role
    )
    with db.transaction() as session:
        return accounts.actor_of(session, accounts.create_person(session, SYSTEM, new).id)


def change(who: Actor, **changes: Any) -> None:
    assert who.id
    with db.transaction() as session:
        accounts.change_person(session, SYSTEM, who.id, PersonChange(**changes))


def queued_by(who: Actor) -> UUID:
    with db.transaction() as session:
        return jobs.enqueue(session, who, "test.job", {}, title="A test").id


def who_acts(ctx: JobContext) -> dict[str, Any]:
    return {"who": ctx.actor.name, "role": ctx.actor.role}


def run(run_id: UUID) -> Run:
    return run_inline(run_id, {"test.job": who_acts})


def test_what_somebody_queued_before_being_deactivated_is_refused_at_once_with_the_reason() -> None:
    ann = person(Role.author)
    run_id = queued_by(ann)
    change(ann, is_active=False)
    ended = run(run_id)
    assert (ended.status, ended.attempt, ended.result) == (RunStatus.failed, 1, None)
    assert ended.error == (
        "The account of Ann is deactivated. Nothing is done in their name any more."
        " An administrator can start this again, in their own name."
    )


def test_a_feature_tells_those_who_wait_and_says_what_they_can_do() -> None:
    told: list[str] = []

    def tell(ctx: JobContext, reason: str) -> str:
        told.append(f"{ctx.actor.name}: {reason}")
        return "Ask again."

    ann = person(Role.author)
    run_id = queued_by(ann)
    change(ann, is_active=False)
    ended = run_inline(run_id, {"test.job": turned_away(tell)(lambda ctx: who_acts(ctx))})
    reason = "The account of Ann is deactivated. Nothing is done in their name any more."
    assert (told, ended.error) == ([f"AutoReport: {reason}"], f"{reason} Ask again.")


def test_an_administrator_starts_it_again_in_their_own_name() -> None:
    ann, admin = person(Role.author), person(Role.admin, "Ada")
    run_id = queued_by(ann)
    change(ann, is_active=False)
    run(run_id)
    with db.transaction() as session:
        assert jobs.retry_run(session, admin, run_id).person_id == admin.id
    assert run(run_id).result == {"who": "Ada", "role": "admin"}


def test_a_retry_leaves_the_run_of_an_active_person_theirs() -> None:
    ann, admin = person(Role.author), person(Role.admin, "Ada")
    run_id = queued_by(ann)
    with db.transaction() as session:
        jobs.cancel_run(session, ann, run_id)
        jobs.retry_run(session, admin, run_id)
    assert run(run_id).result == {"who": "Ann", "role": "author"}


def test_a_run_has_the_role_of_today_not_that_of_when_it_was_queued() -> None:
    ann = person(Role.author)
    run_id = queued_by(ann)
    change(ann, role=Role.viewer)
    assert run(run_id).result == {"who": "Ann", "role": "viewer"}


def test_a_reader_who_looks_at_a_run_that_is_not_theirs_is_refused_whatever_became_of_its_owner() -> None:
    ann, ben = person(Role.author), person(Role.author, "Ben")
    run_id = queued_by(ann)
    change(ann, is_active=False)
    with db.transaction() as session, pytest.raises(NotFound):
        jobs.retry_run(session, ben, run_id)
