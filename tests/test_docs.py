"""Documentation is part of the product: what the code offers is written down, and the other way round."""

import re
from pathlib import Path

import typer.main

from app.api import api
from app.cli import app as command_line
from app.core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


def documented(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_env_example_lists_exactly_the_settings() -> None:
    listed = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", documented(".env.example"), re.M))
    assert listed == {name.upper() for name in Settings.model_fields}


def test_every_setting_is_explained_for_operators() -> None:
    text = documented("docs/configuration.md")
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in text] == []


def test_every_command_is_documented() -> None:
    text = documented("docs/commands.md")
    assert [name for name in commands() if f"autoreport {name}" not in text] == []


def commands() -> list[str]:
    root = typer.main.get_command(command_line)
    names = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        names += [f"{name} {inner}" for inner in below] if below else [name]
    return names


def test_every_route_is_documented() -> None:
    text = documented("docs/api.md")
    missing = [
        f"{method} {route}"
        for route, methods in api.openapi()["paths"].items()
        for method in map(str.upper, methods)
        if f"`{method} /api/v1{route.removeprefix('/api/v1')}`" not in text
    ]
    assert missing == []


def test_readme_starts_with_the_two_commands_and_its_links_lead_somewhere() -> None:
    text = documented("README.md")
    first_two = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S)[:2]
    assert "main.py" in first_two[0]
    assert "pytest" in first_two[1]
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / link).exists(), f"README links to {link}"


def test_changelog_starts_with_the_present_version() -> None:
    version = re.search(r'^version = "(.+)"', documented("pyproject.toml"), re.M)
    assert version
    assert re.search(r"^## \[?(\S+?)\]?( |$)", documented("CHANGELOG.md"), re.M).group(1) == version.group(1)  # type: ignore[union-attr]
