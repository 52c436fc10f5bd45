"""What docs/security.md says is met is shown by tests that exist."""

import ast
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = 46
STATES = {"met", "partly", "not yet", "not applicable"}
ROW = re.compile(r"^\| (\d+) \| (.+?) \| ([\d., ]+) \| \*\*([a-z ]+)\*\*(?:: (.+?))? \| (.+) \|$", re.MULTILINE)
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
EXCEPTION = re.compile(r"# noqa: .*\bS\d{3}\b(.*)$", re.MULTILINE)


class Row(NamedTuple):
    number: int
    what: str
    asvs: str
    state: str
    note: str
    shown_by: str


ROWS = [Row(int(number), *rest) for number, *rest in ROW.findall((ROOT / "docs" / "security.md").read_text("utf-8"))]


@lru_cache
def functions_of(path: str) -> set[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_requirement_has_its_row_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, REQUIREMENTS + 1))
    assert {row.state for row in ROWS} <= STATES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_row_names_tests_that_exist_and_what_is_missing(row: Row) -> None:
    references = REFERENCE.findall(row.shown_by)
    assert [f"{path}::{name}" for path, name in references if name not in functions_of(path)] == []
    assert len(references) == row.shown_by.count("`") // 2
    if row.state == "met":
        assert references, "nothing shows it"
    else:
        assert row.note, "it does not say what is missing"


def test_each_dependency_is_pinned_with_hashes() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    fetched = [one for one in packages if "registry" in one["source"]]
    files = [(one["name"], file) for one in fetched for file in [*one.get("wheels", []), one.get("sdist", {})] if file]
    assert len(fetched) > 90
    assert [one["name"] for one in packages if one not in fetched] == ["autoreport"]
    assert [name for name, file in files if not file["hash"].startswith("sha256:")] == []


def test_each_exception_from_the_rules_of_bandit_says_why() -> None:
    sources = [
        ROOT / "main.py",
        *(path for folder in ("app", "pages", "alembic") for path in (ROOT / folder).rglob("*.py")),
    ]
    bare = [
        f"{path.relative_to(ROOT)}: {found[0].strip()}"
        for path in sources
        for found in EXCEPTION.finditer(path.read_text(encoding="utf-8"))
        if not found[1].strip()
    ]
    assert bare == []
