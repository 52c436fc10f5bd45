"""What every command needs: a database, somebody to act for, an end of the work, an answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from app.core import startup
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.errors import Invalid, NotFound

if TYPE_CHECKING:
    from app.accounts.schemas import Person
    from app.jobs.schemas import Run

RUN_SECONDS = 3600.0

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnBehalfOf = Annotated[str, typer.Option("--as", metavar="EMAIL", help="Act as this person instead of as the system.")]


@contextmanager
def open_database(*, migrated: bool = True) -> Iterator[None]:
    """Joins the embedded server, or starts it; only its tables are brought up to date without being asked."""
    database = startup.open_database()
    try:
        if migrated and database.server:
            startup.migrate()
        yield
    finally:
        database.close()


@contextmanager
def named_fields() -> Iterator[None]:
    """What pydantic finds wrong with an argument is a refusal, not a defect."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{field}: {first['msg'].removeprefix('Value error, ')}") from error


def finish_run(run_id: UUID) -> "Run":
    """A worker has it already, or else it is executed here. Raises Invalid with what the run says."""
    from app.jobs import service as jobs
    from app.jobs.work_off import run_inline
    from app.worker import HANDLERS

    run = run_inline(run_id, HANDLERS)
    if not run.status.is_final:
        run = jobs.wait_for(run_id, RUN_SECONDS)
    if run.status in ("failed", "cancelled"):
        raise Invalid(run.error or f"The job was {run.status}.")
    return run


def actor_of(email: str) -> Actor:
    """The person with this address; nobody named is the system itself."""
    if not email:
        return SYSTEM
    person = next((person for person in _people() if person.email == email.strip().lower()), None)
    if person is None:
        raise NotFound(f"There is nobody with the e-mail address {email}.")
    return Actor(id=person.id, name=person.name, email=person.email, role=person.role)


def first_admin() -> Actor:
    admins = [person for person in _people() if person.role is Role.admin and person.is_active]
    if not admins:
        raise NotFound("There is no administrator yet: autoreport user create EMAIL --role admin --password-stdin")
    return actor_of(min(admins, key=lambda person: person.created_at).email)


def _people() -> "list[Person]":
    from app.accounts import service as accounts

    with transaction() as db:
        return accounts.people(db, SYSTEM)


def show(found: Any, as_json: bool, text: str) -> None:
    """Times in JSON are RFC 3339, as in the API."""
    print(json.dumps(to_jsonable_python(found), ensure_ascii=False) if as_json else text)
