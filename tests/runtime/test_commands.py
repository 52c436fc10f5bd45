"""`autoreport …`: what it prints, and the exit codes that scripts rely on."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from app import cli
from app.accounts import service as accounts
from app.core import secrets
from app.core.actor import SYSTEM
from app.core.db import engine, transaction
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate

Run = Callable[..., tuple[int, str, str]]
PASSWORD = "correct horse battery staple"


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """One command in this process, on the test's own database: (exit code, stdout, stderr)."""
    monkeypatch.setenv("DB_URL", database)
    settings.cache_clear()

    def one(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        engine().dispose()  # the command opens its own
        monkeypatch.setattr(sys, "argv", ["autoreport", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    yield one
    settings.cache_clear()


def make_admin(run: Run) -> None:
    code, _, _ = run("user", "create", "ann@example.com", "--role", "admin", "--password-stdin", stdin=PASSWORD + "\n")
    assert code == 0


def test_who_lost_the_phone_is_let_in_again(run):
    make_admin(run)
    with transaction() as db:
        ann = accounts.actor_of(db, accounts.people(db, SYSTEM)[0].id)
        secret = accounts.start_two_factor(db, ann).secret
        accounts.confirm_two_factor(db, ann, pyotp.TOTP(secret).now())
    assert run("user", "reset-two-factor", "nobody@example.com")[0] == 1
    assert run("user", "reset-two-factor", "Ann@example.com")[0] == 0
    with transaction() as db:
        assert not accounts.two_factor(db, ann).is_on


def test_a_person_is_made_once(run):
    make_admin(run)
    code, out, err = run("user", "create", "ann@example.com", "--password-stdin", stdin=PASSWORD)
    assert (code, out) == (1, "")
    assert "ann@example.com" in err
    with transaction() as db:
        assert [person.role for person in accounts.people(db, SYSTEM)] == ["admin"]


def test_without_a_mail_account_an_invitation_prints_its_link(run):
    code, out, _ = run("user", "invite", "ben@example.com", "--role", "author")
    assert (code, "/auth/invitation/" in out) == (0, True)
    code, out, err = run("user", "invite", "ben@example.com")
    assert (code, out) == (1, "")
    assert "is invited already" in err


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (["user", "create", "nobody", "--password-stdin"], PASSWORD, 1, "'nobody' is not an e-mail address"),
        (["user", "create", "b@example.com", "--password-stdin"], "short", 1, "assword"),
        (
            ["user", "create", "b@example.com", "--role", "king", "--password-stdin"],
            PASSWORD,
            2,
            "'king' is not one of",
        ),
        (["key", "create", "b@example.com"], "", 1, "nobody with the e-mail address b@example.com"),
        (["sample", "load"], "", 1, "There is no administrator yet"),
        (["ingest", "/nowhere.csv", "--dataset", "x"], "", 2, "does not exist"),
        (["report", "run", "x", "--out", "here", "--set", "week"], "", 2, "week is not NAME=VALUE"),
        (["report", "run", "x", "--out", "here"], "", 1, 'There is no template "x"'),
        (["smtp", "test", "x"], "", 1, 'There is no mail account "x"'),
    ],
)
def test_refusals_are_told_apart_by_exit_code(run, arguments, stdin, code, said):
    ended, out, err = run(*arguments, stdin=stdin)
    assert (ended, out) == (code, "")
    assert said in " ".join(err.replace("│", "").split())


def test_a_key_is_printed_once_and_works(run):
    make_admin(run)
    code, out, _ = run("key", "create", "ann@example.com", "--scopes", "read,admin", "--json")
    made = json.loads(out)
    assert (code, made["scopes"]) == (0, ["admin", "read"])
    with transaction() as db:
        actor = accounts.actor_of_key(db, made["key"])
    assert actor is not None
    assert actor.email == "ann@example.com"


def test_a_wrong_scope_is_refused(run):
    make_admin(run)
    code, _, err = run("key", "create", "ann@example.com", "--scopes", "fly")
    assert code == 1
    assert "Input should be 'read', 'write' or 'admin'" in err


def test_the_sample_gives_a_report_as_html_and_pdf(run, tmp_path):
    make_admin(run)
    code, out, _ = run("sample", "load", "--json")
    assert code == 0
    template = json.loads(out)["template"]
    code, out, _ = run("report", "run", template, "--out", str(tmp_path / "out"), "--json")
    page, pdf = (Path(name) for name in json.loads(out)["files"])
    assert code == 0
    assert template in page.read_text(encoding="utf-8")
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert run("sample", "load")[0] == 1


def test_a_file_is_loaded_and_its_bad_row_counted(run, tmp_path):
    columns = [{"name": "day", "type": "date"}, {"name": "amount", "type": "integer"}]
    new = DatasetCreate.model_validate({"name": "sales", "schema": {"columns": columns}})
    with transaction() as db:
        datasets.create_dataset(db, SYSTEM, new)
    file = tmp_path / "sales.csv"
    file.write_text("day,amount\n2026-11-01,5\n2026-11-02,many\n", encoding="utf-8")
    code, out, _ = run("ingest", str(file), "--dataset", "sales", "--json")
    [batch] = json.loads(out)
    assert (code, batch["status"]) == (0, "published")
    assert (batch["rows_in"], batch["rows_valid"], batch["rows_rejected"]) == (2, 1, 1)
    code, out, _ = run("ingest", str(file), "--dataset", "sales")
    assert (code, "duplicate" in out) == (0, True)


def test_status_tells_each_part(run):
    code, out, _ = run("status", "--json")
    found = json.loads(out)
    assert code == 0
    assert {check["name"] for check in found["readiness"]["checks"]} == {"database", "queue", "storage"}
    assert found["system"]["database"]["size"] > 0


def test_after_a_rotation_the_old_key_can_go(run, monkeypatch):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    use_keys(monkeypatch, old)
    account = SmtpAccountCreate(
        name="Post", host="127.0.0.1", port=1, username="ann", password=SecretStr("pw"), from_address="ann@example.com"
    )
    with transaction() as db:
        deliveries.create_smtp_account(db, SYSTEM, account)
    use_keys(monkeypatch, f"{new},{old}")
    assert json.loads(run("secrets", "rotate", "--json")[1]) == {"rotated": 1, "unreadable": {}}
    assert json.loads(run("secrets", "rotate", "--json")[1]) == {"rotated": 0, "unreadable": {}}
    use_keys(monkeypatch, new)
    assert run("smtp", "test", "Post")[0] == 1  # read with the new key, though nobody answers there


def use_keys(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("SMTP_ENV_KEY", keys)
    settings.cache_clear()
    secrets._fernet.cache_clear()


def test_a_new_key_needs_no_database_and_is_a_key(run):
    code, out, _ = run("secrets", "new-key")
    assert code == 0
    Fernet(out.strip())
