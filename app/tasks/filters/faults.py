"""Why a text is no filter."""

from collections.abc import Iterable
from difflib import get_close_matches

from app.core.errors import Invalid


class FilterError(Invalid):
    """This filter cannot be understood."""

    def __init__(self, position: int, found: str, expected: str, *, suggestion: str = "", way_out: str = "") -> None:
        """`position` counts from 0; `found` is the piece of the text that is wrong."""
        self.position, self.found, self.expected, self.suggestion = position, found, expected, suggestion
        there = "it ends" if not found else "a space stands" if found.isspace() else f"“{found}” stands"
        message = f"filter, character {position + 1}: {there} where {expected} should be."
        message += f" Did you mean “{suggestion}”?" if suggestion else ""
        fact = {"position": position, "found": found, "expected": expected, "suggestion": suggestion}
        super().__init__(message + (f" {way_out}" if way_out else ""), details=[fact])


def closest(word: str, known: Iterable[str]) -> str:
    """What somebody probably meant, or nothing."""
    return next(iter(get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)), "")
