"""Transactions: whatever way a statement takes, its failure is of one kind."""

import pytest
import sqlalchemy as sa

from app.core import db

pytestmark = pytest.mark.usefixtures("database")


def sleep_too_long(*, is_raw: bool) -> None:
    with db.transaction() as session:
        session.execute(sa.text("set local statement_timeout = 20"))
        if is_raw:
            db.raw(session).execute("select pg_sleep(5)")
        session.execute(sa.text("select pg_sleep(5)"))


@pytest.mark.parametrize("is_raw", [True, False])
def test_a_wait_that_is_cut_short_is_the_database_being_away_for_every_door(is_raw: bool) -> None:
    with pytest.raises(sa.exc.OperationalError):
        sleep_too_long(is_raw=is_raw)
