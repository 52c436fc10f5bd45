"""The page of documents: found, opened on the page where it stands, renamed, deleted."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from app.core.actor import Role
from app.documents.schemas import Document
from tests.access_objects import new_person
from tests.documents.made import pdf, send
from tests.ui.opening import Open, errors, open_page

__all__ = ["open_page"]


@pytest.fixture
def plan(database: str) -> Document:
    return send("plan.pdf", pdf("Nothing of note", "The crane is replaced"))


def button(at: AppTest, label: str) -> Button:
    return next(one for one in at.button if one.label == label)


def test_a_word_that_is_looked_for_leads_to_its_page(open_page: Open, plan: Document) -> None:
    at = open_page(new_person(Role.viewer), "documents")
    at.text_input(key="documents_q").set_value("crane").run()
    assert "Page 2" in [caption.value for caption in at.caption]
    button(at, "plan").click().run()
    assert at.number_input[0].value == 2
    assert [text.value for text in at.code] == ["The crane is replaced"]
    at.text_input[0].set_value("nothing").run()
    button(at, "plan").click().run()
    assert (at.number_input[0].value, at.text_input[0].value, errors(at)) == (1, "", [])


def test_what_was_refused_is_said_until_other_files_are_chosen(open_page: Open, database: str) -> None:
    at = open_page(new_person(Role.member), "documents")
    files = [("bad.pdf", b"%PDF-1.7 nothing", "application/pdf"), ("good.pdf", pdf("Quay"), "application/pdf")]
    at.file_uploader[0].set_value(files).run()
    button(at, "Add").click().run()
    assert [one.value for one in at.toast] == ["good is added."]
    assert "bad.pdf is damaged" in errors(at.run())[0].replace("\\", "")
    assert (button(at, "Add").disabled, [one.label for one in at.button if one.label == "good"]) == (True, ["good"])
    at.file_uploader[0].set_value(files[:1]).run()
    assert errors(at) == []


def test_a_document_keeps_its_name_when_none_is_given(open_page: Open, plan: Document) -> None:
    at = open_page(new_person(Role.member), "documents", document=str(plan.id))
    button(at, "Rename").click().run()
    next(field for field in at.text_input if field.label == "Name").set_value("  ")
    for one in [one for one in at.button if one.label == "Rename"]:
        one.click()
    assert errors(at.run()) == ["A document needs a name."]


def test_only_those_who_may_are_offered_to_rename_and_to_delete(open_page: Open, plan: Document) -> None:
    offered = {}
    for role in Role:
        at = open_page(new_person(role), "documents", document=str(plan.id))
        offered[role.value] = [one.label for one in at.button if one.label in ("Rename", "Delete")]
    assert offered == {"viewer": [], "member": ["Rename"], "author": ["Rename"], "admin": ["Rename", "Delete"]}
