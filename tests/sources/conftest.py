"""A dataset, folders that are open to sources, and pulls executed in this process."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.jobs.schemas import Run
from app.jobs.work_off import run_inline, work_off
from app.sources import service as sources
from app.sources.schemas import PullOrder, Source, SourceCreate
from app.worker import HANDLERS

COLUMNS = [{"name": "city", "type": "text"}, {"name": "people", "type": "integer"}]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def inbox_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "incoming"
    folder.mkdir()
    monkeypatch.setenv("SOURCE_FOLDERS", str(folder))
    settings.cache_clear()
    yield folder
    monkeypatch.undo()
    settings.cache_clear()


def put(folder: Path, name: str, text: str, at: float = LONG_AGO) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def person(role: Role = Role.author) -> Actor:
    name = os.urandom(6).hex()
    new = PersonCreate(email=f"{name}@example.com", name=name, password=SecretStr("three unrelated words"), role=role)
    with transaction() as db:
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


def dataset(owner: Actor = SYSTEM, name: str = "cities", **rest: Any) -> str:
    facts = {"name": name, "schema": {"columns": COLUMNS} | rest}
    with transaction() as db:
        return datasets.create_dataset(db, owner, DatasetCreate.model_validate(facts)).name


def source(kind: str, given: dict[str, Any], owner: Actor = SYSTEM, **rest: Any) -> Source:
    new = SourceCreate(name=rest.pop("name", kind), kind=kind, dataset="cities", settings=given, **rest)
    with transaction() as db:
        return sources.create_source(db, owner, new)


def pull(source_id: UUID, owner: Actor = SYSTEM, *, again: bool = False) -> Run:
    with transaction() as db:
        started = sources.pull_now(db, owner, source_id, PullOrder(again=again))
    return run_inline(started.job_id, HANDLERS)


def load_all() -> list[Run]:
    return work_off(HANDLERS)


def rows() -> list[list[Any]]:
    with transaction() as db:
        return datasets.rows(db, SYSTEM, "cities", limit=200).rows


def states(source_id: UUID) -> dict[str, str]:
    with transaction() as db:
        return {one.key: one.state.value for one in sources.items(db, SYSTEM, source_id).items}
