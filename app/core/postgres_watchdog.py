"""Owns the embedded server: starts it, waits until nobody uses it, stops it. Run as a script, standard library only.

Arguments: folder, inherited descriptors (comma-separated), user id, group id ("-": stay), command of the server
(none: adopt the running server, whose own watchdog was killed).
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


def main(arguments: list[str]) -> None:
    if os.fork():
        os._exit(0)  # whoever started this need not wait for its end; the inherited locks stay with the child
    root, handles, uid, gid, *command = arguments
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    server = _start(command, [int(handle) for handle in handles.split(",") if handle], uid, gid) if command else None
    users = os.open(Path(root, "users.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_EX)  # blocks until the last user is gone
    if server:
        server.send_signal(signal.SIGINT)  # "fast": ends sessions, rolls back, writes a checkpoint
        server.wait()
    else:
        _stop_adopted(Path(root))
    os._exit(0)


def _start(command: list[str], handles: list[int], uid: str, gid: str) -> "subprocess.Popen[bytes]":
    """The server inherits the lock `server.lock`: it stays locked exactly as long as any process of it lives."""
    server = subprocess.Popen(
        command,
        pass_fds=handles,
        preexec_fn=_reset_signals,  # safe: this program has one thread so far
        user=None if uid == "-" else int(uid),
        group=None if gid == "-" else int(gid),
        extra_groups=None if gid == "-" else [],
    )
    for handle in handles:
        os.close(handle)
    threading.Thread(target=_leave_with, args=(server,), daemon=True).start()
    return server


def _reset_signals() -> None:
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)


def _leave_with(server: "subprocess.Popen[bytes]") -> None:
    os._exit(0 if server.wait() == 0 else 1)


def _stop_adopted(root: Path) -> None:
    try:
        pid = int((root / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
    except (OSError, ValueError, IndexError):
        return  # it went before its users did
    server = os.open(root / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(server, fcntl.LOCK_EX)


if __name__ == "__main__":
    main(sys.argv[1:])
