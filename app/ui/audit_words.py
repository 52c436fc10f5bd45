"""Entries of the audit trail as people read them."""

import re
from collections.abc import Mapping
from typing import Any

from app.audit.schemas import AuditEntry

UUID_FORM = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST = 400
SIGN_IN = {"session:started": "Signed in", "session:refused": "Sign-in refused", "session:ended": "Signed out"}


def action_words(action: str) -> str:
    """`smtp_account:tested` is `Smtp account tested`."""
    return SIGN_IN.get(action) or action.replace(":", " ").replace("_", " ").capitalize()


def subject_words(entry: AuditEntry, people: Mapping[str, str]) -> str:
    """What it was called at the time, or the person whose id it is; of an id alone only what kind of thing it is."""
    words = (entry.details.get(key) for key in ("name", "title", "email"))
    named = next((word for word in words if isinstance(word, str)), None)
    kind = entry.action.partition(":")[0].replace("_", " ")
    return people.get(entry.subject) or named or (kind if UUID_FORM.fullmatch(entry.subject) else entry.subject)


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
