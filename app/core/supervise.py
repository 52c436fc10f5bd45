"""Keeps programs running beside this one: restarts what died, and lets nothing outlive this process.

Each program gets a socket, named by `--parent-fd N`. It writes one line there when it is ready, and when it reads the
end of the stream, this process is gone (also after kill -9) and it leaves by itself.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import structlog

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LIVED_WELL = 60.0  # seconds after which a death is news and not a repetition
STOP_SECONDS = 15.0

log = structlog.stdlib.get_logger(__name__)


class Supervised:
    """One program, started again with growing pauses whenever it ends."""

    def __init__(self, command: list[str], name: str) -> None:
        self.name = name
        self._command = command
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._program: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        return self._program.pid if self._program else None

    def ask_to_stop(self) -> None:
        """One that is not ready yet has no work in hand, and perhaps no ear for signals either."""
        self._stopping.set()
        if self._program and self._program.poll() is None:
            if self.is_ready:
                self._program.terminate()
            else:
                _kill_group(self._program.pid)

    def wait(self, end: float) -> None:
        """Waits for the end of the program until `end`, then kills it and what it started."""
        self._thread.join(max(0.0, end - time.monotonic()))
        if self._thread.is_alive() and self._program:
            log.warning("killed, it did not stop in time", program=self.name)
            _kill_group(self._program.pid)
            self._thread.join(5)

    def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - started > LIVED_WELL else min(pause * 2, LONGEST_PAUSE)
            log.error("ended, starting it again", program=self.name, exit_code=code, pause_seconds=pause)
            self._stopping.wait(pause)

    def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._program = program = subprocess.Popen(
                    [*self._command, "--parent-fd", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr,  # our own stdout is for the one line that scripts wait for
                    start_new_session=True,  # Ctrl-C in the terminal is for us; we stop it in order
                )
            if self._stopping.is_set():
                program.kill()
            self._listen(ours)
            code = program.wait()
        self._ready.clear()
        _kill_group(program.pid)  # what it started does not outlive it
        return code

    def _listen(self, line: socket.socket) -> None:
        """Until the program closes its side, which it does at the latest by ending."""
        with contextlib.suppress(OSError):
            while line.recv(64):
                self._ready.set()


class Crew:
    """Several of the same program."""

    def __init__(self, count: int, command: Callable[[int], list[str]], name: str) -> None:
        self.members = [Supervised(command(number), f"{name}-{number}") for number in range(1, count + 1)]

    def start(self) -> None:
        for member in self.members:
            member.start()

    def is_ready(self) -> bool:
        """At least one works; true when there shall be none."""
        return not self.members or any(member.is_ready for member in self.members)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        for member in self.members:
            member.ask_to_stop()
        end = time.monotonic() + seconds
        for member in self.members:
            member.wait(end)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
