"""Files on their way into boards, without a door in between."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import FixedClock
from app.tasks.exchange.imports import import_board, store_import
from app.tasks.exchange.read import Found, parse
from app.tasks.exchange.schemas import ImportWishes

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Import = Callable[..., UUID]


def found(content: bytes, file_name: str = "board.json", **wishes: object) -> Found:
    return parse(content, file_name, ImportWishes.model_validate(wishes), NOW)


@pytest.fixture
def imported(db: Session) -> Import:
    def run(actor: Actor, content: bytes, file_name: str = "board.json", **wishes: object) -> UUID:
        asked = ImportWishes.model_validate(wishes)
        with clock.use(FixedClock(NOW)):
            stored = store_import(actor, file_name, [content])
            done = import_board(db, actor, stored, asked, parse(content, file_name, asked, NOW))
        assert done.board_id
        return done.board_id

    return run
