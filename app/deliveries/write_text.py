"""The plain-text part of a report mail, from the blocks and not from the HTML. Pure."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.queries.format import PLAIN, format_value
from app.queries.schemas import QueryResult, ResultColumn
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

TEXT_ROWS = 20
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")


def write_text(content: ReportContent, message: str, link: str) -> str:
    title = f"{content.title}\n{'=' * min(len(content.title), 72)}"
    parts = [title, message.strip(), f"Open the report: {link}"]
    parts += [text for block in content.blocks if (text := block_text(block))]
    parts.append(footer(content))
    return "\n\n".join(part for part in parts if part) + "\n"


def footer(content: ReportContent) -> str:
    return f"Made by AutoReport on {content.generated_at:%d %b %Y at %H:%M} UTC from the template {content.template!r}."


def block_text(block: DoneBlock) -> str:
    match block:
        case HeadingDone():
            return block.text.upper()
        case TextDone():
            return plain(block.markdown)
        case KpiDone():
            return f"{block.title}: {block.text}" + (f" ({block.change})" if block.change else "")
        case TableDone():
            return "\n".join([block.title, *(" | ".join(row) for row in cells(block, TEXT_ROWS)), rest(block.answer)])
        case ChartDone():
            return f"{block.title or block.chart.title}: {block.alt or 'see the chart in the report'}"
        case BoardDone():
            return f"{block.title or block.summary.board} ({block.period}): {_board_line(block)}"
        case FailedBlock():
            return f"{block.title or block.wanted}: missing. {block.error}"
    return ""


def _board_line(block: BoardDone) -> str:
    found = block.summary
    return f"{found.done} done, {found.created} new, {found.open} open, {found.overdue} overdue"


def cells(block: TableDone, limit: int) -> list[list[str]]:
    """The heading row, then the formatted rows."""
    columns = block.answer.columns
    rows = [
        [_cell(block, column, value) for column, value in zip(columns, row, strict=True)]
        for row in block.answer.rows[:limit]
    ]
    return [[column.name for column in columns], *rows]


def rest(answer: QueryResult, limit: int = TEXT_ROWS) -> str:
    more = answer.row_count - min(limit, len(answer.rows))
    return f"… and {more} more rows in the report" if more > 0 else ""


def plain(markdown: str) -> str:
    """Markdown without its signs: paragraphs, and a dash before each point."""
    lines: list[str] = []
    point = False
    for token in MARKDOWN.parse(markdown):
        if token.type == "list_item_open":
            point = True
        elif token.type in ("inline", "fence", "code_block"):
            text = _inline(token.children or []) if token.type == "inline" else token.content.strip()
            lines.append(("- " if point else "") + text)
            point = False
    return "\n".join(lines)


def _inline(tokens: list[Token]) -> str:
    """The address of a link follows its text: that is all a reader of plain text can use."""
    found, addresses = "", []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            found += "\n"
        elif token.type == "link_open":
            addresses.append(str(token.attrGet("href") or ""))
        elif token.type == "link_close" and addresses:
            address = addresses.pop()
            found += "" if found.endswith(address) else f" ({address})"
        else:
            found += token.content
    return found


def _cell(block: TableDone, column: ResultColumn, value: object) -> str:
    return format_value(value, column, block.formats.get(column.name, PLAIN))
