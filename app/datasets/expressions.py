"""The small language of cross-column rules: parsed by Python's own parser, typed, and never evaluated as Python.

The result is a tree of plain nodes that `check` turns into column expressions.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

NUMERIC = ("integer", "decimal", "number")
MAX_NODES = 200
MAX_POWER_OF_TEN = 12
COMPARISONS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
# name -> kinds that the single argument may have, kind of the answer ("same" = that of the argument)
FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "abs": (NUMERIC, "same"),
    "len": (("text",), "integer"),
    "lower": (("text",), "text"),
    "upper": (("text",), "text"),
    "trim": (("text",), "text"),
    "year": (("date", "timestamp"), "integer"),
    "month": (("date", "timestamp"), "integer"),
    "day": (("date", "timestamp"), "integer"),
    "weekday": (("date", "timestamp"), "integer"),
    "date": (("timestamp", "date"), "date"),
    "is_missing": (("text", "boolean", "date", "timestamp", *NUMERIC), "boolean"),
}
TEXT_TESTS = ("contains", "starts_with", "ends_with")
MOMENTS = {"now": "timestamp", "today": "date"}


class ExpressionError(ValueError):
    """This rule cannot be read. `reason` is the same without the rule, `at` the place of the fault, from 1."""

    def __init__(self, message: str, reason: str = "", at: int = 1) -> None:
        super().__init__(message)
        self.reason, self.at = reason or message, at


@dataclass(frozen=True)
class Node:
    """`operation` applied to `parts`; leaves are `column` and `value`. `scale` is that of exact decimals."""

    operation: str
    kind: str
    parts: tuple["Node", ...] = ()
    value: Any = None
    scale: int = 0


def condition(expression: str, kinds: dict[str, str], scales: dict[str, int] | None = None) -> Node:
    """The tree of a rule over columns of these kinds. Raises ExpressionError with the place and the way out."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # At its end Python knows no place, and of signs it does not know it counts the bytes.
        reason, found = "is not an expression such as end >= start", getattr(error, "offset", None)
        at = min(found or max(len(expression), 1), len(expression) + 1)
        raise ExpressionError(f"rule {expression[:80]!r} {reason}", f"it {reason}", at) from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        reason = "is too long; split it into several rules"
        raise ExpressionError(f"rule {expression[:40]!r}… {reason}", "it is too long")
    node = _Reader(expression, kinds, scales or {}).read(tree.body)
    if node.kind != "boolean":
        reason = f"gives a {node.kind}; it must be a condition, with == or <, say"
        raise ExpressionError(f"rule {expression!r} {reason}", f"it {reason}")
    return node


def columns_of(node: Node) -> list[str]:
    """The columns that a rule looks at, in order, each once."""
    own = [node.value] if node.operation == "column" else []
    return list(dict.fromkeys([*own, *(name for part in node.parts for name in columns_of(part))]))


