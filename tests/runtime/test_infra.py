"""The files of infra/ name settings that exist and run nothing as root."""

import re
from pathlib import Path

import yaml

from app.core.settings import Settings

INFRA = Path(__file__).resolve().parents[2] / "infra"
KNOWN = {name.upper() for name in Settings.model_fields}


def test_the_compose_file_gives_only_settings_that_exist():
    services = yaml.safe_load((INFRA / "compose.yaml").read_text())["services"]
    for name in ("app", "worker"):
        assert set(services[name]["environment"]) <= KNOWN
    needed = {"DB_URL", "SECRET_KEY", "SMTP_ENV_KEY"}
    assert needed <= set(services["app"]["environment"])


def test_the_image_runs_as_an_account_of_its_own():
    lines = (INFRA / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER autoreport"]
    for name in re.findall(r"\b([A-Z_]+)=", "\n".join(line for line in lines if line.startswith("ENV"))):
        assert name in KNOWN | {"PATH", "PYTHONUNBUFFERED"}


def test_the_image_copies_what_the_product_needs():
    lines = (INFRA / "Dockerfile").read_text().splitlines()
    copied = {word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert {"main.py", "alembic.ini", "alembic", ".streamlit", "pages", "app", "uv.lock", "pyproject.toml"} <= copied
    root = INFRA.parent
    assert [name for name in copied if not name.startswith(("--", "/")) and not (root / name).exists()] == []


def test_the_unit_runs_as_an_account_of_its_own_with_known_settings():
    unit = (INFRA / "autoreport.service").read_text()
    assert "\nUser=autoreport\n" in unit
    assert set(re.findall(r"([A-Z_]{3,})=", unit)) <= KNOWN
