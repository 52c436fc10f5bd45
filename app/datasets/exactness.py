"""Which steps of a rule could leave the 38 digits that are calculated exactly, and for which rows they do.

What columns can hold says most of it before any row is seen: a product of two prices never gets there. Only steps that
could are calculated in floating point as well, which is good enough to tell how large their result is.
"""

from app.datasets.expressions import ARITHMETIC, COMPARISONS, Node

EXACT = ("integer", "decimal")
DIGITS = 38
WORD = 2**63
SMALL = 2**31
NARROW_SCALE, NARROW_DIGITS = 4, 18
MARGIN = 0.999  # more than floating point can err


def bound(node: Node) -> float:
    """No value of it is larger, whatever the rows hold."""
    if node.kind not in EXACT:
        return float("inf")
    parts = [bound(part) for part in node.parts if part.kind in EXACT]
    match node.operation:
        case "column":
            return float(WORD) if node.kind == "integer" else 10.0 ** (_digits(node.scale) - node.scale)
        case "value":
            return abs(float(node.value))
        case "+" | "-":
            return sum(parts)
        case "*":
            return parts[0] * parts[1]
        case "%" | "abs" | "negative":
            return max(parts)
        case _:
            return float(SMALL)  # years, months, lengths


def _digits(scale: int) -> int:
    return NARROW_DIGITS if scale <= NARROW_SCALE else DIGITS


def needs_wide(node: Node) -> bool:
    """Whether a whole number may not fit into 64 bits."""
    return node.kind == "integer" and node.operation != "column" and bound(node) >= WORD


def risks(node: Node) -> list[tuple[Node, float]]:
    """What a step calculates or converts that could be too large, with the size from which on it is."""
    if node.operation not in (*ARITHMETIC.values(), *COMPARISONS.values()) or node.operation == "/":
        return []
    kinds = {part.kind for part in node.parts} | ({node.kind} - {"boolean"})
    if not kinds <= set(EXACT):
        return []
    scale = max(part.scale for part in (node, *node.parts)) if "decimal" in kinds else 0
    limit = 10.0 ** (DIGITS - scale) * MARGIN
    own = [node] if node.kind in EXACT else []
    return [(one, limit) for one in (*node.parts, *own) if bound(one) >= limit]
