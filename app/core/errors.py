"""Errors that a person can act on. Class name = machine code, docstring = default message.

Anything that is not an AppError is a defect: doors log it and show an id, never its text.
"""

from typing import Any, ClassVar


class StartupProblem(Exception):
    """The product cannot start.

    The text is one line for the operator: what is wrong and the way out. Doors print it and leave with exit code 2.
    """


class AppError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, details: list[dict[str, Any]] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.details = details or []
        super().__init__(self.message)

    @property
    def code(self) -> str:
        return type(self).__name__


class NotSignedIn(AppError):
    """Sign in first."""

    status = 401


class Forbidden(AppError):
    """You are not allowed to do this."""

    status = 403


class NotFound(AppError):
    """There is no such thing, or you may not see it."""

    status = 404


class Conflict(AppError):
    """Somebody else changed this in the meantime. Reload and try again."""

    status = 409


class TooLarge(AppError):
    """This is larger than the limit."""

    status = 413


class Invalid(AppError):
    """This value is not valid."""

    status = 422


class TooMany(AppError):
    """Too many requests. Wait a moment and try again."""

    status = 429

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Unavailable(AppError):
    """A service that is needed does not answer right now. Try again later."""

    status = 503
