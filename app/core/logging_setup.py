"""One line per event, for people (text) or machines (json), from our code and from libraries alike, on stderr."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from app.core.settings import Settings

QUIET = ("uvicorn", "apscheduler", "procrastinate", "httpcore2", "asyncio", "alembic", "watchdog", "websockets")
INDISCREET = ("uvicorn", "httpcore2", "websockets")  # in full detail they print headers, and so cookies and keys
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TRACEBACKS = ("exception", "stack", "traceback")


def configure(config: Settings) -> None:
    """Called first by each door; calling it again changes nothing but the format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,  # request_id, run_id
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(config)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config.log_level)
    adopt_loggers(config)


def adopt_loggers(config: Settings) -> None:
    """Libraries that print by themselves would do so in their own format; from here on they log through the root.

    To be called again once such a library has been imported or configured.
    """
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if not isinstance(logger, logging.Logger):
            continue
        if name.partition(".")[0] in QUIET:
            logger.setLevel(logging.NOTSET)  # as the library itself, below
        if any(isinstance(handler, logging.StreamHandler) for handler in logger.handlers):
            logger.handlers = [each for each in logger.handlers if not isinstance(each, logging.StreamHandler)]
            logger.propagate = True
    for name in QUIET:
        detailed = logging.INFO if name in INDISCREET else logging.DEBUG
        logging.getLogger(name).setLevel(detailed if config.log_level == "DEBUG" else logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # addresses of links in mails; we log routes


def one_line(text: str) -> str:
    """What people have written cannot begin a line of its own, nor steer a terminal."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _renderers(config: Settings) -> list[Processor]:
    if config.log_format == "json":
        return [structlog.processors.JSONRenderer()]
    return [_on_one_line, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)]


def _on_one_line(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A traceback keeps its lines, each set in so that none looks like an event."""
    for key, value in event.items():
        if key in TRACEBACKS and isinstance(value, str):
            event[key] = "\n".join("    " + one_line(line) for line in value.split("\n"))
        elif isinstance(value, str):
            event[key] = one_line(value)
    return event
