from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import Forbidden
from app.templates import service as templates
from app.templates.schemas import Template, TemplateChange, TemplateCreate
from app.templates.service import NameTaken, TemplateChanged, TemplateNotFound

AUTHOR = Actor(id=None, name="Ada", role=Role.author)
HEADING = {"kind": "heading", "id": "a", "text": "Hello"}


def create(db: Session, name: str = "Weekly", blocks: list[dict[str, Any]] | None = None) -> Template:
    wanted = TemplateCreate.model_validate({"name": name, "blocks": blocks or [HEADING]})
    return templates.create_template(db, AUTHOR, wanted)


def change(version: int, **fields: Any) -> TemplateChange:
    return TemplateChange.model_validate({"version": version, **fields})


def test_every_change_of_content_is_a_version_and_old_ones_stay(db: Session) -> None:
    made = create(db)
    changed = templates.change_template(db, AUTHOR, made.id, change(1, blocks=[{**HEADING, "text": "Bye"}]))
    assert changed.version == 2
    assert templates.template_content(db, AUTHOR, made.id, 1) == made.content
    assert [each.number for each in templates.versions(db, AUTHOR, made.id)] == [2, 1]


def test_a_new_name_is_no_new_version(db: Session) -> None:
    made = create(db)
    assert templates.change_template(db, AUTHOR, made.id, change(1, name="Monthly")).version == 1
    assert templates.template(db, AUTHOR, made.id).name == "Monthly"


def test_a_change_based_on_an_old_version_is_refused(db: Session) -> None:
    made = create(db)
    templates.change_template(db, AUTHOR, made.id, change(1, blocks=[]))
    with pytest.raises(TemplateChanged):
        templates.change_template(db, AUTHOR, made.id, change(1, blocks=[HEADING]))


def test_a_restored_version_comes_on_top(db: Session) -> None:
    made = create(db)
    templates.change_template(db, AUTHOR, made.id, change(1, blocks=[]))
    restored = templates.restore_version(db, AUTHOR, made.id, 1)
    assert (restored.version, restored.content) == (3, made.content)


def test_names_are_unique_and_found(db: Session) -> None:
    made = create(db)
    with pytest.raises(NameTaken, match="Weekly"):
        create(db)
    assert templates.template_by_name(db, AUTHOR, "Weekly").id == made.id
    assert templates.template_by_name(db, AUTHOR, str(made.id)).id == made.id
    with pytest.raises(TemplateNotFound, match="Nothing"):
        templates.template_by_name(db, AUTHOR, "Nothing")


def test_a_copy_goes_its_own_way(db: Session) -> None:
    made = create(db)
    copy = templates.duplicate_template(db, AUTHOR, made.id, "Copy")
    templates.change_template(db, AUTHOR, copy.id, change(1, blocks=[]))
    assert templates.template(db, AUTHOR, made.id).content == made.content


def test_lists_are_by_name_searched_and_paged(db: Session) -> None:
    for name in ("C_1", "A", "B"):
        create(db, name)
    first = templates.templates(db, AUTHOR, limit=2)
    rest = templates.templates(db, AUTHOR, limit=2, cursor=first.next_cursor)
    assert [each.name for each in [*first.items, *rest.items]] == ["A", "B", "C_1"]
    assert [each.name for each in templates.templates(db, AUTHOR, search="_").items] == ["C_1"]


def test_only_authors_write_and_only_owners_or_admins_delete(db: Session) -> None:
    made = create(db)
    member = Actor(id=None, name="Max", role=Role.member)
    with pytest.raises(Forbidden):
        templates.change_template(db, member, made.id, change(1, name="x"))
    stranger = Actor(id=made.id, name="Eve", role=Role.author)
    with pytest.raises(Forbidden, match="Only the owner"):
        templates.delete_template(db, stranger, made.id)
    templates.delete_template(db, AUTHOR, made.id)
    with pytest.raises(TemplateNotFound):
        templates.template(db, member, made.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": [HEADING, HEADING]},
        {"blocks": [{"kind": "script", "id": "a"}]},
        {"blocks": [{**HEADING, "id": "../etc"}]},
        {"parameters": [{"name": "blocks"}]},
        {"theme": {"accent": "red;} body{display:none"}},
    ],
)
def test_contents_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TemplateCreate.model_validate({"name": "x", **wrong})
