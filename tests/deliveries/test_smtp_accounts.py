"""Mail accounts: for admins, unreadable at rest, and a test that names what is wrong."""

import logging
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy.orm import Session

from app.core.actor import SYSTEM, Actor, Role
from app.core.errors import Forbidden
from app.deliveries import smtp_accounts as accounts
from app.deliveries.schemas import AccountCheck, SmtpAccount, SmtpAccountChange, SmtpAccountCreate
from app.deliveries.tables import SmtpAccountRow
from tests.smtp_server import PASSWORD, USERNAME, Authority, free_port, good_server


def create(db: Session, **changes: Any) -> SmtpAccount:
    given: dict[str, Any] = {
        "name": "Relay",
        "host": "localhost",
        "username": USERNAME,
        "password": SecretStr(PASSWORD),
        "from_address": "reports@example.com",
    }
    return accounts.create_smtp_account(db, SYSTEM, SmtpAccountCreate(**{**given, **changes}))


def test_the_password_cannot_be_read_from_a_dump_of_the_table_nor_from_the_trail(db: Session) -> None:
    made = create(db)
    accounts.change_smtp_account(db, SYSTEM, made.id, SmtpAccountChange(password=SecretStr("another pässword")))
    dump = str(db.execute(sa.text("select * from smtp_accounts")).mappings().all())
    dump += str(db.execute(sa.text("select * from audit")).mappings().all()) + repr(made) + made.model_dump_json()
    assert PASSWORD not in dump
    assert "another" not in dump
    access = accounts.smtp_access(db.get_one(SmtpAccountRow, made.id))
    assert access.password == "another pässword"


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_a_right_account_is_confirmed_by_a_real_login(db: Session, authority: Authority, implicit: bool) -> None:
    security = "tls" if implicit else "starttls"
    with good_server(authority, implicit_tls=implicit) as (mailbox, port):
        made = create(db, port=port, security=security, ca_pem=authority.pem)
        assert accounts.check_smtp_account(db, SYSTEM, made.id).ok
    assert (mailbox.logins, mailbox.contents) == (1, [])


def check(db: Session, **changes: Any) -> AccountCheck:
    return accounts.check_smtp_account(db, SYSTEM, create(db, **changes).id)


def test_what_is_wrong_is_named(db: Session, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good = {"ca_pem": authority.pem}
    with good_server(authority) as (_, port):
        found = [
            check(db, name="a", host="no-such-host.invalid"),
            check(db, name="b", port=free_port(), **good),
            check(db, name="c", port=port),
            check(db, name="d", port=port, **good, security="tls"),
            check(db, name="e", port=port, **good, password=SecretStr("wrong-password")),
        ]
    assert [one.stage for one in found] == ["name", "connect", "certificate", "tls", "login"]
    assert not any(one.ok for one in found)
    assert found[2].message.startswith("The certificate was refused: The certificate of localhost was refused: unable")
    assert found[4].message.startswith("The server refused user name or password (535)")
    assert "wrong-password" not in caplog.text + str(found)


def test_the_password_is_not_handed_to_another_server_unasked(db: Session) -> None:
    made = create(db)
    with pytest.raises(accounts.PasswordNeeded):
        accounts.change_smtp_account(db, SYSTEM, made.id, SmtpAccountChange(host="evil.example"))
    change = SmtpAccountChange(host="new.example", password=SecretStr("new"))
    assert accounts.change_smtp_account(db, SYSTEM, made.id, change).host == "new.example"


def test_a_name_is_taken_once(db: Session) -> None:
    create(db)
    with pytest.raises(accounts.AccountNameTaken):
        create(db)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "http://mail.example.com"},
        {"host": "mail.example.com:25"},
        {"port": 0},
        {"security": "none"},
        {"from_address": "not an address"},
        {"from_address": "a@b.example\r\nBcc: x@y.example"},
        {"from_name": "Reports\r\nBcc: x@y.example"},
        {"name": ""},
        {"ca_pem": "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"},
    ],
)
def test_what_cannot_work_is_refused(db: Session, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        create(db, **changes)


@pytest.mark.parametrize("role", [Role.viewer, Role.member, Role.author])
def test_only_admins_manage_accounts_and_authors_choose_from_them(db: Session, role: Role) -> None:
    made, actor = create(db), Actor(id=uuid4(), name="x", role=role)
    for act in (accounts.check_smtp_account, accounts.delete_smtp_account):
        with pytest.raises(Forbidden):
            act(db, actor, made.id)
    if role is Role.author:
        assert accounts.smtp_accounts(db, actor) == [made]
    else:
        with pytest.raises(Forbidden):
            accounts.smtp_accounts(db, actor)


@pytest.mark.parametrize(
    "pem", ["no certificate", "\u202enothing", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_refused(db: Session, pem: str) -> None:
    with pytest.raises(ValidationError, match="not a certificate"):
        create(db, ca_pem=pem)
