"""Commands that run and look after an installation."""

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.session import AsJson, open_database, show
from app.core import keys, startup
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.errors import NotFound

ROOT = Path(__file__).resolve().parents[2]

app = typer.Typer()
smtp = typer.Typer(no_args_is_help=True)
secrets = typer.Typer(no_args_is_help=True)
audit = typer.Typer(no_args_is_help=True)


@app.command()
def serve() -> None:
    """Run the whole product, as `uv run main.py` does."""
    program = str(ROOT / "main.py")
    os.execv(sys.executable, [sys.executable, program])  # noqa: S606  signals shall reach the product itself


@app.command()
def worker(concurrency: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 2) -> None:
    """Execute jobs until SIGTERM, on this machine or on any other that reaches the database."""
    from app import worker as door

    raise typer.Exit(door.main(["--concurrency", str(concurrency)]))


@app.command()
def migrate() -> None:
    """Bring the tables up to date."""
    from app.core import migrations

    with open_database(migrated=False):
        startup.migrate()
    print(f"The tables are at revision {migrations.head()}.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether everything is up, and how much there is. Exit code 1 when a part is down."""
    import app.worker  # noqa: F401  it knows all features, and so all tables
    from app.monitoring import service as monitoring

    with open_database():
        readiness = monitoring.readiness()
        with transaction() as db:
            system = monitoring.system(db, SYSTEM)
    lines = [
        f"{check.name}: {check.status}" + (f", {check.detail}" if check.detail else "") for check in readiness.checks
    ]
    lines.append(f"PostgreSQL {system.database.version}, {system.database.size / 2**20:.1f} MiB")
    lines.append(
        f"jobs: {system.queue.waiting} waiting, {system.queue.processing} running, {len(system.workers)} workers"
    )
    lines += monitoring.unreadable_in_words(system.unreadable_secrets)
    show({"readiness": readiness.model_dump(), "system": system.model_dump()}, as_json, "\n".join(lines))
    raise typer.Exit(1 if readiness.status == monitoring.DOWN else 0)


@smtp.command("test")
def check_smtp(name: Annotated[str, typer.Argument(help="Name of the mail account.")], as_json: AsJson = False) -> None:
    """Connect to a mail account and sign in; nothing is sent. Exit code 1 when it does not work."""
    from app.deliveries import service as deliveries

    with open_database(), transaction() as db:
        found = next((each for each in deliveries.smtp_accounts(db, SYSTEM) if each.name == name), None)
        if found is None:
            raise NotFound(f'There is no mail account "{name}".')
        checked = deliveries.check_smtp_account(db, SYSTEM, found.id)
    show(checked.model_dump(), as_json, checked.message)
    raise typer.Exit(0 if checked.ok else 1)


@secrets.command("new-key")
def new_key() -> None:
    """Print a new key for SMTP_ENV_KEY."""
    print(keys.new_fernet_key())


@secrets.command("rotate")
def rotate_secrets(as_json: AsJson = False) -> None:
    """Encrypt every stored secret with the first key of SMTP_ENV_KEY, while the product runs; then the others can go.

    Exit code 1 when some can be read with none of the keys.
    """
    import app.worker  # noqa: F401  it knows all features, and so all tables
    from app.monitoring import service as monitoring

    with open_database():
        done = monitoring.rotate_secrets(SYSTEM)
    lines = [f"{done.rotated} stored secrets were encrypted anew.", *monitoring.unreadable_in_words(done.unreadable)]
    show({"rotated": done.rotated, "unreadable": done.unreadable}, as_json, "\n".join(lines))
    raise typer.Exit(1 if done.unreadable else 0)


@audit.command("verify")
def verify_audit(
    expect_head: Annotated[str, typer.Option(metavar="HASH", help="A hash that was noted outside earlier.")] = "",
    expect_length: Annotated[int, typer.Option(min=0, help="The number of entries noted with it.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain of the audit trail. Exit code 1 with the first bad entry when it is not intact."""
    from app.audit import service as trail

    if not re.fullmatch(r"([0-9a-f]{64})?", expect_head):
        raise typer.BadParameter("--expect-head takes the 64 hexadecimal digits that an earlier check printed")
    with open_database(), transaction() as db:
        found = trail.verify(db, expect_head=expect_head, expect_length=expect_length)
    show({**found.model_dump(), "intact": found.intact}, as_json, trail.in_words(found))
    raise typer.Exit(0 if found.intact else 1)
