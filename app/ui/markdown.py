"""Markdown of people on a page: text, lists, tables, code and links, and nothing that runs or calls another host.

Streamlit's own Markdown would also read colours, icons and formulas, and load pictures from anywhere.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
import streamlit as st
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from app.templates.texts import depth

TAGS = {
    *("p", "strong", "em", "s", "a", "ul", "ol", "li", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("blockquote", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"),
}
DEEPEST = 40
PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def _picture(renderer: RendererHTML, tokens: Sequence[Token], place: int, *_: Any) -> str:
    """A link to it: reading a card must not tell other hosts that somebody reads it."""
    picture = tokens[place]
    name = escapeHtml(picture.content or str(picture.attrGet("src")))
    return f'<a href="{escapeHtml(str(picture.attrGet("src")))}">{name}</a>'


PARSER.add_render_rule("image", _picture)


def show_markdown(text: str) -> None:
    st.html(f'<div class="written">{markdown_html(text)}</div>')


@lru_cache(maxsize=512)
def markdown_html(text: str) -> str:
    """What nests too deep to be laid out is shown as it was typed."""
    tokens = PARSER.parse(text)
    if depth(tokens) > DEEPEST:
        return f"<pre>{nh3.clean_text(text)}</pre>"
    return nh3.clean(
        PARSER.renderer.render(tokens, PARSER.options, {}),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
