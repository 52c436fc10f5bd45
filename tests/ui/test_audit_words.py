"""How the trail names what an entry is about."""

import pytest

from app.audit.schemas import Action, AuditEntry
from app.core import clock
from app.ui.audit_words import subject_words

ANN = "0b0e8f3c-7e0a-4f0f-9d3e-111111111111"


@pytest.mark.parametrize(
    ("subject", "details", "shown"),
    [
        (ANN, {"email": "ann@example.com"}, "Ann"),
        (ANN.replace("1", "2"), {}, "smtp account"),
        ("77", {"name": "Sales"}, "Sales"),
        ("77", {"title": "Report: Week"}, "Report: Week"),
        ("77", {"name": None}, "77"),
        ("unknown e-mail", {}, "unknown e-mail"),
    ],
)
def test_an_entry_is_about_what_people_called_it(subject: str, details: dict[str, object], shown: str) -> None:
    entry = AuditEntry(
        id=1, at=clock.now(), person_id=None, person="Ann", ip=None, action=Action.smtp_account_tested,
        subject=subject, details=details,
    )  # fmt: skip
    assert subject_words(entry, {ANN: "Ann"}) == shown
