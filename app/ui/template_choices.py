"""The templates that a form offers."""

from app.core.actor import Actor
from app.templates import service as templates
from app.templates.schemas import TemplateSummary
from app.ui.page import reading

MOST = 200


def template_choices(person: Actor, wanted: str | None) -> list[TemplateSummary]:
    """`wanted` is among them. One that is not shared ends the form: another must not take its place unseen."""
    with reading() as db:
        choices = templates.templates(db, person, limit=MOST).items
        if wanted and wanted not in {str(each.id) for each in choices}:
            choices = [templates.template_by_name(db, person, wanted), *choices]
    return choices
