"""Evaluated blocks as one self-contained HTML document. Pure: the same content gives the same text.

Everything a person typed goes through the engine's HTML escaping; Markdown becomes HTML without raw HTML and is
cleaned on top. `|safe` stands at exactly two places of the page: our own style and that cleaned HTML.
"""

import base64
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import minijinja
import nh3

from app.queries.format import NUMERIC, PLAIN, NumberFormat, format_value
from app.queries.schemas import QueryResult
from app.reports.board_sections import board_sections
from app.reports.schemas import (
    BoardDone,
    ChartDone,
    DoneBlock,
    FailedBlock,
    HeadingDone,
    KpiDone,
    ReportContent,
    TableDone,
    TextDone,
)
from app.templates.texts import markdown_to_html

LOOK = Path(__file__).parent / "look"
CHART_ROWS_ON_PAPER = 40
SHORT_TABLE = 12
ALLOWED_TAGS = {
    *("p", "strong", "em", "s", "a", "ul", "ol", "li", "br", "hr", "h2", "h3", "h4", "blockquote", "code", "pre"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
View = dict[str, Any]


def render(content: ReportContent, *, paper: bool = False) -> str:
    """`paper` is for the PDF: page header, figures of charts unfolded, sizes in points."""
    style = _read("report.css") + (_read("paper.css") if paper else "")
    return _page().render_template(
        "report.html",
        title=content.title,
        organisation=content.theme.organisation,
        accent=content.theme.accent,
        style=style,
        paper=paper,
        facts=[*(f"{label}: {value}" for label, value in content.parameters if value), _made(content)[:10]],
        blocks=_views(content, paper),
        sources=_sources(content),
        made=_made(content),
        template=content.template,
        version=content.template_version,
    )


def outline(content: ReportContent) -> list[tuple[str, str]]:
    """(text, id of the element) of every heading."""
    return [(block.text, anchor(block.id)) for block in content.blocks if isinstance(block, HeadingDone)]


def anchor(block_id: str) -> str:
    return f"block-{block_id}"


def markdown_html(markdown: str) -> str:
    return nh3.clean(
        markdown_to_html(markdown),
        tags=ALLOWED_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer",
    )


def _views(content: ReportContent, paper: bool) -> list[View]:
    """Figures that follow each other share a row of tiles."""
    views: list[View] = []
    for block in content.blocks:
        view = _view(block, paper)
        if isinstance(block, KpiDone):
            if views and views[-1]["kind"] == "tiles":
                views[-1]["tiles"].append(view)
            else:
                views.append({"kind": "tiles", "tiles": [view]})
        else:
            views.append(view)
    return views


def _view(block: DoneBlock, paper: bool) -> View:
    view: View = {"kind": block.kind, "anchor": anchor(block.id)}
    if isinstance(block, HeadingDone):
        return view | {"text": block.text, "level": block.level + 1}
    if isinstance(block, TextDone):
        return view | {"html": markdown_html(block.markdown)}
    if isinstance(block, KpiDone):
        return view | block.model_dump(include={"title", "text", "previous", "change", "verdict"})
    if isinstance(block, TableDone):
        return view | {
            "title": block.title,
            "table": _grid(block.answer, block.formats.get),
            "short": len(block.answer.rows) <= SHORT_TABLE,
        }
    if isinstance(block, ChartDone):
        return view | _chart(block, paper)
    if isinstance(block, BoardDone):
        return view | _board(block)
    if isinstance(block, FailedBlock):
        return view | {"title": block.title, "error": block.error}
    return view


def _chart(block: ChartDone, paper: bool) -> View:
    """As an image: whatever stands in the data, nothing inside an image can run."""
    formats = {block.chart.y: block.format}
    grid = _grid(block.answer, formats.get, CHART_ROWS_ON_PAPER if paper else None)
    return {
        "title": block.title,
        "alt": block.alt,
        "round": block.chart.kind == "pie",
        "image": "data:image/svg+xml;base64," + base64.b64encode(block.svg.encode()).decode(),
        "table": grid,
        "parts": _side_by_side(grid),
    }


def _side_by_side(grid: View) -> list[View]:
    """On paper a narrow table of many rows takes less room as two."""
    rows = grid["rows"]
    parts = 2 if len(rows) > 6 and len(grid["columns"]) <= 3 else 1
    size = max(1, -(-len(rows) // parts))
    chunks = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    return [{"columns": grid["columns"], "rows": chunk, "note": ""} for chunk in chunks]


def _grid(answer: QueryResult, number: Callable[[str], NumberFormat | None], most: int | None = None) -> View:
    formats = [number(column.name) or PLAIN for column in answer.columns]
    rows = [
        [format_value(value, column, shape) for value, column, shape in zip(row, answer.columns, formats, strict=True)]
        for row in answer.rows[:most]
    ]
    columns = [{"name": column.name, "numeric": column.type in NUMERIC} for column in answer.columns]
    return {"columns": columns, "rows": rows, "note": _note(answer, len(rows))}


def _note(answer: QueryResult, shown: int) -> str:
    if not answer.rows:
        return "No rows match."
    if answer.truncated:
        return f"The first {shown:,} rows; there are more."
    return f"The first {shown:,} of {answer.row_count:,} rows." if shown < answer.row_count else ""


def _board(block: BoardDone) -> View:
    facts = block.summary
    tiles = [("Done", facts.done), ("New", facts.created), ("Moved", facts.moved), ("Open", facts.open)]
    return {
        "title": block.title,
        "period": block.period,
        "tiles": [{"title": title, "text": f"{number:,}"} for title, number in [*tiles, ("Overdue", facts.overdue)]],
        "columns": [{"name": column.name, "cards": column.cards} for column in facts.columns],
        "sections": board_sections(block),
    }


def _sources(content: ReportContent) -> list[str]:
    """One line for each version of a dataset that a figure was calculated from, in the order of the blocks."""
    found: dict[tuple[str, str], str] = {}
    for block in content.blocks:
        if isinstance(block, KpiDone | TableDone | ChartDone):
            answer = block.answer
            batches = f"{len(answer.batches)} batch{'es' if len(answer.batches) != 1 else ''}"
            line = f"Dataset “{answer.dataset}”, version {answer.version}, {batches}"
            found[answer.dataset, answer.version] = line
        elif isinstance(block, BoardDone):
            moment = f"{block.summary.until:%Y-%m-%d %H:%M}"
            found[block.summary.board, moment] = f"Board “{block.summary.board}” as it was at {moment}"
    return list(found.values())


def _made(content: ReportContent) -> str:
    return f"{content.generated_at:%Y-%m-%d %H:%M} UTC"


def _read(name: str) -> str:
    return (LOOK / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _page() -> minijinja.Environment:
    return minijinja.Environment(
        templates={"report.html": _read("report.html")},
        undefined_behavior="strict",
        auto_escape_callback=lambda _name: "html",
    )
