"""Markdown of people: how it is read, and how intricate it may be. Pure.

Engines that lay HTML out follow each level on their stack, and look at all parts of a paragraph for each of them: a
text without measure would kill them or keep them busy for minutes.
"""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.core.errors import Invalid

DEEPEST = 40
MOST_MARKED = 4_000
MARKS = "*_~"  # links cannot nest, and the parser itself stops lists and quotes at 20 levels
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class TooIntricate(Invalid):
    """This text nests * and _ more than 40 levels deep, or marks more than 4,000 places in one paragraph."""


def markdown_to_html(markdown: str) -> str:
    """Not yet cleaned. Raises TooIntricate."""
    tokens = PARSER.parse(markdown)
    if _is_intricate(tokens):
        raise TooIntricate
    return str(PARSER.renderer.render(tokens, PARSER.options, {}))


def depth(tokens: list[Token]) -> int:
    level = deepest = 0
    for token in tokens:
        level += token.nesting
        deepest = max(deepest, level + (depth(token.children) if token.children else 0))
    return deepest


def may_be_intricate(markdown: str) -> bool:
    """Cheap, and never wrong about a text that is: each marked place takes a sign that opens and one that closes."""
    return sum(markdown.count(sign) for sign in MARKS) > DEEPEST


def intricate(texts: dict[str, str]) -> list[str]:
    """Keys of those that are. For a child: a hostile text takes its time to read."""
    return [key for key, text in texts.items() if _is_intricate(PARSER.parse(text))]


def _is_intricate(tokens: list[Token]) -> bool:
    return depth(tokens) > DEEPEST or any(_marked(token.children or []) > MOST_MARKED for token in tokens)


def _marked(tokens: list[Token]) -> int:
    return sum(token.tag in ("em", "strong", "s") and token.nesting == 1 for token in tokens)
