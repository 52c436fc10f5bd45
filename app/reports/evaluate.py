"""Blocks of a template with their data: the calculating half of a report. Imported by child processes only.

A block that fails becomes a FailedBlock; the others go on.
"""

from collections.abc import Callable
from typing import Any, Literal

from app.core import children
from app.core.errors import AppError, Invalid
from app.queries.execute import execute
from app.queries.format import format_change, format_value
from app.queries.moments import fix_periods, local_date
from app.queries.periods import Period, previous
from app.queries.schemas import QueryResult, QuerySpec, Source
from app.reports.draw import describe, draw
from app.reports.schemas import (
    BoardDone,
    ChartDone,
    DoneBlock,
    FailedBlock,
    HeadingDone,
    KpiDone,
    Material,
    PageBreakDone,
    ReportContent,
    TableDone,
    TextDone,
)
from app.tasks.summaries.schemas import BoardSummary
from app.templates import texts as texts_of
from app.templates.parameters import bind
from app.templates.schemas import (
    AnyBlock,
    BoardSummaryBlock,
    ChartBlock,
    HeadingBlock,
    KpiBlock,
    TableBlock,
    TextBlock,
)

FILL_MEMORY_MB = 384
FILL_SECONDS = 10
ROWS_FOR_TEXTS = 200
BOARD_FACTS = {
    *("board", "open", "created", "moved", "done", "overdue"),
    *("planned", "planned_done", "unplanned_done", "blocked", "next"),
}
Progress = Callable[[str, int, int], None]


class BlockFailed(Invalid):
    """This block cannot be shown."""


def silent(_what: str, _number: int, _of: int) -> None:
    """For a preview, which nobody watches."""


def evaluate(material: Material, progress: Progress = silent) -> ReportContent:
    blocks = material.content.blocks
    done: dict[str, DoneBlock] = {}
    for number, block in enumerate(blocks, start=1):
        progress(f"Block {number} of {len(blocks)}: {_title(block)}", number, len(blocks))
        if not isinstance(block, HeadingBlock | TextBlock):
            done[block.id] = _guarded(block, material)
    done |= _filled(material, done)
    return ReportContent(
        title=material.title,
        template=material.template,
        template_version=material.template_version,
        generated_at=material.generated_at,
        parameters=[(each.shown_as, _said(material.values.values[each.name])) for each in material.content.parameters],
        theme=material.content.theme,
        blocks=[done[block.id] for block in blocks],
    )


def _guarded(block: AnyBlock, material: Material) -> DoneBlock:
    try:
        return _with_data(block, material)
    except AppError as error:
        return FailedBlock(id=block.id, wanted=block.kind, title=_title(block), error=error.message)


def _with_data(block: AnyBlock, material: Material) -> DoneBlock:
    if isinstance(block, KpiBlock):
        return _kpi(block, material)
    if isinstance(block, TableBlock):
        answer = _ask(block.query, material)
        return TableDone(id=block.id, title=block.title, formats=block.formats, answer=answer)
    if isinstance(block, ChartBlock):
        return _chart(block, material)
    if isinstance(block, BoardSummaryBlock):
        return _board(block, material)
    return PageBreakDone(id=block.id)


def _ask(spec: QuerySpec, material: Material) -> QueryResult:
    used = {name: _source(name, material) for name in spec.datasets}
    return execute(_bound(spec, material), used[spec.dataset], used, local_date(material.generated_at))


def _source(name: str, material: Material) -> Source:
    source = material.sources.get(name, f'There is no dataset "{name}".')
    if not isinstance(source, Source):
        raise BlockFailed(source)
    return source


def _bound(spec: QuerySpec, material: Material) -> QuerySpec:
    """With the values of this run, and moving periods as they are on its day."""
    return fix_periods(bind(spec, material.values), local_date(material.generated_at))


def _kpi(block: KpiBlock, material: Material) -> KpiDone:
    bound = _bound(block.query, material)
    if bound.group_by or len(bound.measures) != 1:
        raise BlockFailed("A figure needs exactly one measure and no group.")
    answer = _ask(bound, material)
    column, value = answer.columns[0], answer.rows[0][0]
    done = KpiDone(id=block.id, title=block.title, text=format_value(value, column, block.format), answer=answer)
    if not block.compare_with_previous:
        return done
    before_answer = _ask(_one_period_earlier(bound), material)
    before = before_answer.rows[0][0]
    change = None if value is None or before is None else format_change(value, before)
    return done.model_copy(
        update={
            "previous": format_value(before, column, block.format),
            "previous_answer": before_answer,
            "change": change,
            "verdict": _verdict(change, block.good),
        }
    )


