"""Loading a file the way the product does, with the worker's own code but in this process."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core import db
from app.core.actor import SYSTEM, Actor, Role
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.schemas import Batch, Dataset, DatasetCreate, DatasetSchema, Pins, Reject, RejectFilter
from app.jobs.work_off import work_off

MakePerson = Callable[[str, Role], Actor]


def make_dataset(name: str, columns: list[dict[str, Any]], **rest: Any) -> Dataset:
    definition = DatasetSchema.model_validate({"columns": columns, **rest})
    with db.transaction() as session:
        return datasets.create_dataset(session, SYSTEM, DatasetCreate(name=name, definition=definition))


def receive(dataset: str, content: bytes, file_name: str = "rows.csv", *, actor: Actor = SYSTEM, **pins: Any) -> Batch:
    upload = datasets.store_upload(actor, file_name, [content])
    with db.transaction() as session:
        return datasets.receive_file(session, actor, dataset, upload, Pins.model_validate(pins))


def load(dataset: str, content: bytes, file_name: str = "rows.csv", *, actor: Actor = SYSTEM, **pins: Any) -> Batch:
    batch = receive(dataset, content, file_name, actor=actor, **pins)
    work_off(HANDLERS)
    return read_batch(batch.id)


def read_batch(batch_id: int) -> Batch:
    with db.transaction() as session:
        return datasets.batch(session, SYSTEM, batch_id)


def rejects_of(batch: Batch, **wanted: str) -> list[Reject]:
    with db.transaction() as session:
        return datasets.rejects(session, SYSTEM, batch.id, RejectFilter.model_validate(wanted), limit=200).items


def rows_of(dataset: str) -> list[list[Any]]:
    with db.transaction() as session:
        return datasets.rows(session, SYSTEM, dataset, limit=200).rows


def texts(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "type": "text"} for name in names]


@pytest.fixture
def person(database: str) -> MakePerson:
    def make(name: str, role: Role) -> Actor:
        new = PersonCreate(
            email=f"{name.lower()}@example.com", name=name, password=SecretStr("three unrelated words"), role=role
        )
        with db.transaction() as session:
            return accounts.actor_of(session, accounts.create_person(session, SYSTEM, new).id)

    return make
