"""The product as its users start it: a real process on a free port with a DATA_DIR of its own."""

import contextlib
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from app.core.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DB_URL", "SECRET_KEY", "SMTP_ENV_KEY", "DATA_DIR", "WORKERS", "PORT", "TEST_DB_URL")
START_SECONDS = 300


def free_port() -> int:
    """Below those that the system gives to whoever asks for any: it stays free until somebody listens there."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_alive(process: psutil.Process) -> bool:
    """It may end while it is asked."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """What looks like the database server may be a process that it has just forked, and be gone again."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


class Product:
    def __init__(self, data_dir: Path, *command: str, **settings: str) -> None:
        self.data_dir, self.port = data_dir, free_port()
        env = {name: value for name, value in os.environ.items() if name not in OURS}
        env |= {"DATA_DIR": str(data_dir), "PORT": str(self.port)} | settings
        program, pipe = command or (sys.executable, str(ROOT / "main.py")), subprocess.PIPE
        self.program = subprocess.Popen(program, env=env, cwd=data_dir, stdout=pipe, stderr=pipe)
        self.tree: list[psutil.Process] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_errors)]
        for reader in self._readers:
            reader.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and (self.program.poll() is None or not self._lines.empty()):
            with contextlib.suppress(queue.Empty):
                return self._lines.get(timeout=0.5)
        code = self.program.poll()
        self.close()
        raise AssertionError(f"not ready, exit code {code}:\n{self.log}")

    def processes(self) -> list[psutil.Process]:
        """All that belong to it, the database server too, which is nobody's child."""
        name = f"cluster_name={EmbeddedPostgres(self.data_dir / 'postgres').cluster.name}"
        servers = [p for p in psutil.process_iter(["cmdline"]) if name in (p.info["cmdline"] or [])]
        backends = [child for server in servers for child in children_of(server)]
        own = psutil.Process(self.program.pid)
        return [own, *own.children(recursive=True), *servers, *backends]

    def workers(self) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.program.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                found += [child] if "app.worker" in child.cmdline() else []
        return found

    def stop(self, how: signal.Signals) -> int:
        self.tree = self.processes()
        self.program.send_signal(how)
        return self.program.wait(120)

    def leftovers(self, seconds: float = 60) -> list[psutil.Process]:
        """Who is still there after `seconds`; zombies of a killed parent are nobody."""
        end = time.monotonic() + seconds
        while alive := [p for p in self.tree if is_alive(p)]:
            if time.monotonic() > end:
                return alive
            time.sleep(0.05)
        return []

    def refusal(self) -> tuple[int, str]:
        """Exit code and everything on stderr of a start that fails."""
        code = self.program.wait(START_SECONDS)
        self.close()
        return code, "".join(self._errors)

    def close(self) -> None:
        if self.program.poll() is None:
            self.program.terminate()
            self.program.wait(120)
        for reader in self._readers:
            reader.join(10)
        for stream in (self.program.stdout, self.program.stderr):
            if stream:
                stream.close()

    @property
    def log(self) -> str:
        """All that it has said on stderr so far."""
        return "".join(self._errors)

    def other_lines(self) -> list[str]:
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]

    def _read_out(self) -> None:
        assert self.program.stdout
        for line in self.program.stdout:
            self._lines.put(line.decode())

    def _read_errors(self) -> None:
        assert self.program.stderr
        for line in self.program.stderr:
            self._errors.append(line.decode())
