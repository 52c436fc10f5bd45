"""Every page as every role: it opens or is not there, and shows nothing of what is somebody else's.

Generated from the menu and the folder of pages: a page file without an entry fails, and so does one that is opened
with the id of a foreign thing and says a word of it.
"""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.core.actor import Role
from tests.access_objects import Objects, new_person
from tests.ui.opening import Open, errors, open_page
from tests.ui.test_page_access import words_on

__all__ = ["open_page"]

ROOT = Path(__file__).resolve().parents[2]
# Read, not imported: it is a script, and would run.
ENTRY = re.compile(r'^ +\("(\w+)", "[^"]+", "\w+", Role\.(\w+)\),$', re.MULTILINE)
PAGES = {name: Role(role) for name, role in ENTRY.findall((ROOT / "app" / "ui" / "app.py").read_text(encoding="utf-8"))}
FILES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
# What a page takes from its address, and which of the foreign things it is.
ADDRESSES: dict[str, dict[str, str]] = {
    "board": {"board": "board_id", "card": "card_id"},
    "analytics": {"board": "board_id"},
    "datasets": {"dataset": "name", "batch": "batch_id"},
    "queries": {"query": "query_id"},
    "documents": {"document": "document_id"},
    "templates": {"template": "template_id"},
    "reports": {"report": "report_id"},
    "schedules": {"schedule": "schedule_id"},
    "deliveries": {"delivery": "delivery_id"},
    "jobs": {"job": "job_id"},
}


def test_every_page_file_is_in_the_menu_with_a_role() -> None:
    assert sorted(PAGES) == FILES


def test_every_page_that_reads_its_address_is_tried_with_a_foreign_one() -> None:
    """`settings` and `admin` keep the name of a tab there, `monitoring` and `home` read nothing."""
    reads = re.compile(r"id_in_address\(|query_params\.get\(")
    reading = {name for name in FILES if any(reads.search(part.read_text()) for part in parts_of(name))}
    assert reading == set(ADDRESSES)


def parts_of(page: str) -> list[Path]:
    """The page, and the part that chooses what it shows, where that is a file of its own."""
    return [ROOT / "pages" / f"{page}.py", *ROOT.glob(f"app/ui/{page}_toolbar.py")]


@pytest.fixture
def foreign(database: str) -> Objects:
    """Of somebody else, and shared with nobody. Each of them is made."""
    things = Objects(new_person(Role.admin), new_person(Role.author), [])
    for names in ADDRESSES.values():
        for name in names.values():
            assert things[name]
    return things


@pytest.mark.parametrize("role", list(Role))
def test_a_page_opens_for_those_it_is_for_and_shows_nothing_foreign(
    open_page: Open, foreign: Objects, role: Role
) -> None:
    who = new_person(role)
    for name, least in PAGES.items():
        if not role.includes(least):
            with pytest.raises(ValueError, match=name):
                open_page(who, name)
            continue
        at = open_page(who, name)
        assert errors(at) == [], name
        assert role is Role.admin or not tells(at, foreign), name


@pytest.mark.parametrize("role", [Role.viewer, Role.member, Role.author])
def test_an_address_with_a_foreign_id_gives_nothing_away(open_page: Open, foreign: Objects, role: Role) -> None:
    who = new_person(role)
    for name, address in ADDRESSES.items():
        at = open_page(who, name, **{key: foreign[thing] for key, thing in address.items()})
        assert not at.exception, name
        assert not tells(at, foreign), name


def tells(at: AppTest, foreign: Objects) -> bool:
    said = words_on(at) + repr(at.main) + repr(at.sidebar)
    return foreign.marker in said


def test_an_administrator_reads_what_the_others_must_not(open_page: Open, foreign: Objects) -> None:
    """Or the tests above would look for words that no page ever says."""
    admin = new_person(Role.admin)
    for name, address in ADDRESSES.items():
        at = open_page(admin, name, **{key: foreign[thing] for key, thing in address.items()})
        assert tells(at, foreign), name
