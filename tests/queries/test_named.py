"""Questions with a name: kept with their columns, asked as the person who asks, changed with care."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Role
from app.core.db import transaction
from app.core.errors import AppError
from app.queries import named
from app.queries import service as queries
from app.queries.schemas import NamedQuery, QueryChange, QueryCreate, QueryRun, QuerySpec, SqlQuery
from app.sharing import service as sharing
from app.sharing.schemas import Kind, ShareCreate
from tests.datasets.conftest import load, make_dataset
from tests.sharing.conftest import new_person

COLUMNS = [{"name": "city"}, {"name": "people", "type": "integer"}]
LARGE = "SELECT city, people FROM cities WHERE people > $least ORDER BY people"


@pytest.fixture
def cities(database: str) -> str:
    make_dataset("cities", COLUMNS)
    load("cities", b"city,people\nOslo,700000\nBergen,290000\nHamar,28000\n")
    return "cities"


@pytest.fixture
def db(cities: str) -> Iterator[Session]:
    with transaction() as session:
        yield session


def sql_about(sql: str = LARGE) -> SqlQuery:
    return SqlQuery.model_validate({"sql": sql, "parameters": [{"name": "least", "type": "integer", "value": 100000}]})


@pytest.fixture
def usage() -> Iterator[list[UUID]]:
    used: list[UUID] = []

    def tell(_db: Session, query_id: UUID) -> list[str]:
        return ["the source “Nightly”"] if query_id in used else []

    queries.offer_usage(tell)
    yield used
    named.USAGES.remove(tell)


def keep(db: Session) -> NamedQuery:
    author = new_person(db, Role.author)
    return queries.create_query(db, author, QueryCreate(name=uuid4().hex, question=sql_about()))


def test_a_query_is_kept_with_the_columns_of_its_answer(db: Session) -> None:
    kept = keep(db)
    assert [(column.name, column.type) for column in kept.columns] == [("city", "text"), ("people", "integer")]
    assert queries.named_query(db, new_person(db, Role.member), kept.name).question == kept.question


def test_a_question_without_an_answer_is_not_kept(db: Session) -> None:
    wrong = sql_about("SELECT town FROM cities WHERE people > $least")
    with pytest.raises(AppError, match='Line 1, column 8: Referenced column "town" not found'):
        queries.create_query(db, new_person(db, Role.author), QueryCreate(name="wrong", question=wrong))


def test_its_parameters_and_its_limit_can_be_others(db: Session) -> None:
    kept = keep(db)
    member = new_person(db, Role.member)
    assert queries.run_named(db, member, kept.id, QueryRun()).rows == [["Bergen", 290000], ["Oslo", 700000]]
    answer = queries.run_named(db, member, kept.id, QueryRun(parameters={"least": 0}, limit=1))
    assert (answer.rows, answer.truncated) == ([["Hamar", 28000]], True)
    with pytest.raises(named.UnknownParameter, match="Parameters of this query: least"):
        queries.run_named(db, member, kept.id, QueryRun(parameters={"most": 1}))


def test_whoever_may_see_the_query_but_not_the_data_gets_no_answer(db: Session) -> None:
    kept = keep(db)
    source = queries.source_of(db, new_person(db, Role.admin), "cities")
    sharing.forget(db, Kind.dataset, source.dataset_id)
    with pytest.raises(AppError, match="Line 1, column 26: There is no dataset cities, or you may not see it"):
        queries.run_named(db, new_person(db, Role.member), kept.id, QueryRun())


def test_columns_that_others_use_change_only_when_that_is_said(db: Session, usage: list[UUID]) -> None:
    kept, admin = keep(db), new_person(db, Role.admin)
    usage.append(kept.id)
    fewer = sql_about("SELECT city FROM cities WHERE people > $least")
    with pytest.raises(named.QueryInUse, match="is used by the source “Nightly”"):
        queries.change_query(db, admin, kept.id, QueryChange(version=1, question=fewer))
    with pytest.raises(named.QueryInUse):
        queries.delete_query(db, admin, kept.id)
    changed = queries.change_query(db, admin, kept.id, QueryChange(version=1, question=fewer, even_if_used=True))
    assert ([column.name for column in changed.columns], changed.version) == (["city"], 2)


def test_a_change_from_an_old_version_is_refused(db: Session) -> None:
    kept, admin = keep(db), new_person(db, Role.admin)
    queries.change_query(db, admin, kept.id, QueryChange(version=1, description="Large ones"))
    with pytest.raises(named.QueryChanged):
        queries.change_query(db, admin, kept.id, QueryChange(version=1, description="Small ones"))


def test_a_query_that_is_shared_with_one_is_unknown_to_others(db: Session) -> None:
    kept, friend = keep(db), new_person(db, Role.member)
    sharing.forget(db, Kind.query, kept.id)
    sharing.grant(db, new_person(db, Role.admin), Kind.query, kept.id, ShareCreate(person_id=friend.id))
    assert [one.name for one in queries.queries_page(db, friend, search=kept.name).items] == [kept.name]
    with pytest.raises(named.QueryNotFound):
        queries.query(db, new_person(db, Role.member), kept.id)


def test_joined_data_is_looked_at_with_the_eyes_of_who_asks(db: Session) -> None:
    other = "secret"
    make_dataset(other, [{"name": "city", "unique": True}, {"name": "mayor"}])
    sharing.forget(db, Kind.dataset, queries.source_of(db, new_person(db, Role.admin), other).dataset_id)
    spec = QuerySpec.model_validate(
        {"dataset": "cities", "joins": [{"dataset": other, "on": [{"left": "city", "right": "city"}]}]}
    )
    with pytest.raises(AppError, match="There is no dataset secret"):
        queries.run(db, new_person(db, Role.member), spec)
