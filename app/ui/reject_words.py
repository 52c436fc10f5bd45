"""Reasons of rejected rows as people read them."""

from app.datasets.schemas import Failure

# What broke, in words; a condition over several columns keeps the name that its author gave it.
RULES = {
    "required": "missing",
    "unique": "twice in the file",
    "type": "wrong type",
    "allowed": "not an allowed value",
    "min": "below the minimum",
    "max": "above the maximum",
    "exclusive_min": "not above the limit",
    "exclusive_max": "not below the limit",
    "min_length": "too short",
    "max_length": "too long",
    "pattern": "wrong pattern",
    "decimals": "too many decimals",
    "precision": "time too precise",
    "year": "unlikely year",
    "finite": "not a finite number",
    "nul": "a NUL byte",
    "references": "not in the other dataset",
    "newer": "a newer file has this key",
    "columns": "wrong number of columns",
    "quotes": "broken quotation marks",
    "json": "broken JSON",
    "encoding": "unreadable characters",
}
STRUCTURE = ("columns", "quotes", "json", "encoding")
# Control characters as the pictures that Unicode has for them; line ends keep their effect behind the picture.
PICTURES = {code: 0x2400 + code for code in range(32)} | {127: "␡", 10: "␊\n", 13: "␍"}


def reason_text(column: str | None, rule: str) -> str:
    """`amount: below the minimum`."""
    words = RULES.get(rule, rule)
    return f"{column}: {words}" if column else words


def reasons_text(failures: list[Failure]) -> str:
    return ", ".join(reason_text(failure.column, failure.rule) for failure in failures)


def visible(text: str) -> str:
    """Tabs, line ends and other signs that nobody would see."""
    return text.translate(PICTURES)
