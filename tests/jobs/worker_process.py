"""A real worker with the jobs of the tests: `worker_process URL STALE_SECONDS DRAIN_SECONDS [HANDLERS]`."""

import sys

from app.core import db, logging_setup
from app.core.settings import settings
from app.jobs import claim
from app.jobs.serve import WorkerOptions, serve


def main(url: str, stale: str, drain: str, handlers: str = "tests.jobs.handlers:HANDLERS") -> None:
    logging_setup.configure(settings())
    claim.FIRST_RETRY_SECONDS, claim.RETRY_FACTOR = 1, 2
    db.configure(url)
    options = WorkerOptions(handlers, beat_seconds=0.5, stale_seconds=float(stale), drain_seconds=float(drain))
    serve(options, on_ready=lambda: print("worker ready", flush=True), on_outage=lambda: None)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
