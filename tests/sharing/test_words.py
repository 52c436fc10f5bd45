"""What people read about who may use a thing."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.ui.share_dialog import _offered, in_words
from tests.sharing.conftest import People, new_person, new_team, to_person


def test_everybody_reads_who_owns_it_and_with_whom_it_is_shared(db: Session, people: People, board_id: UUID) -> None:
    alone = sharing.sharing(db, people.owner, Kind.board, board_id)
    assert in_words(alone, people.owner).endswith("Owner: you · not shared, only administrators see it too")
    sharing.grant(db, people.owner, Kind.board, board_id, to_person(people.member))
    sharing.grant(db, people.owner, Kind.board, board_id, ShareCreate(everybody=True, level=Level.edit))
    seen = sharing.sharing(db, people.member, Kind.board, board_id)
    assert in_words(seen, people.member).endswith("Owner: Olga · shared with everybody (can edit), Max (can view)")
    assert not seen.may_share


def test_names_are_shown_as_they_were_typed_and_long_lists_are_cut(db: Session, people: People, board_id: UUID) -> None:
    for name in ("*Bo*", "Cy", "Di", "Ed"):
        sharing.grant(db, people.owner, Kind.board, board_id, to_person(new_person(db, name=name)))
    words = in_words(sharing.sharing(db, people.owner, Kind.board, board_id), people.owner)
    assert r"\*Bo\* (can view), Cy (can view), Di (can view) and 1 more" in words


def test_only_those_are_offered_who_do_not_have_it_yet(db: Session, people: People, board_id: UUID) -> None:
    team = new_team(db)
    new_person(db, name="Max")
    sharing.grant(db, people.owner, Kind.board, board_id, ShareCreate(team_id=team))
    offered = _offered(sharing.sharing(db, people.owner, Kind.board, board_id), sharing.directory(db, people.owner))
    assert list(offered) == ["Everybody", "Ada", "Max", "Max (2)", "Stan", "Vera"]
    assert offered["Max"] != offered["Max (2)"]
