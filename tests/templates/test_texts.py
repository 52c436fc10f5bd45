"""A text that nests without end is one clear refusal, not a dead process."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import PersonCreate
from app.core.actor import SYSTEM, Role
from app.reports.evaluate import evaluate
from app.reports.schemas import FailedBlock
from app.templates import service as templates
from app.templates.schemas import TemplateCreate
from app.templates.texts import DEEPEST, PARSER, TooIntricate, depth, intricate, markdown_to_html, may_be_intricate
from tests.reports.material import material

DEEP = "*a " * 8_000 + "a* " * 8_000
ENDLESS = "*_" * 12_000 + "a" + "_*" * 12_000
HARMLESS = ["[" * 20_000, "[]" * 20_000, "![" * 20_000, "> " * 20_000, "- " * 20_000, "*a* " * 3_000, "`" * 50_000]


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:4])
def test_many_signs_that_do_not_nest_are_read_as_they_are(text: str) -> None:
    assert depth(PARSER.parse(text)) <= DEEPEST
    assert markdown_to_html(text)


@pytest.mark.parametrize("text", [DEEP, "*" * 24_000 + "a" + "*" * 24_000, ENDLESS], ids=["steps", "run", "endless"])
def test_a_text_without_measure_is_refused_before_any_engine_sees_it(text: str) -> None:
    with pytest.raises(TooIntricate, match="40 levels"):
        markdown_to_html(text)


@settings(max_examples=60, deadline=None)
@given(st.text("*_~a[]()> \n-", max_size=400))
def test_the_cheap_look_misses_no_deep_text(text: str) -> None:
    doubled = text * 3
    assert may_be_intricate(doubled) or not intricate({"one": doubled})


def test_a_template_with_a_deep_text_is_not_saved_and_the_block_is_named(db: Session) -> None:
    new = PersonCreate(email="ada@example.com", name="Ada", password="three unrelated words", role=Role.author)
    ada = accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)
    blocks = [{"kind": "text", "id": "fine", "markdown": "*ok*"}, {"kind": "text", "id": "deep", "markdown": DEEP}]
    with pytest.raises(TooIntricate, match='"deep"'):
        templates.create_template(db, ada, TemplateCreate.model_validate({"name": "Deep", "blocks": blocks}))


def test_a_text_that_becomes_deep_when_it_is_filled_fails_alone() -> None:
    grown = "{% for i in range(500) %}*a {% endfor %}{% for i in range(500) %}a* {% endfor %}"
    blocks = [{"kind": "text", "id": "grown", "markdown": grown}, {"kind": "text", "id": "fine", "markdown": "ok"}]
    bad, good = evaluate(material(blocks)).blocks
    assert isinstance(bad, FailedBlock)
    assert "40 levels" in bad.error
    assert good.kind == "text"
