"""Fills variables into the texts of a template. Runs in a small child of its own: fuel bounds time, not memory."""

from typing import Any

import minijinja

FUEL = 500_000
MAX_OUTPUT = 200_000
MARKDOWN_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~&"})
SAYS = {
    "OutOfFuel": "it runs for too long",
    "UndefinedError": "a variable is not defined",
    "SyntaxError": "it cannot be read",
}


def fill(sources: dict[str, str], plain: set[str], context: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    """(True, text) or (False, what is wrong) for each source. Values cannot bring Markdown of their own, except in
    the sources named in `plain`, which are shown as they are and escaped later."""
    return {key: _fill_one(source, key in plain, context) for key, source in sources.items()}


def _fill_one(source: str, plain: bool, context: dict[str, Any]) -> tuple[bool, str]:
    environment = minijinja.Environment(
        fuel=FUEL,
        undefined_behavior="strict",
        auto_escape_callback=lambda _name: False,
        finalizer=None if plain else _escape,
        debug=True,
    )
    try:
        text = environment.render_str(source, "text", **context)
    except minijinja.TemplateError as error:
        return False, _explain(error)
    return (True, text) if len(text) <= MAX_OUTPUT else (False, f"The text is longer than {MAX_OUTPUT:,} characters.")


def _escape(value: Any) -> Any:
    return value.translate(MARKDOWN_SIGNS) if isinstance(value, str) else value


def _explain(error: minijinja.TemplateError) -> str:
    """Never str(error): it shows the values around the place."""
    place = f" in line {error.line}" if error.line else ""
    said = SAYS.get(error.kind, error.kind)
    return f"The text cannot be filled in{place}: {said}{f' ({error.detail})' if error.detail else ''}."
