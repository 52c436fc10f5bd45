"""Pre-flight of a template. Imported by child processes only: it parses what people wrote as code."""

from datetime import date
from typing import Literal

import minijinja

from app.core.errors import AppError
from app.queries.build_sql import Statement, build_sql
from app.queries.schemas import Op, Source
from app.templates.parameters import BadParameter, bind, resolve
from app.templates.schemas import (
    BoardSummaryBlock,
    ChartBlock,
    Finding,
    HeadingBlock,
    KpiBlock,
    TableBlock,
    TemplateContent,
    TextBlock,
    Values,
)
from app.templates.texts import TooIntricate, intricate, may_be_intricate

REPORT_FACTS = {"title", "date"}


def check(content: TemplateContent, sources: dict[str, Source | None], boards: set[str], today: date) -> list[Finding]:
    findings: list[Finding] = []
    if not content.blocks:
        findings.append(_finding(None, "error", "The template has no blocks.", "Add at least one block."))
    values = _values(content, today, findings)
    for block in content.blocks:
        if isinstance(block, HeadingBlock):
            findings += _check_text(block.id, block.text, content)
        elif isinstance(block, TextBlock):
            findings += _check_text(block.id, block.markdown, content)
        elif isinstance(block, KpiBlock | TableBlock | ChartBlock):
            findings += _check_query(block, sources, values, today)
        elif isinstance(block, BoardSummaryBlock):
            findings += _check_board(block, boards, values)
    return findings


def _values(content: TemplateContent, today: date, findings: list[Finding]) -> Values:
    """A parameter without a default is not wrong, it must be asked for; a default that does not fit is."""
    values = Values()
    for parameter in content.parameters:
        try:
            found = resolve([parameter], {}, today).values[parameter.name]
        except BadParameter as error:
            if parameter.default is not None:
                findings.append(_finding(None, "error", error.message, "Give it a default that fits its type."))
            found = _EXAMPLES.get(parameter.type) or (parameter.options or [""])[0]
            found = resolve([parameter], {parameter.name: found}, today).values[parameter.name] if found else ""
        values = Values(values={**values.values, parameter.name: found})
    return values


def _check_text(block: str, source: str, content: TemplateContent) -> list[Finding]:
    if not source.strip():
        return [_finding(block, "warning", "The block is empty.", "Write something or remove the block.")]
    try:
        names = minijinja.Environment().undeclared_variables_in_str(source, nested=True)
    except minijinja.TemplateError as error:
        place = f" in line {error.line}" if error.line else ""
        message = f"The text cannot be read{place}: {error.detail or error.kind}."
        return [_finding(block, "error", message, "Check the {{ }} and {% %} in it.")]
    if may_be_intricate(source) and intricate({block: source}):
        return [_finding(block, "error", TooIntricate().message, "Take some of the * and _ out.")]
    known = {parameter.name for parameter in content.parameters}
    ids = {each.id for each in content.blocks}
    return [found for name in sorted(names) if (found := _check_name(block, name, known, ids))]


def _check_name(block: str, name: str, parameters: set[str], blocks: set[str]) -> Finding | None:
    root, _, rest = name.partition(".")
    first = rest.partition(".")[0]
    if root == "report" and (not first or first in REPORT_FACTS):
        return None
    if root == "blocks" and (not first or first in blocks):
        return None
    if root in parameters:
        return None
    if root == "blocks":
        way_out = f"Blocks: {', '.join(sorted(blocks))}."
    else:
        known = ", ".join(sorted(parameters)) or "none"
        way_out = f"Parameters: {known}. Also there: report.title, report.date, blocks.<id>.text."
    return _finding(block, "error", f'"{name}" is not defined.', way_out)


def _check_query(
    block: KpiBlock | TableBlock | ChartBlock, sources: dict[str, Source | None], values: Values, today: date
) -> list[Finding]:
    if block.query.connection:
        message = f'The query asks the connection "{block.query.connection}", which a report cannot.'
        return [_finding(block.id, "error", message, "Bring its answer in as a dataset first, by a source.")]
    used = {name: source for name in block.query.datasets if (source := sources.get(name)) is not None}
    if missing := [name for name in block.query.datasets if name not in used]:
        message = f'There is no dataset "{missing[0]}", or you may not see it.'
        return [_finding(block.id, "error", message, "Choose a dataset that exists.")]
    source = used[block.query.dataset]
    try:
        statement = build_sql(bind(block.query, values), source, used, today)
    except AppError as error:
        return [_finding(block.id, "error", error.message, "Change the query of this block.")]
    findings = []
    if not source.files:
        findings.append(_finding(block.id, "warning", f'"{source.dataset}" has no rows yet.', "Load a file into it."))
    if isinstance(block, KpiBlock):
        findings += _check_kpi(block)
    if isinstance(block, ChartBlock):
        findings += _check_chart(block, statement)
    return findings


def _check_kpi(block: KpiBlock) -> list[Finding]:
    if block.query.group_by or len(block.query.measures) != 1:
        return [_finding(block.id, "error", "A figure needs exactly one measure and no group.", "Keep one measure.")]
    if block.compare_with_previous and not any(rule.op is Op.in_period for rule in block.query.filters):
        message = "The figure is to be compared with the period before, but the query has no period."
        return [_finding(block.id, "error", message, 'Add a filter "in period" or switch the comparison off.')]
    return []


def _check_chart(block: ChartBlock, statement: Statement) -> list[Finding]:
    findings = []
    names = [column.name for column in statement.columns]
    for role, name in (("x", block.chart.x), ("y", block.chart.y), ("series", block.chart.series)):
        if name is not None and name not in names:
            message = f'The chart\'s {role} is "{name}", which the query does not give.'
            findings.append(_finding(block.id, "error", message, f"The query gives: {', '.join(names)}."))
    if not block.chart.alt.strip():
        message = "The chart has no alternative text."
        findings.append(_finding(block.id, "warning", message, "Say in one sentence what the chart shows."))
    return findings


def _check_board(block: BoardSummaryBlock, boards: set[str], values: Values) -> list[Finding]:
    findings = []
    if str(block.board_id) not in boards:
        findings.append(_finding(block.id, "error", "The board does not exist.", "Choose a board that exists."))
    if block.parameter is not None and values.period(block.parameter) is None:
        message = f'"{block.parameter}" is not a parameter of type period.'
        findings.append(_finding(block.id, "error", message, "Choose a period or a parameter of type period."))
    return findings


def _finding(block: str | None, severity: Literal["error", "warning"], message: str, way_out: str) -> Finding:
    return Finding(block=block, severity=severity, message=message, way_out=way_out)


_EXAMPLES = {
    "text": "",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "date": "today",
    "period": "last_full_month",
}
