"""A question in SQL that goes to the database of a source, asked on the page."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import Role
from app.ui.query_connection import HERE
from tests.access_objects import new_person
from tests.sources.conftest import dataset, source
from tests.sources.environment import environment
from tests.sources.postgres_server import PASSWORD, Server, second_server
from tests.ui.opening import Open, errors, open_page, press

__all__ = ["open_page"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with second_server() as running, environment(OUTGOING_ALLOW="127.0.0.1,::1"):
        running.run("create table sales (id int, shop text)", "insert into sales values (1, 'North'), (2, 'South')")
        yield running


def sql_page(open_page: Open, role: Role, server: Server) -> AppTest:
    person = new_person(role)
    author = person if role is Role.author else new_person(Role.author)
    dataset(author)
    given = {"url": server.url(), "password": PASSWORD, "query": "select 1 as city", "ca_pem": server.ca_pem}
    source("sql", given | {"seconds": 5}, author, name="their shop")
    at = open_page(person, "queries", query="new")
    return next(one for one in at.segmented_control if one.label == "How").set_value("SQL").run()


def test_an_author_asks_the_database_of_a_source(database: str, server: Server, open_page: Open) -> None:
    at = sql_page(open_page, Role.author, server)
    place = next(box for box in at.selectbox if box.label == "Ask")
    assert (place.value, place.options) == (HERE, [HERE, "their shop"])
    at = place.set_value("their shop").run()
    assert any("FROM sales" in one.value for one in at.code)
    next(one for one in at.text_area).set_value("select shop from sales order by id").run()
    press(at, "Run")
    assert errors(at) == []
    assert at.dataframe[0].value.to_dict("list") == {"shop": ["North", "South"]}


def test_members_are_not_asked_where(database: str, server: Server, open_page: Open) -> None:
    at = sql_page(open_page, Role.member, server)
    assert not [box for box in at.selectbox if box.label == "Ask"]
