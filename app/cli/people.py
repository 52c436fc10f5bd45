"""Commands about people and their keys."""

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from app.cli.session import AsJson, actor_of, named_fields, open_database, show
from app.core.actor import SYSTEM, Role
from app.core.db import transaction
from app.core.errors import NotFound

user = typer.Typer(no_args_is_help=True)
key = typer.Typer(no_args_is_help=True)


@user.command("create")
def create_user(
    email: str,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.member,
    name: Annotated[str, typer.Option(help="Default: the part before the @.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a person sign in. Without --password-stdin the password is asked for."""
    from app.accounts import service as accounts
    from app.accounts.schemas import PersonCreate

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked_password()
    with open_database(), named_fields(), transaction() as db:
        new = PersonCreate(email=email, name=name or email.partition("@")[0], role=role, password=SecretStr(password))
        person = accounts.create_person(db, SYSTEM, new)
    show(person.model_dump(), as_json, f"{person.email} may sign in as {person.role}.")


@user.command("invite")
def invite_user(
    email: str,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.member,
    as_json: AsJson = False,
) -> None:
    """Invite a person by mail; without a mail account for it, the link is printed once."""
    from app.admissions import service as admissions
    from app.admissions.schemas import InvitationCreate

    with open_database(), named_fields(), transaction() as db:
        made = admissions.invite(db, SYSTEM, InvitationCreate(email=email, role=role))
    show(made.model_dump(), as_json, made.link or f"An invitation is on its way to {made.email}.")


@user.command("reset-two-factor")
def reset_two_factor(email: str, as_json: AsJson = False) -> None:
    """Turn two-factor sign-in off for somebody who lost phone and recovery codes."""
    from app.accounts import service as accounts

    with open_database(), transaction() as db:
        person = accounts.person_with_email(db, email)
        if person is None:
            raise NotFound(f"There is nobody with the e-mail address {email}.")
        accounts.reset_two_factor(db, SYSTEM, person.id)
    show({"email": person.email}, as_json, f"{person.email} signs in with the password alone until it is set up again.")


@key.command("create")
def create_key(
    email: str,
    scopes: Annotated[str, typer.Option(help="read, write, admin; several with commas.")] = "read",
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    as_json: AsJson = False,
) -> None:
    """Make an API key for a person. It is printed once and cannot be read again."""
    from app.accounts import service as accounts
    from app.accounts.schemas import KeyCreate

    with open_database(), named_fields():
        actor = actor_of(email)
        wanted = {"name": name, "scopes": [part.strip() for part in scopes.split(",")]}
        with transaction() as db:
            made = accounts.create_key(db, actor, KeyCreate.model_validate(wanted))
    show(made.model_dump(), as_json, made.key)


def _asked_password() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
