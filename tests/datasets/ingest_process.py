"""Loads runs and dies, each time, by SIGKILL right before the n-th commit: `python -m … URL RUN_ID:N RUN_ID:N …`.

Prints the exit code of each. One process imports everything, a fork of it does the load.
"""

import os
import signal
import sys
from uuid import UUID

import sqlalchemy as sa

from app.core import db
from app.datasets import cut_blocks, ingest
from app.datasets.jobs import HANDLERS
from app.jobs.work_off import run_inline

BLOCK_BYTES = 2048


def load_and_die(url: str, run_id: str, deadly: int) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    db.configure(url)
    cut_blocks.BLOCK_BYTES = BLOCK_BYTES
    sa.event.listen(db.engine(), "commit", count)
    run_inline(UUID(run_id), HANDLERS)


def main(url: str, *loads: str) -> None:
    assert ingest.ingest_batch  # imported before the forks
    for load in loads:
        run_id, _, deadly = load.partition(":")
        child = os.fork()
        if not child:
            load_and_die(url, run_id, int(deadly))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
