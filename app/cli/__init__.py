"""The command line: the services, for operators and scripts. Exit codes: 0 done, 1 refused, 2 wrong usage or no start.

Services are imported inside the commands, so that `autoreport --help` need not load them all.
"""

import sys

import typer

from app.cli import operate, people, work
from app.core.errors import AppError, StartupProblem

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="AutoReport")
app.add_typer(operate.app)
app.add_typer(work.app)
app.add_typer(people.user, name="user", help="People who may sign in.")
app.add_typer(people.key, name="key", help="API keys.")
app.add_typer(work.sample, name="sample", help="Something to look at.")
app.add_typer(work.report, name="report", help="Reports.")
app.add_typer(operate.smtp, name="smtp", help="Mail accounts.")
app.add_typer(operate.audit, name="audit", help="The trail of what everybody did.")
app.add_typer(operate.secrets, name="secrets", help="Passwords that are kept encrypted.")


def main() -> None:
    try:
        app()
    except AppError as error:
        print(error.message, file=sys.stderr)
        raise SystemExit(1) from None
    except StartupProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
