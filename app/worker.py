"""The door for jobs: `python -m app.worker`. Which jobs exist is the sum of what the features offer."""

import argparse
import contextlib
import gc
import os
import sys
import threading
from collections.abc import Sequence

from app.admissions.jobs import HANDLERS as ADMISSIONS
from app.core import children, logging_setup, startup
from app.core.errors import StartupProblem
from app.core.settings import settings
from app.datasets.jobs import HANDLERS as DATASETS
from app.deliveries.jobs import HANDLERS as DELIVERIES
from app.documents.jobs import HANDLERS as DOCUMENTS
from app.jobs.context import Handler
from app.jobs.serve import WorkerOptions, serve
from app.monitoring.jobs import HANDLERS as MONITORING
from app.reports.jobs import HANDLERS as REPORTS
from app.sources.jobs import HANDLERS as SOURCES
from app.sources.streams.supervise import followers
from app.tasks.exchange.jobs import HANDLERS as BOARDS

HANDLERS: dict[str, Handler] = {
    **DATASETS,
    **DOCUMENTS,
    **BOARDS,
    **SOURCES,
    **REPORTS,
    **DELIVERIES,
    **ADMISSIONS,
    **MONITORING,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after an orderly stop, 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m app.worker", description="Executes jobs until SIGTERM.")
    parser.add_argument("--parent-fd", type=int, help="leave at once when this file descriptor reads its end")
    parser.add_argument("--concurrency", type=int, default=2, help="runs at the same time (default 2)")
    options = parser.parse_args(arguments)
    if options.parent_fd is not None:
        leave_with(options.parent_fd)
    try:
        logging_setup.configure(settings())
        database = startup.open_database()
    except StartupProblem as problem:
        print(f"The worker cannot start: {problem}", file=sys.stderr)  # noqa: T201  for the operator, not the log
        return 2
    try:
        with followers():
            serve(
                WorkerOptions("app.worker:HANDLERS", concurrency=options.concurrency),
                on_ready=lambda: say_ready(options.parent_fd),
                on_outage=database.repair,
            )
    finally:
        database.close()
        gc.freeze()  # as in the server: it is about to end
    return 0


def leave_with(parent_fd: int) -> None:
    """Whoever started this process holds the other end; it closes even when that process is killed."""
    os.set_inheritable(parent_fd, False)

    def wait_for_the_end() -> None:
        with contextlib.suppress(OSError):
            while os.read(parent_fd, 64):
                pass
        children.kill_all()
        os._exit(1)

    threading.Thread(target=wait_for_the_end, name="parent", daemon=True).start()


def say_ready(parent_fd: int | None) -> None:
    print("worker ready", flush=True)  # noqa: T201  the contract with the launcher
    if parent_fd is not None:
        with contextlib.suppress(OSError):
            os.write(parent_fd, b"worker ready\n")


if __name__ == "__main__":
    raise SystemExit(main())
