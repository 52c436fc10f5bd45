"""A real worker with the jobs of the tests: `python -m tests.jobs.worker_process URL STALE_SECONDS [HANDLERS]`."""

import sys

from app.core import db, logging_setup
from app.core.settings import settings
from app.jobs import claim
from app.jobs.serve import WorkerOptions, serve


def main(url: str, stale_seconds: float, handlers: str = "tests.jobs.handlers:HANDLERS") -> None:
    logging_setup.configure(settings())
    claim.FIRST_RETRY_SECONDS, claim.RETRY_FACTOR = 1, 2
    db.configure(url)
    options = WorkerOptions(handlers, beat_seconds=0.5, stale_seconds=stale_seconds, drain_seconds=2)
    serve(options, on_ready=lambda: print("worker ready", flush=True), on_outage=lambda: None)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
