"""Streamlit's start page, told where its server is.

Left alone it looks for one below the page first: `/board/_stcore/health` is refused, and the page waits before it asks
at the right place.
"""

from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

PAGES = Path(__file__).resolve().parents[2] / "pages"
WHERE = "window.__streamlit = { BACKEND_BASE_URL: location.origin }"


@lru_cache(maxsize=1)
def shell() -> str:
    index = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return index.replace("<head>", f"<head>\n    <script>{WHERE}</script>", 1)


async def answer(_request: Request) -> HTMLResponse:
    return HTMLResponse(shell())


routes = [Route("/" if page.stem == "home" else f"/{page.stem}", answer) for page in sorted(PAGES.glob("*.py"))]