class _Reader:
    def __init__(self, expression: str, kinds: dict[str, str], scales: dict[str, int]) -> None:
        self.expression, self.kinds, self.scales = expression, kinds, scales

    def read(self, tree: ast.expr) -> Node:
        readers: dict[type[ast.expr], Callable[[Any], Node]] = {
            ast.Name: self._column,
            ast.Constant: self._constant,
            ast.BoolOp: self._logic,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.Compare: self._comparison,
            ast.Call: self._call,
        }
        if type(tree) not in readers:
            raise self._wrong(tree, "is not allowed in a rule")
        return readers[type(tree)](tree)

    def _wrong(self, tree: ast.expr, problem: str) -> ExpressionError:
        source = self.expression.strip()
        part = ast.get_source_segment(source, tree) or "this part"
        line = re.split(rb"\r\n|\r|\n", source.encode())[tree.lineno - 1]
        at = len(line[: tree.col_offset].decode(errors="replace")) + 1  # Python counts bytes
        return ExpressionError(f"rule {self.expression!r}: {part!r} {problem}", f"{part!r} {problem}", at)

    def _column(self, tree: ast.Name) -> Node:
        kind = self.kinds.get(tree.id)
        if kind is None:
            known = ", ".join(sorted(self.kinds)[:10])
            raise self._wrong(tree, f'is not a column; columns are {known} (write col("two words") for others)')
        return Node("column", kind, value=tree.id, scale=self.scales.get(tree.id, 0))

    def _constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, bool):
            return Node("value", "boolean", value=value)
        if isinstance(value, int) and abs(value) < 2**63:
            return Node("value", "integer", value=value)
        if isinstance(value, float):
            return self._decimal(tree)
        if isinstance(value, str):
            return Node("value", "text", value=value)
        raise self._wrong(tree, "is not a number, text, True or False")

    def _decimal(self, tree: ast.Constant) -> Node:
        """As written: 0.1 is exactly one tenth here."""
        text = (ast.get_source_segment(self.expression.strip(), tree) or "").replace("_", "")
        whole, _, fraction = text.partition(".")
        if not (whole + fraction).isdigit() or len(fraction) > MAX_POWER_OF_TEN or len(whole) > MAX_POWER_OF_TEN:
            return Node("value", "number", value=tree.value)
        return Node("value", "decimal", value=text if whole else f"0{text}", scale=len(fraction))

    def _logic(self, tree: ast.BoolOp) -> Node:
        parts = tuple(self._of_kind(part, ("boolean",)) for part in tree.values)
        return Node("and" if isinstance(tree.op, ast.And) else "or", "boolean", parts)

    def _unary(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.Not):
            return Node("not", "boolean", (self._of_kind(tree.operand, ("boolean",)),))
        if not isinstance(tree.op, ast.USub):
            raise self._wrong(tree, "is not allowed in a rule")
        part = self._of_kind(tree.operand, NUMERIC)
        return Node("negative", part.kind, (part,), scale=part.scale)

    def _arithmetic(self, tree: ast.BinOp) -> Node:
        sign = ARITHMETIC.get(type(tree.op))
        if sign is None:
            raise self._wrong(tree, "uses an operator that rules do not know (+ - * / % are known)")
        left, right = (self._of_kind(part, NUMERIC) for part in (tree.left, tree.right))
        kind, scale = _result_of(sign, left, right)
        return Node(sign, kind, (left, right), scale=scale)

    def _comparison(self, tree: ast.Compare) -> Node:
        """`a < b < c` is `a < b and b < c`, as in mathematics."""
        operands = [tree.left, *tree.comparators]
        links = tuple(
            self._link(tree, left, operator, right)
            for left, operator, right in zip(operands, tree.ops, operands[1:], strict=False)
        )
        return links[0] if len(links) == 1 else Node("and", "boolean", links)

    def _link(self, tree: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(left, right, negative=isinstance(operator, ast.NotIn))
        sign = COMPARISONS.get(type(operator))
        if sign is None:
            raise self._wrong(tree, "uses a comparison that rules do not know; for empty values use is_missing(x)")
        parts = self._alike(tree, self.read(left), self.read(right))
        return Node(sign, "boolean", parts)

    def _alike(self, tree: ast.expr, left: Node, right: Node) -> tuple[Node, Node]:
        try:
            left, right = _as_moment(left, right.kind), _as_moment(right, left.kind)
        except (ValueError, OverflowError) as error:
            raise self._wrong(tree, "compares with a text that is not an ISO date such as 2026-01-31") from error
        if left.kind != right.kind and not (left.kind in NUMERIC and right.kind in NUMERIC):
            raise self._wrong(tree, f"compares a {left.kind} with a {right.kind}")
        return left, right

    def _membership(self, left: ast.expr, right: ast.expr, *, negative: bool) -> Node:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            raise self._wrong(right, 'must be a list such as ["a", "b"]')
        choices = [Node("==", "boolean", self._alike(left, self.read(left), self.read(one))) for one in right.elts]
        node = choices[0] if len(choices) == 1 else Node("or", "boolean", tuple(choices))
        return Node("not", "boolean", (node,)) if negative else node

    def _call(self, tree: ast.Call) -> Node:
        if not isinstance(tree.func, ast.Name) or tree.keywords:
            raise self._wrong(tree, "is not a function of rules")
        name, count = tree.func.id, len(tree.args)
        if name == "col" and count == 1 and isinstance(tree.args[0], ast.Constant):
            return self._column(ast.copy_location(ast.Name(id=str(tree.args[0].value)), tree))
        if name in MOMENTS and count == 0:
            return Node("moment", MOMENTS[name], value=name)
        if name in TEXT_TESTS and count == 2:
            return Node(name, "boolean", tuple(self._of_kind(part, ("text",)) for part in tree.args))
        if name in FUNCTIONS and count == 1:
            kinds, answer = FUNCTIONS[name]
            part = self._of_kind(tree.args[0], kinds)
            return Node(name, part.kind if answer == "same" else answer, (part,), scale=part.scale)
        known = ", ".join([*FUNCTIONS, *TEXT_TESTS, *MOMENTS])
        raise self._wrong(tree, f"is not a function of rules with {count} values; functions are {known}")

    def _of_kind(self, tree: ast.expr, kinds: tuple[str, ...]) -> Node:
        node = self.read(tree)
        if node.kind not in kinds:
            raise self._wrong(tree, f"is a {node.kind}; it must be a {' or '.join(dict.fromkeys(kinds))}")
        return node


def read_moment(text: str) -> datetime:
    """With a zone: in UTC. Raises ValueError, OverflowError when it lies before or after all time."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _as_moment(node: Node, other: str) -> Node:
    """A text next to a date is a date; a date next to a timestamp is its midnight."""
    if node.operation == "value" and node.kind == "text" and other in ("date", "timestamp"):
        read = date.fromisoformat if other == "date" else read_moment
        return Node("value", other, value=read(node.value))
    if node.kind == "date" and other == "timestamp":
        return Node("midnight", "timestamp", (node,))
    return node


def _result_of(sign: str, left: Node, right: Node) -> tuple[str, int]:
    """Decimals stay exact under + - and *; a quotient is a number."""
    kinds = {left.kind, right.kind}
    if "number" in kinds or sign == "/":
        return "number", 0
    if kinds == {"integer"}:
        return "integer", 0
    scale = left.scale + right.scale if sign == "*" else max(left.scale, right.scale)
    return ("decimal", scale) if scale <= MAX_POWER_OF_TEN else ("number", 0)