def _one_period_earlier(spec: QuerySpec) -> QuerySpec:
    if not any(isinstance(rule.value, Period) for rule in spec.filters):
        raise BlockFailed("The figure is to be compared with the period before, but its query has no period filter.")
    filters = [
        rule.model_copy(update={"value": previous(rule.value)}) if isinstance(rule.value, Period) else rule
        for rule in spec.filters
    ]
    return spec.model_copy(update={"filters": filters})


def _verdict(change: str | None, good: str) -> Literal["better", "worse", "neutral"]:
    if change is None or good == "neither" or change[0] not in "+−":
        return "neutral"
    return "better" if (change[0] == "+") == (good == "up") else "worse"


def _chart(block: ChartBlock, material: Material) -> ChartDone:
    answer = _ask(block.query, material)
    alt = describe(block.chart, answer, block.format)
    title = block.title or block.chart.title
    chart = block.chart.model_copy(update={"title": ""})  # it stands above, as text
    svg = draw(chart, answer, material.content.theme, block.format)
    return ChartDone(id=block.id, title=title, chart=chart, format=block.format, alt=alt, svg=svg, answer=answer)


def _board(block: BoardSummaryBlock, material: Material) -> BoardDone:
    summary = material.boards.get(block.id, "There is no such board.")
    if not isinstance(summary, BoardSummary):
        raise BlockFailed(summary)
    period = Period(since=summary.since.date(), until=summary.until.date())
    address = f"{material.site}/board?board={summary.board_id}" if material.site else ""
    shown = {"title": block.title or summary.board, "period": period.label, "address": address}
    return BoardDone(id=block.id, summary=summary, sections=block.sections, **shown)


def _filled(material: Material, done: dict[str, DoneBlock]) -> dict[str, DoneBlock]:
    """Headings and texts, after all figures, so that a text may quote a figure that stands below it."""
    texts = {b.id: b for b in material.content.blocks if isinstance(b, HeadingBlock | TextBlock)}
    sources = {key: block.text if isinstance(block, HeadingBlock) else block.markdown for key, block in texts.items()}
    plain = {key for key, block in texts.items() if isinstance(block, HeadingBlock)}
    answers = _fill(sources, plain, _context(material, done))
    filled: dict[str, DoneBlock] = {}
    for key, block in texts.items():
        ok, text = answers[key]
        if not ok:
            filled[key] = FailedBlock(id=key, wanted=block.kind, title=_title(block), error=text)
        elif isinstance(block, HeadingBlock):
            filled[key] = HeadingDone(id=key, text=text, level=block.level)
        elif texts_of.may_be_intricate(text) and texts_of.intricate({key: text}):
            said = texts_of.TooIntricate().message
            filled[key] = FailedBlock(id=key, wanted=block.kind, title=_title(block), error=said)
        else:
            filled[key] = TextDone(id=key, markdown=text)
    return filled


def _fill(sources: dict[str, str], plain: set[str], context: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    """Texts without variables need no engine. If a child dies of one text, each gets a child of its own."""
    answers = {key: (True, text) for key, text in sources.items() if "{{" not in text and "{%" not in text}
    rest = {key: text for key, text in sources.items() if key not in answers}
    if not rest:
        return answers
    try:
        return answers | _fill_in_child(rest, plain, context)
    except AppError as error:
        if len(rest) == 1:
            return answers | dict.fromkeys(rest, (False, error.message))
    for key, text in rest.items():
        answers |= _fill({key: text}, plain, context)
    return answers


def _fill_in_child(rest: dict[str, str], plain: set[str], context: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    answers: dict[str, tuple[bool, str]] = children.call(
        "app.reports.fill:fill", rest, plain, context, wall_seconds=FILL_SECONDS, memory_mb=FILL_MEMORY_MB
    )
    return answers


def _context(material: Material, done: dict[str, DoneBlock]) -> dict[str, Any]:
    """Plain values only: a template can call the methods of anything else."""
    return {
        **material.values.values,
        "report": {"title": material.title, "date": material.generated_at.date().isoformat()},
        "blocks": {key: _facts(block) for key, block in done.items()},
    }


def _facts(block: DoneBlock) -> dict[str, Any]:
    if isinstance(block, KpiDone):
        return {"text": block.text, "previous": block.previous, "change": block.change, "title": block.title}
    if isinstance(block, TableDone | ChartDone):
        return {"rows": block.answer.records()[:ROWS_FOR_TEXTS], "row_count": block.answer.row_count}
    if isinstance(block, BoardDone):
        counts = block.summary.model_dump(mode="json", include=BOARD_FACTS)
        return {**counts, "period": block.period}
    return {}


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("label", ""))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _title(block: AnyBlock) -> str:
    return getattr(block, "title", "") or getattr(block, "text", "") or block.kind.replace("_", " ")
