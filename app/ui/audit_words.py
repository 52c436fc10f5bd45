"""Entries of the audit trail as people read them."""

from collections.abc import Mapping
from typing import Any

LONGEST = 400
SIGN_IN = {"session:started": "Signed in", "session:refused": "Sign-in refused", "session:ended": "Signed out"}


def action_words(action: str) -> str:
    """`smtp_account:tested` is `Smtp account tested`."""
    return SIGN_IN.get(action) or action.replace(":", " ").replace("_", " ").capitalize()


def subject_words(subject: str, details: dict[str, Any], people: Mapping[str, str]) -> str:
    """What it was called at the time, or the person whose id it is; an id alone says nothing to people."""
    named = next((details[key] for key in ("name", "title", "email") if isinstance(details.get(key), str)), None)
    return people.get(subject) or named or subject


def details_words(details: dict[str, Any]) -> str:
    """`name: Sales; role: member → author`."""
    before, after = details.get("before"), details.get("after")
    parts: list[str] = []
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [key for key in after if before.get(key) != after[key]]
        parts = [f"{_name(key)}: {_value(before.get(key))} → {_value(after[key])}" for key in changed]
        details = {key: value for key, value in details.items() if key not in ("before", "after")}
    parts += [f"{_name(key)}: {_value(value)}" for key, value in details.items() if value not in (None, False, {}, [])]
    text = "; ".join(parts)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _name(key: str) -> str:
    return str(key).replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{_name(key)} {_value(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    return "–" if value in (None, "") else str(value)
