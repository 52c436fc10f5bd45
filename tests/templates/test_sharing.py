"""Who sees a template, who changes it, and who may use the data that it asks for."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import Forbidden
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate
from app.templates import service as templates
from app.templates.schemas import Template, TemplateChange, TemplateCreate
from app.templates.service import SourcesNotShared, TemplateNotFound
from tests.sharing.conftest import new_person, new_team

HEADING = {"kind": "heading", "id": "top", "text": "Hello"}
SCHEMA = {"columns": [{"name": "amount", "type": "integer"}]}


def create(db: Session, owner: Actor, *blocks: dict[str, Any], **shared: Any) -> Template:
    wanted = {"name": f"Weekly {uuid4().hex}", "blocks": blocks or [HEADING], "share_with": [], **shared}
    return templates.create_template(db, owner, TemplateCreate.model_validate(wanted))


def share(db: Session, owner: Actor, template: Template, to: Actor, level: Level) -> None:
    sharing.grant(db, owner, Kind.template, template.id, ShareCreate(person_id=to.id, level=level))


def new_dataset(db: Session, owner: Actor) -> str:
    new = DatasetCreate.model_validate({"name": f"pay-{uuid4().hex[:8]}", "schema": SCHEMA, "share_with": []})
    return datasets.create_dataset(db, owner, new).name


def new_board(db: Session, owner: Actor) -> str:
    return str(tasks.create_board(db, owner, BoardCreate(name="Plans", share_with=[])).id)


def total(dataset: str, label: str = "Total") -> dict[str, Any]:
    query = {"dataset": dataset, "measures": [{"function": "sum", "column": "amount", "as": label}]}
    return {"kind": "kpi", "id": "total", "title": label, "query": query}


def change(db: Session, actor: Actor, template: Template, **fields: Any) -> Template:
    wanted = TemplateChange.model_validate({"version": template.version, **fields})
    return templates.change_template(db, actor, template.id, wanted)


def test_a_template_that_is_not_shared_does_not_exist_for_others(db: Session) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    made = create(db, ann)
    assert made.id not in {each.id for each in templates.templates(db, ben, limit=200).items}
    for ask in (
        lambda: templates.template(db, ben, made.id),
        lambda: templates.template_by_name(db, ben, made.name),
        lambda: templates.template_by_name(db, ben, str(made.id)),
        lambda: templates.versions(db, ben, made.id),
        lambda: templates.check_template(db, ben, made.id),
        lambda: templates.duplicate_template(db, ben, made.id, "Mine"),
        lambda: templates.restore_version(db, ben, made.id, 1),
        lambda: templates.delete_template(db, ben, made.id),
        lambda: change(db, ben, made, description="Hm"),
    ):
        with pytest.raises(TemplateNotFound):
            ask()


@pytest.mark.parametrize("level", Level)
def test_a_share_grants_exactly_its_level(db: Session, level: Level) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    made = create(db, ann)
    share(db, ann, made, ben, level)
    assert templates.template(db, ben, made.id).level is level
    [listed] = [each for each in templates.templates(db, ben, limit=200).items if each.id == made.id]
    assert listed.level is level
    if level is Level.edit:
        assert change(db, ben, made, description="Better").description == "Better"
    else:
        with pytest.raises(Forbidden, match="look at only"):
            change(db, ben, made, description="Better")
    with pytest.raises(Forbidden):
        templates.delete_template(db, ben, made.id)


def test_a_viewer_with_edit_still_only_reads(db: Session) -> None:
    ann, vera = new_person(db, Role.author), new_person(db, Role.viewer)
    made = create(db, ann)
    share(db, ann, made, vera, Level.edit)
    with pytest.raises(Forbidden, match="role author"):
        change(db, vera, made, description="Hm")


def test_a_new_template_is_for_the_one_team_of_its_owner(db: Session) -> None:
    ann, mate, other = (new_person(db, Role.author) for _ in range(3))
    new_team(db, ann, mate)
    made = create(db, ann, share_with=None)
    assert templates.template(db, mate, made.id).level is Level.edit
    with pytest.raises(TemplateNotFound):
        templates.template(db, other, made.id)


def test_a_deleted_template_leaves_no_share_behind(db: Session) -> None:
    ann = new_person(db, Role.author)
    made = create(db, ann, share_with=None)
    templates.delete_template(db, ann, made.id)
    assert (
        db.connection().exec_driver_sql("select count(*) from shares where thing_id = %s", (made.id,)).scalar_one() == 0
    )


def test_whoever_writes_a_block_must_see_its_data(db: Session) -> None:
    ann, ben = new_person(db, Role.author, "Ann"), new_person(db, Role.author, "Ben")
    dataset, board = new_dataset(db, ann), new_board(db, ann)
    plans = {"kind": "board_summary", "id": "plans", "board_id": board}
    expected = f"Not shared with Ben: the dataset “{dataset}” and the board of the block “plans”."
    with pytest.raises(SourcesNotShared, match=expected):
        create(db, ben, total(dataset), plans)
    assert len(create(db, ann, total(dataset), plans).content.blocks) == 2


def test_a_block_whose_data_is_hidden_may_stay_but_not_change(db: Session) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    figure = total(new_dataset(db, ann))
    made = create(db, ann, HEADING, figure)
    share(db, ann, made, ben, Level.edit)
    made = change(db, ben, made, blocks=[{**HEADING, "text": "Good morning"}, figure])
    with pytest.raises(SourcesNotShared):
        change(db, ben, made, blocks=[{**figure, "title": "All of it"}])


def test_hidden_data_comes_back_neither_by_a_copy_nor_by_an_old_version(db: Session) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    made = create(db, ann, total(new_dataset(db, ann)))
    share(db, ann, made, ben, Level.edit)
    change(db, ben, made, blocks=[])
    with pytest.raises(SourcesNotShared):
        templates.restore_version(db, ben, made.id, 1)
    templates.restore_version(db, ann, made.id, 1)
    with pytest.raises(SourcesNotShared):
        templates.duplicate_template(db, ben, made.id, "Mine")


def test_the_check_says_what_the_reader_cannot_use(db: Session) -> None:
    ann, ben = new_person(db, Role.author), new_person(db, Role.author)
    dataset = new_dataset(db, ann)
    made = create(db, ann, total(dataset))
    share(db, ann, made, ben, Level.view)
    assert [each.message for each in templates.check_template(db, ann, made.id)] == [f'"{dataset}" has no rows yet.']
    [finding] = templates.check_template(db, ben, made.id)
    assert finding.message == f'There is no dataset "{dataset}", or you may not see it.'
