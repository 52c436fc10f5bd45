"""What is found before a template is used, with the block and the way out."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.queries.schemas import Source
from app.templates.check import check
from app.templates.schemas import Finding, TemplateContent
from app.templates.starters import data_summary, weekly_team_report

COLUMNS = [("sold_on", "date"), ("product", "text"), ("amount", "decimal"), ("pieces", "integer")]
SALES = Source(dataset="sales", dataset_id=UUID(int=1), columns=COLUMNS, files=["a"], version="1", batches=[1])
BOARD = UUID(int=7)
KPI: dict[str, Any] = {"kind": "kpi", "title": "Total", "query": {"dataset": "sales", "measures": [{}]}}
CHART: dict[str, Any] = {
    "kind": "chart",
    "query": {"dataset": "sales", "group_by": [{"column": "product"}], "measures": [{"as": "n"}]},
    "chart": {"x": "product", "y": "n", "alt": "Sales by product"},
}


def findings(*blocks: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> list[Finding]:
    named = [{"id": f"b{place}", **block} for place, block in enumerate(blocks)]
    content = TemplateContent.model_validate({"blocks": named, "parameters": parameters or []})
    return check(content, {"sales": SALES}, {str(BOARD)}, date(2026, 11, 22))


@pytest.mark.parametrize(
    ("block", "message", "way_out"),
    [
        ({"kind": "text", "markdown": "{{ revenu }}"}, '"revenu" is not defined', "Parameters: none"),
        ({"kind": "text", "markdown": "{{ blocks.b9.text }}"}, '"blocks.b9.text" is not defined', "Blocks: b0"),
        ({"kind": "heading", "text": "{{ title"}, "cannot be read in line 1", "{{ }}"),
        ({"kind": "text", "markdown": "  "}, "empty", "remove the block"),
        ({**KPI, "query": {"dataset": "sale", "measures": [{}]}}, 'no dataset "sale"', "that exists"),
        ({"kind": "table", "query": {"dataset": "sales", "columns": ["price"]}}, "Columns: sold_on, product", "query"),
        ({**KPI, "compare_with_previous": True}, "no period", "in period"),
        ({**KPI, "query": CHART["query"]}, "exactly one measure", "one measure"),
        ({**CHART, "chart": {**CHART["chart"], "y": "m"}}, 'y is "m"', "gives: product, n"),
        ({**CHART, "chart": {**CHART["chart"], "alt": ""}}, "no alternative text", "one sentence"),
        ({"kind": "board_summary", "board_id": str(UUID(int=8))}, "board does not exist", "Choose"),
        ({"kind": "board_summary", "board_id": str(BOARD), "parameter": "p"}, "type period", "Choose"),
    ],
)  # fmt: skip
def test_each_problem_names_its_block_and_the_way_out(block: dict[str, Any], message: str, way_out: str) -> None:
    [found] = findings(block)
    assert found.block == "b0"
    assert message in found.message
    assert way_out in found.way_out


def test_parameters_and_other_blocks_are_known_in_texts() -> None:
    text = {
        "kind": "text",
        "markdown": "{{ week.label }} {{ blocks.b1.text }} {{ report.date }}{% for x in blocks %}{% endfor %}",
    }
    assert findings(text, KPI, parameters=[{"name": "week", "type": "period", "default": "last_full_week"}]) == []


def test_a_default_that_does_not_fit_is_found_and_one_that_is_missing_is_not() -> None:
    wrong = findings(KPI, parameters=[{"name": "day", "type": "date", "default": "someday"}])
    assert ["someday" in found.message for found in wrong] == [True]
    assert findings(KPI, parameters=[{"name": "day", "type": "date"}]) == []


def test_an_empty_template_is_found() -> None:
    assert [found.severity for found in findings()] == ["error"]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:1], COLUMNS[1:2], COLUMNS[2:]])
def test_starters_have_no_findings_whatever_the_columns(columns: list[tuple[str, str]]) -> None:
    source = SALES.model_copy(update={"columns": columns})
    content = TemplateContent.model_validate(
        data_summary("x", "sales", columns).model_dump(include={"blocks", "parameters", "theme"})
    )
    assert check(content, {"sales": source}, set(), date(2026, 11, 22)) == []


def test_the_weekly_starter_has_no_findings() -> None:
    wanted = weekly_team_report("x", BOARD, "Team")
    content = TemplateContent.model_validate(wanted.model_dump(include={"blocks", "parameters", "theme"}))
    assert check(content, {}, {str(BOARD)}, date(2026, 11, 22)) == []
