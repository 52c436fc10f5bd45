"""Derived datasets: an answer becomes rows, when what it is made of has changed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.settings import settings
from app.datasets import service as datasets
from app.queries import service as queries
from app.queries.schemas import QueryChange, QueryCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind
from app.sources import service as sources
from app.sources.connectors.query import Circle
from app.sources.schemas import SourceChange, SourceCreate
from tests.sources.conftest import dataset, load_all, person, pull

SALES = {"columns": [{"name": "day", "type": "date"}, {"name": "amount", "type": "decimal", "decimals": 2}]}
TOTALS = {
    "columns": [{"name": "day", "type": "date", "required": True}, {"name": "total", "type": "decimal", "decimals": 2}]
}
BY_DAY = {
    "dataset": "sales",
    "group_by": [{"column": "day"}],
    "measures": [{"function": "sum", "column": "amount", "as": "total"}],
}


def load(text: str, name: str = "sales") -> None:
    upload = datasets.store_upload(SYSTEM, "sales.csv", [f"day,amount\n{text}\n".encode()])
    with transaction() as db:
        datasets.receive_file(db, SYSTEM, name, upload)
    load_all()


def made(name: str, schema: dict[str, Any], **rest: Any) -> None:
    dataset(name=name, **{**schema, **rest})


def derived(question: dict[str, Any] | None = None, into: str = "totals", **rest: Any) -> Any:
    settings = {"question": question or BY_DAY} if "query_id" not in rest else {"query_id": rest.pop("query_id")}
    new = SourceCreate(name=rest.pop("name", "daily"), kind="query", dataset=into, settings=settings)
    with transaction() as db:
        return sources.create_source(db, rest.pop("owner", SYSTEM), new)


def totals(name: str = "totals") -> list[list[Any]]:
    with transaction() as db:
        return [[str(value) for value in row] for row in datasets.rows(db, SYSTEM, name, limit=200).rows]


@pytest.fixture
def sales(database: str) -> None:
    made("sales", SALES)
    load("2026-01-01,1.50\n2026-01-01,2.25\n2026-01-02,4.00")


@pytest.mark.usefixtures("sales")
def test_it_is_made_anew_only_when_what_it_reads_has_changed() -> None:
    made("totals", TOTALS, mode="replace")
    one = derived()
    assert pull(one.id).result["taken"] == 1
    load_all()
    assert sorted(totals()) == [["2026-01-01", "3.75"], ["2026-01-02", "4.00"]]
    assert pull(one.id).result["taken"] == 0
    load("2026-01-02,6.00")
    assert pull(one.id).result["taken"] == 1
    load_all()
    assert sorted(totals()) == [["2026-01-01", "3.75"], ["2026-01-02", "10.00"]]


@pytest.mark.usefixtures("sales")
def test_by_key_it_is_kept_up_to_date() -> None:
    made("totals", TOTALS, mode="upsert", key=["day"])
    one = derived()
    pull(one.id)
    load_all()
    load("2026-01-03,9.00")
    pull(one.id)
    load_all()
    assert len(totals()) == 3


@pytest.mark.usefixtures("sales")
def test_a_saved_query_can_be_meant_and_its_change_counts() -> None:
    made("totals", TOTALS, mode="replace")
    with transaction() as db:
        kept = queries.create_query(db, SYSTEM, QueryCreate.model_validate({"name": "By day", "question": BY_DAY}))
    one = derived(query_id=str(kept.id))
    pull(one.id)
    load_all()
    assert len(totals()) == 2
    with transaction() as db, pytest.raises(Conflict, match="daily"):
        queries.delete_query(db, SYSTEM, kept.id)
    with transaction() as db:
        changed = {**BY_DAY, "filters": [{"column": "day", "op": "gt", "value": "2026-01-01"}]}
        queries.change_query(db, SYSTEM, kept.id, QueryChange.model_validate({"version": 1, "question": changed}))
    pull(one.id)
    load_all()
    assert len(totals()) == 1


@pytest.mark.usefixtures("sales")
def test_what_would_read_itself_is_refused() -> None:
    made("totals", TOTALS, mode="replace")
    made("more", TOTALS, mode="replace")
    derived()
    with pytest.raises(Circle, match="totals"):
        derived({"sql": "SELECT day, total FROM totals"}, name="self")
    derived({"dataset": "totals", "columns": ["day", "total"]}, into="more", name="second")
    with transaction() as db:
        first = sources.sources(db, SYSTEM, dataset="totals").items[0]
    circle = {"question": {"dataset": "more", "columns": ["day", "total"]}}
    with transaction() as db, pytest.raises(Circle, match="totals ← more ← totals"):
        sources.change_source(db, SYSTEM, first.id, SourceChange(version=1, settings=circle))


@pytest.mark.usefixtures("sales")
def test_nobody_reads_through_it_what_they_may_not_see() -> None:
    author = person()
    made("totals", TOTALS, mode="replace")
    with transaction() as db:
        sharing.forget(db, Kind.dataset, datasets.dataset_by_name(db, SYSTEM, "sales").id)
    with pytest.raises((NotFound, Forbidden)):
        derived(owner=author)


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ_DEFAULT", "Asia/Tokyo")
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.mark.usefixtures("sales", "tokyo")
def test_a_question_that_moves_with_the_days_is_asked_again_tomorrow() -> None:
    made("totals", TOTALS, mode="replace")
    one = derived({"sql": "SELECT current_date AS day, sum(amount) AS total FROM sales"})
    for at, taken in ((time(14), 1), (time(14, 59), 0), (time(15), 1)):
        with clock.use(clock.FixedClock(datetime.combine(date(2200, 1, 1), at, UTC))):
            assert pull(one.id).result["taken"] == taken
            load_all()
    assert totals() == [["2200-01-02", "7.75"]]


@pytest.mark.usefixtures("sales")
def test_what_is_wrong_with_the_query_is_said() -> None:
    made("totals", TOTALS, mode="replace")
    one = derived({"sql": "SELECT day FROM sales"})
    with transaction() as db:
        found = sources.check_source(db, SYSTEM, one.id)
    assert (found.ok, found.found) == (True, ["day: date"])
    pulled = pull(one.id)
    assert (pulled.status, "total" in (pulled.error or "")) in {("partial", True), ("completed", False)}
