"""The launcher's inside: database, browser UI, API, timer and workers, started and stopped as one."""

import asyncio
import contextlib
import gc
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import streamlit as st
import structlog
import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from streamlit import config as streamlit_config
from streamlit.web import bootstrap
from streamlit.web.server.starlette.starlette_server import _get_uvicorn_config_kwargs

from app.accounts import limits
from app.accounts import service as accounts
from app.admissions import service as admissions
from app.api import api
from app.audit import service as audit
from app.core import children, clock, db, logging_setup, outgoing, startup
from app.core.errors import AppError, StartupProblem
from app.core.settings import Settings, settings
from app.core.supervise import Crew
from app.deliveries import service as deliveries
from app.monitoring.count_requests import CountRequests, TraceRequests
from app.monitoring.routes import routes as monitoring_routes
from app.notices import service as notices
from app.schedules import service as schedules
from app.tasks import service as tasks
from app.tasks.calendar.routes import routes as calendar_routes
from app.tasks.service import automations
from app.ui.auth.routes import routes as auth_routes
from app.ui.faults import AnswerFaults
from app.ui.gate import Gate
from app.ui.shell import routes as page_routes

ROOT = Path(__file__).resolve().parents[1]
UI_SCRIPT = ROOT / "app" / "ui" / "app.py"  # not beside pages/: Streamlit would serve a page without this script
# What people wait for while they look at a page. Imported when the first of them is about to need it.
IN_CHILDREN = (
    "app.jobs.warm",
    "app.queries.execute",
    "app.queries.read_sql",
    "app.queries.translate",
    "app.datasets.infer",
    "app.datasets.trials.run",
    "app.datasets.rejects.recheck",
    "app.datasets.exports.write_xlsx",
    "app.datasets.exports.write_parquet",
)
GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 75  # longer than clients and proxies keep an idle connection, or they write into a closed one
EXIT_SECONDS = 10
MOST_IN_A_ROW = 100

log = structlog.stdlib.get_logger(__name__)
_database: startup.OpenDatabase | None = None


def routes() -> list[BaseRoute]:
    return [*monitoring_routes, *auth_routes, *calendar_routes, *page_routes, Mount("/api/v1", app=api)]


def middleware() -> list[Middleware]:
    return [Middleware(TraceRequests), Middleware(Gate), Middleware(AnswerFaults), Middleware(CountRequests)]


def run(app: st.App) -> None:
    """Serves until SIGTERM or Ctrl-C. A problem at start is one line on stderr and exit code 2."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    threading.Thread(target=_leave_with_uv, name="parent", daemon=True).start()
    try:
        config = settings()
        logging_setup.configure(config)
        listener = _listen(config.host, config.port)
        database = _open_database()
    except StartupProblem as problem:
        print(f"AutoReport cannot start: {problem}", file=sys.stderr)  # noqa: T201  for the operator, not the log
        raise SystemExit(2) from None
    try:
        _serve(app, listener, config)
    finally:
        database.close()
        _exit_at_the_latest(EXIT_SECONDS)
        gc.freeze()  # else Python looks through all of it for garbage, for a second, before it gives it back


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Timer and workers live as long as the server, whoever started it (`streamlit run` and uvicorn do, too)."""
    database = _database if _database is not None else await asyncio.to_thread(_open_database)
    config = settings()
    logging_setup.configure(config)
    children.expect(*IN_CHILDREN)
    crew = Crew(config.workers, lambda number: [sys.executable, "-m", "app.worker"], "worker")
    timer = _timer(database)
    crew.start()
    timer.start()
    threading.Thread(target=_announce, args=(config, crew), name="announce", daemon=True).start()
    try:
        yield
    finally:
        timer.shutdown(wait=False)
        await asyncio.to_thread(crew.stop)


def _open_database() -> startup.OpenDatabase:
    global _database
    database = _database = startup.open_database()
    startup.migrate()
    try:
        with db.transaction() as session:
            accounts.create_admin_from_settings(session)
            if not accounts.anybody_exists(session):
                _tell_setup_code()
    except AppError as error:
        raise StartupProblem(f"ADMIN_EMAIL, ADMIN_PASSWORD: {error}") from error
    return database


def _tell_setup_code() -> None:
    """At the machine itself nobody is asked for it."""
    url = f"{settings().base_url}/auth/setup"
    log.warning("nobody has an account yet", set_up_at=url, code_from_elsewhere=accounts.setup_code())


