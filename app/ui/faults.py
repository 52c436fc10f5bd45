"""A fault of ours below the gate: the answer has a number to tell, and the same headers as any other."""

import sqlalchemy as sa
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEYED = "/calendar/"  # whoever has the rest of such a path can read the calendar

log = structlog.get_logger()


class AnswerFaults:
    """Right below the gate, because Starlette's own answer to a fault comes from above it and passes no gate."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await self.app(scope, receive, send_noting)
        except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            log.warning("database_unavailable", path=_loggable(scope["path"]), error=str(error.__cause__ or error))
            if started:
                raise
            text = "The database does not answer right now. Try again in a moment."
            return await PlainTextResponse(text, 503, {"Retry-After": "5"})(scope, receive, send)
        except Exception:
            number = scope.get("state", {}).get("request_id", "")
            log.exception("request_failed", request_id=number, path=_loggable(scope["path"]), method=scope["method"])
            if started:
                raise
            text = f"Something went wrong on our side. Tell your administrator this number: {number}"
            return await PlainTextResponse(text, 500)(scope, receive, send)


def _loggable(path: str) -> str:
    return f"{KEYED}…" if path.startswith(KEYED) else path
