"""The filter language. Pure: nothing is looked up, so a text means the same for everybody who may read it.

filter = group ("or" group)*      group = part+ (an "and" between them says nothing more)
part   = "-" part | "(" filter ")" | word | "words together" | #12 | field:value,value…
"""

from app.tasks.filters.faults import FilterError, closest
from app.tasks.filters.terms import All, Contains, Either, Filter, Node, Not, Numbered, leaves
from app.tasks.filters.tokens import Token, tokens
from app.tasks.filters.values import understood
from app.tasks.filters.words import ALIASES, FIELDS

MAX_DEPTH = 20
MAX_TEXTS = 20  # each of them reads every title and description
A_PART = "a word, a field such as due:today, or an opening bracket"


def parse(text: str) -> Filter:
    """An empty text means every card. Raises FilterError."""
    reader = _Reader(list(tokens(text)))
    root = None if reader.here.kind == "end" else reader.either(0)
    if reader.here.kind != "end":
        raise FilterError(reader.here.at, ")", "the end", way_out="No opening bracket stands before it.")
    if sum(isinstance(leaf, Contains) for leaf in leaves(root)) > MAX_TEXTS:
        raise FilterError(0, text[:20], f"a filter that looks for at most {MAX_TEXTS} texts")
    return Filter(text.strip(), root)


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.tokens, self.place = found, 0

    @property
    def here(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.here
        self.place += 1
        return token

    def either(self, depth: int) -> Node:
        parts = [self.all(depth)]
        while self.here.kind == "or":
            self.take()
            parts.append(self.all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def all(self, depth: int) -> Node:
        parts = [self.part(depth)]
        while self.here.kind not in ("end", "or", ")"):
            if self.here.kind == "and":
                self.take()
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def part(self, depth: int) -> Node:
        token = self.take() if self.here.kind not in ("end", "or", "and", ")") else None
        if token is None:
            raise FilterError(self.here.at, self.here.text, A_PART)
        if token.kind in ("-", "("):
            if depth == MAX_DEPTH:
                raise FilterError(token.at, token.text, f"no bracket or minus inside of {MAX_DEPTH} others")
            return self.group(token, depth + 1) if token.kind == "(" else Not(self.part(depth + 1))
        return Contains(token.text) if token.kind == "word" else _single(token)

    def group(self, opened: Token, depth: int) -> Node:
        node = self.either(depth)
        if self.here.kind != ")":
            raise FilterError(self.here.at, "", f"the bracket that closes the one at character {opened.at + 1}")
        self.take()
        return node


def _single(token: Token) -> Node:
    if token.kind == "number":
        return Numbered(int(token.text[1:]))
    name = token.text.lower()
    field = ALIASES.get(name, name)
    if field not in FIELDS:
        meant = closest(name, [*FIELDS, *ALIASES])
        fields = "" if meant else f"Fields are {', '.join(FIELDS)}. "
        way_out = f"{fields}To look for text with a colon, put it into quotation marks."
        raise FilterError(token.at, token.text, "a field", suggestion=meant, way_out=way_out)
    parts = [understood(field, value) for value in token.values]
    return parts[0] if len(parts) == 1 else Either(tuple(parts))