def _listen(host: str, port: int) -> socket.socket:
    """Taken before anything is started, so that a taken port starts nothing."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, number)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        raise StartupProblem(
            f"HOST, PORT: cannot listen on {host}:{port} ({error.strerror}); choose another"
        ) from error
    return listener


def _serve(app: st.App, listener: socket.socket, config: Settings) -> None:
    """What `app.run()` does, on our own socket, with a limit on the time that open connections may take at the end."""
    streamlit_config._main_script_path = str(ROOT / "main.py")
    bootstrap.load_config_options(_streamlit_options(config))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            **_get_uvicorn_config_kwargs(),
            log_config=None,
            forwarded_allow_ips=config.forwarded_allow_ips,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            server_header=False,
        )
    )
    logging_setup.adopt_loggers(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # uvicorn listens to them, and raises them once more when it is done
    server.run(sockets=[listener])


def _streamlit_options(config: Settings) -> dict[str, Any]:
    cookie_secret = hashlib.sha256(b"streamlit cookies" + config.secret_key.get_secret_value().encode()).hexdigest()
    return {
        "server.address": config.host,
        "server.port": config.port,
        "server.maxUploadSize": config.max_upload_mb,
        "server.cookieSecret": cookie_secret,
        "client.showErrorDetails": "full" if config.debug else "none",
        "logger.level": "info" if config.log_level == "DEBUG" else config.log_level.lower(),  # never what is typed
        "logger.hideWelcomeMessage": True,
    }


def _timer(database: startup.OpenDatabase) -> BackgroundScheduler:
    """Only a clock: any number of processes may run it, because each thing it starts is unique in the database."""
    timer = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    timer.add_job(_quietly, "interval", seconds=1, args=[schedules.tick], id="schedules")
    timer.add_job(_quietly, "interval", minutes=1, args=[limits.delete_earned], id="limits")
    timer.add_job(_quietly, "interval", minutes=1, args=[accounts.delete_expired_sessions], id="sessions")
    timer.add_job(_quietly, "interval", hours=1, args=[accounts.delete_old_devices], id="devices")
    timer.add_job(_quietly, "interval", minutes=1, args=[accounts.delete_expired_sign_ins], id="sign-ins")
    timer.add_job(_quietly, "interval", hours=1, args=[accounts.delete_old_answers], id="answers")
    timer.add_job(_quietly, "interval", hours=1, args=[admissions.delete_old_links], id="links")
    timer.add_job(_quietly, "interval", minutes=10, args=[admissions.delete_old_questions], id="questions")
    timer.add_job(_quietly, "interval", minutes=1, args=[deliveries.start_digests], id="digests")
    timer.add_job(_quietly, "interval", minutes=5, args=[tasks.remind], id="reminders")
    timer.add_job(_quietly, "interval", hours=1, args=[notices.delete_old], id="old notices")
    timer.add_job(_until_done, "interval", seconds=5, args=[automations.look_for_cards], id="rules")
    timer.add_job(_until_done, "interval", seconds=5, args=[automations.make_recurring_card], id="recurring cards")
    timer.add_job(_until_done, "interval", minutes=1, args=[automations.archive_old_cards], id="automatic archive")
    timer.add_job(_quietly, "interval", hours=1, args=[automations.delete_old_runs], id="old runs of rules")
    timer.add_job(_quietly, "interval", hours=1, args=[audit.note_head], id="audit", next_run_time=clock.now())
    timer.add_job(database.repair, "interval", seconds=5, id="database")
    return timer


def _until_done(work: Callable[[Session], bool]) -> None:
    """One thing a transaction, until there is none; not for ever, so that a stop need not wait."""
    for _ in range(MOST_IN_A_ROW):
        if not _quietly(work):
            return


def _quietly(work: Callable[[Session], object]) -> object:
    """A database that is away for a while is one line a try, not a traceback a second."""
    try:
        with db.transaction() as session:
            return work(session)
    except OperationalError as error:
        log.warning("database away", work=work.__name__, reason=str(error.orig).splitlines()[0])
        return None


def _announce(config: Settings, crew: Crew) -> None:
    """The one line on stdout, when a request is answered that needs all parts."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(config.host, config.host)  # noqa: S104  a comparison
    while not (crew.is_ready() and _is_ready(host, config.port)):
        time.sleep(0.1)
    print(f"AutoReport ready at {config.base_url}", flush=True)  # noqa: T201  the contract with scripts


def _is_ready(host: str, port: int) -> bool:
    try:
        answer = outgoing.fetch("GET", f"http://{host}:{port}/health/ready", allow=[host])
        return bool(json.loads(answer.body)["status"] == "ok")
    except (AppError, ValueError, KeyError):
        return False


def _leave(_signal: int, _frame: object) -> None:
    """A signal before the server listens to signals itself."""
    raise SystemExit(0)


def _leave_with_uv() -> None:
    """`uv run` passes signals on, but cannot when it is killed itself; then nobody would ever stop this process."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process().parent()
        if parent and parent.name() == "uv":
            parent.wait()
            os.kill(os.getpid(), signal.SIGTERM)


def _exit_at_the_latest(seconds: float) -> None:
    """A browser's script or a request that is still running must not keep a stopped product alive."""
    timer = threading.Timer(seconds, os._exit, args=[0])
    timer.daemon = True
    timer.start()
