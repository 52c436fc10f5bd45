"""Lists and single things must never disagree about who may see what."""

from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor, Role
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, MemberAdd, ShareCreate
from app.tasks.tables import BoardRow
from tests.sharing.conftest import new_person, new_team

PEOPLE, TEAMS, THINGS = 3, 2, 3
LEVELS = st.sampled_from(Level)
MEMBERSHIPS = st.sets(st.tuples(st.integers(0, TEAMS - 1), st.integers(0, PEOPLE - 1)))
AUDIENCES = st.one_of(
    st.just(("everybody", 0)),
    st.tuples(st.just("team"), st.integers(0, TEAMS - 1)),
    st.tuples(st.just("person"), st.integers(0, PEOPLE - 1)),
)
SHARES = st.lists(st.tuples(st.integers(0, THINGS - 1), AUDIENCES, LEVELS), max_size=8)
OWNERS = st.lists(st.one_of(st.none(), st.integers(0, PEOPLE - 1)), min_size=THINGS, max_size=THINGS)


class Town:
    """Some people, teams and boards, and a second opinion on who may see what, worked out in Python."""

    def __init__(self, db: Session, members: set[Any], shares: list[Any], owners: list[int | None]) -> None:
        self.people = [new_person(db, role) for role in (Role.viewer, Role.member, Role.author)]
        self.members, self.owners = members, owners
        self.shares: dict[tuple[int, tuple[str, int]], Level] = {}
        self.teams = [new_team(db) for _ in range(TEAMS)]
        for team, person in members:
            added = MemberAdd.model_validate({"person_id": self.people[person].id})
            sharing.add_member(db, new_admin(), self.teams[team], added)
        self.things = [self._thing(db, owner) for owner in owners]
        for thing, audience, level in shares:
            self.shares[thing, audience] = level
            sharing.share_new(
                db, new_admin(), Kind.board, self.things[thing], share_with=[self._share(audience, level)]
            )

    def _thing(self, db: Session, owner: int | None) -> UUID:
        row = BoardRow(name="B", revision=1, created_at=clock.now())
        row.owner_id = None if owner is None else self.people[owner].id
        db.add(row)
        db.flush()
        return row.id

    def _share(self, audience: tuple[str, int], level: Level) -> ShareCreate:
        kind, number = audience
        whom = {"team": {"team_id": self.teams[number % TEAMS]}, "person": {"person_id": self.people[number].id}}
        return ShareCreate.model_validate({**whom.get(kind, {"everybody": True}), "level": level})

    def level(self, person: int, thing: int) -> Level | None:
        if self.owners[thing] == person:
            return Level.edit
        mine = {("everybody", 0), ("person", person), *(("team", team) for team, one in self.members if one == person)}
        levels = {level for (where, whom), level in self.shares.items() if where == thing and whom in mine}
        return Level.edit if Level.edit in levels else next(iter(levels), None)


def new_admin() -> Actor:
    return Actor(id=None, name="AutoReport", role=Role.admin)


@given(MEMBERSHIPS, SHARES, OWNERS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_lists_rows_and_levels_agree_with_the_rules_in_plain_words(
    db: Session, members: set[Any], shares: list[Any], owners: list[int | None]
) -> None:
    with db.begin_nested() as world:
        town = Town(db, members, shares, owners)
        columns = (BoardRow.id, BoardRow.owner_id)
        for person, actor in enumerate(town.people):
            query = sa.select(BoardRow.id, sharing.level_column(actor, Kind.board, *columns))
            listed = dict(
                db.execute(query.where(sharing.visible(actor, Kind.board, *columns), BoardRow.id.in_(town.things)))
                .tuples()
                .all()
            )
            for number, thing in enumerate(town.things):
                level = town.level(person, number)
                row = db.get_one(BoardRow, thing)
                assert sharing.level_for(db, actor, Kind.board, thing, row.owner_id) == level
                assert listed.get(thing) == level
                whom = sharing.audience(db, Kind.board, row)
                assert (actor.id in whom) == (level is not None)
        world.rollback()


def test_the_system_and_administrators_see_all(db: Session) -> None:
    board = BoardRow(name="B", revision=1, created_at=clock.now())
    db.add(board)
    db.flush()
    for actor in (new_admin(), new_person(db, Role.admin)):
        assert sharing.level_for(db, actor, Kind.board, board.id, board.owner_id) is Level.edit
        where = sharing.visible(actor, Kind.board, BoardRow.id, BoardRow.owner_id)
        assert db.scalar(sa.select(BoardRow.id).where(BoardRow.id == board.id, where)) == board.id
    nobody = new_person(db, Role.author)
    assert sharing.level_for(db, nobody, Kind.board, board.id, board.owner_id) is None
    assert sharing.level_for(db, nobody, Kind.board, uuid4(), None) is None
