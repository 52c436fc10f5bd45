"""Text in files that a spreadsheet opens."""

import re

# What would be taken for a formula; the wide ones are formulas where people type wide letters. An apostrophe before
# them counts too, so that what stands behind one that was added is the text as it was.
FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")


def defuse(text: str) -> str:
    """Shown as text in place of being run."""
    return f"'{text}" if FORMULA.match(text) else text


def fuse(text: str) -> str:
    """What `defuse` was given."""
    return text[1:] if text.startswith("'") and FORMULA.match(text, 1) else text
