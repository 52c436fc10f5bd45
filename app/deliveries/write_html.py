"""The HTML part of a report mail: MJML in, tables with fixed widths out, so that Outlook shows it too. Pure."""

import re
from collections.abc import Sequence
from html import escape

import mrml

from app.deliveries.write_text import MARKDOWN, block_text, cells, footer, rest
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

LARGEST_BYTES = 95_000  # Gmail cuts a message at 102 KB
ROWS_TRIED = [20, 5, 0]
KPIS_IN_A_ROW = 3
MOST_COLUMNS = 8
GREY, LINE, RED, GREEN = "#6b7280", "#e5e7eb", "#b91c1c", "#15803d"
VERDICTS = {"better": GREEN, "worse": RED, "neutral": GREY}
FIGURE = 'font-size="26px" line-height="32px" font-weight="700" padding="2px 25px"'
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
HEAD = """<mj-head><mj-title>{title}</mj-title><mj-preview>{preview}</mj-preview><mj-attributes>
<mj-all font-family="Helvetica, Arial, sans-serif" /><mj-text font-size="15px" line-height="22px" color="#111827" />
<mj-section padding="0 8px" background-color="#ffffff" /></mj-attributes></mj-head>"""


def write_html(content: ReportContent, message: str, link: str) -> str:
    """Under 100 KB: long tables are cut first, then left out; the link leads to the whole report."""
    for rows in ROWS_TRIED:
        html = _rendered(content, content.blocks, message, link, rows=rows)
        if len(html.encode()) <= LARGEST_BYTES:
            return html
    figures = [block for block in content.blocks if isinstance(block, KpiDone)][:12]
    return _rendered(content, figures, message[:2000], link, rows=0)


def _rendered(content: ReportContent, blocks: Sequence[DoneBlock], message: str, link: str, *, rows: int) -> str:
    sections = [_top(content, message, link), *_sections(blocks, rows), _bottom(content)]
    head = HEAD.format(title=escape(content.title), preview=escape(message.strip()[:120] or content.title))
    body = f'<mj-body background-color="#f3f4f6" width="640px">{"".join(sections)}</mj-body>'
    return str(mrml.to_html(NOT_IN_XML.sub(" ", f"<mjml>{head}{body}</mjml>")).content)


def _top(content: ReportContent, message: str, link: str) -> str:
    accent, organisation = content.theme.accent, content.theme.organisation
    over = f'<mj-text color="{GREY}" font-size="13px">{escape(organisation)}</mj-text>' if organisation else ""
    lines = "<br />".join(escape(line) for line in message.strip().splitlines())
    said = f"<mj-text>{lines}</mj-text>" if lines else ""
    return _section(
        f'<mj-divider border-color="{accent}" border-width="4px" padding="0 0 12px" />{over}'
        f'<mj-text font-size="24px" line-height="30px" font-weight="700">{escape(content.title)}</mj-text>{said}'
        f'<mj-button align="left" background-color="{accent}" href="{escape(link)}">Open the report</mj-button>'
    )


def _sections(blocks: Sequence[DoneBlock], rows: int) -> list[str]:
    """Figures that follow each other share a line."""
    found: list[str] = []
    tiles: list[str] = []
    for block in blocks:
        if isinstance(block, KpiDone):
            tiles.append(_tile(block))
        elif markup := _block(block, rows):
            found += [*_tile_rows(tiles), _section(markup)]
            tiles = []
    return [*found, *_tile_rows(tiles)]


def _tile_rows(tiles: list[str]) -> list[str]:
    rows = [tiles[at : at + KPIS_IN_A_ROW] for at in range(0, len(tiles), KPIS_IN_A_ROW)]
    return [f"<mj-section>{''.join(row)}</mj-section>" for row in rows]


def _tile(block: KpiDone) -> str:
    title = f'<mj-text color="{GREY}" font-size="13px" padding-bottom="0">{escape(block.title)}</mj-text>'
    figure = f"<mj-text {FIGURE}>{escape(block.text)}</mj-text>"
    colour = VERDICTS[block.verdict]
    change = f'<mj-text font-size="13px" padding-top="0" color="{colour}">{escape(block.change or "")}</mj-text>'
    return f"<mj-column>{title}{figure}{change if block.change else ''}</mj-column>"


def _block(block: DoneBlock, rows: int) -> str:
    match block:
        case HeadingDone():
            size = {1: 20, 2: 17, 3: 15}[block.level]
            return f'<mj-text font-size="{size}px" font-weight="700">{escape(block.text)}</mj-text>'
        case TextDone():
            return f"<mj-text>{MARKDOWN.render(block.markdown)}</mj-text>"
        case TableDone():
            return _table(block, rows) if rows else _note(f"{block.title}: see the report")
        case ChartDone() | BoardDone():
            return _note(block_text(block))
        case FailedBlock():
            return _note(block_text(block), RED)
    return ""


def _table(block: TableDone, rows: int) -> str:
    heading, *body = [row[:MOST_COLUMNS] for row in cells(block, rows)]
    numeric = [column.type in ("integer", "decimal", "number") for column in block.answer.columns]
    title = f'<mj-text font-weight="700" padding-bottom="0">{escape(block.title)}</mj-text>' if block.title else ""
    lines = _row(heading, numeric, "th") + "".join(_row(row, numeric, "td") for row in body)
    more = rest(block.answer, rows)
    return f'{title}<mj-table font-size="13px">{lines}</mj-table>{_note(more) if more else ""}'


def _row(texts: list[str], numeric: list[bool], tag: str) -> str:
    cell = f'<{tag} align="{{}}" style="padding:4px 6px;border-bottom:1px solid {LINE}">{{}}</{tag}>'
    sides = ["right" if is_number else "left" for is_number in numeric]
    return f"<tr>{''.join(cell.format(side, escape(text)) for text, side in zip(texts, sides, strict=False))}</tr>"


def _note(text: str, colour: str = GREY) -> str:
    return f'<mj-text color="{colour}" font-size="13px">{escape(text)}</mj-text>'


def _bottom(content: ReportContent) -> str:
    return _section(f'<mj-divider border-color="{LINE}" border-width="1px" />{_note(footer(content))}')


def _section(markup: str) -> str:
    return f"<mj-section><mj-column>{markup}</mj-column></mj-section>"
