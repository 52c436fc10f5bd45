"""Secrets go through the real doors, right and wrong; afterwards they are in no log, answer, file or table."""

import json
import re
import secrets
import signal
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pyotp
import pytest
from psycopg import sql
from websockets.sync.client import connect

from app.core.postgres import EmbeddedPostgres
from tests.runtime.product import Product
from tests.runtime.test_lost_key import autoreport
from tests.smtp_server import PASSWORD, USERNAME, Authority, good_server

EMAIL = "ann@example.com"
COOKIE = "autoreport_session"
SOURCES = "select schemaname, tablename from pg_tables where schemaname in ('public', 'data')"


def canary(name: str) -> str:
    return f"canary-{name}-{secrets.token_hex(8)}"


@dataclass
class Visit:
    """Keeps every secret that it used, and all that was answered."""

    product: Product
    client: httpx2.Client
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, *, tells: bool = False, **given: Any) -> httpx2.Response:
        """`tells`: this one answer is meant to hold the secret."""
        answer = self.client.request(method, self.product.url + path, **given)
        assert answer.status_code < 500, answer.text
        if not tells:
            self.answers.append(answer.text)
        return answer

    def form(self, path: str, **values: str) -> httpx2.Response:
        found = re.search(r'name="csrf" value="([^"]+)"', self.call("GET", path).text)
        assert found, path
        return self.call("POST", path, data={**values, "csrf": found[1]}, headers={"Origin": self.product.url})

    def api(self, method: str, path: str, body: Any = None, *, tells: bool = False) -> Any:
        headers = {"Origin": self.product.url, "Idempotency-Key": secrets.token_hex(8)}
        return self.call(method, f"/api/v1{path}", json=body, headers=headers, tells=tells).json()

    def use(self, name: str, value: str) -> str:
        self.secrets[name] = value
        return value


def sign_in(visit: Visit) -> None:
    visit.form("/auth/login", email=EMAIL, password=visit.use("wrong password", canary("wrong")))
    visit.form("/auth/login", email=EMAIL, password=visit.secrets["password"])
    token = visit.use("session", visit.client.cookies[COOKIE])
    headers = {"Cookie": f"{COOKIE}={token}"}
    with connect(visit.product.url.replace("http", "ws") + "/_stcore/stream", additional_headers=headers):
        pass


def use_keys(visit: Visit) -> None:
    key = visit.use("key", visit.api("POST", "/keys", {"name": "one", "scopes": ["read"]}, tells=True)["key"])
    for each in (key, visit.use("wrong key", f"ar_{secrets.token_urlsafe(32)}")):
        visit.call("GET", "/api/v1/me", headers={"Authorization": f"Bearer {each}"})


def use_mail_accounts(visit: Visit, port: int, authority: Authority) -> None:
    visit.use("smtp password", PASSWORD)
    facts = {"host": "localhost", "username": USERNAME, "from_address": "a@example.com", "ca_pem": authority.pem}
    wrong = visit.use("wrong smtp password", canary("smtp"))
    for name, password in (("Good", PASSWORD), ("Bad", wrong)):
        made = visit.api("POST", "/smtp-accounts", {"name": name, "port": port, "password": password, **facts})
        tested = visit.api("POST", f"/smtp-accounts/{made['id']}/test")
        assert tested["ok"] is (name == "Good")
    visit.api("POST", "/smtp-accounts", {"name": 3, "password": {"is": visit.use("odd", canary("odd"))}})


def use_second_proof(visit: Visit) -> None:
    started = visit.api("POST", "/me/two-factor", {"current_password": visit.secrets["password"]}, tells=True)
    visit.use("totp", started["secret"])
    visit.api("POST", "/me/two-factor/confirm", {"code": "000000"})
    code = pyotp.TOTP(started["secret"]).now()
    visit.use("recovery code", visit.api("POST", "/me/two-factor/confirm", {"code": code}, tells=True)["codes"][0])


CLOSED = "127.0.0.1:9"
SECRET_SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "https": ("headers", {"url": f"https://{CLOSED}/rows.csv"}),
    "s3": ("secret_key", {"endpoint": f"https://{CLOSED}", "bucket": "rows", "access_key": "AKIA"}),
    "sql": ("password", {"url": f"postgresql+psycopg://ann@{CLOSED}/x", "query": "select 1 as a", "tls": "off"}),
    "imap": ("password", {"host": "127.0.0.1", "port": 9, "username": "ann"}),
}


def use_sources(visit: Visit) -> None:
    """Each is tested and pulled where nobody answers, and made once with a secret of the wrong shape."""
    visit.api("POST", "/datasets", {"name": "rows", "schema": {"columns": [{"name": "a"}]}})
    for kind, (field_name, settings) in SECRET_SETTINGS.items():
        secret = visit.use(kind, canary(kind))
        value = {"Authorization": secret} if field_name == "headers" else secret
        new = {"name": kind, "kind": kind, "dataset": "rows", "settings": {**settings, field_name: value}}
        made = visit.api("POST", "/sources", new)
        assert not visit.api("POST", f"/sources/{made['id']}/test")["ok"]
        run = visit.api("POST", f"/sources/{made['id']}/pull")["job_id"]
        wait_until_over(visit, run)
        odd = visit.use(f"odd {kind}", canary("odd"))
        visit.api("POST", "/sources", {**new, "name": "odd", "settings": {**settings, field_name: {"is": {"it": odd}}}})


def wait_until_over(visit: Visit, run: str) -> None:
    end = time.monotonic() + 300
    while visit.api("GET", f"/jobs/{run}")["status"] in ("pending", "processing"):
        assert time.monotonic() < end
        time.sleep(0.2)


def reset_password(visit: Visit, mailbox: Any) -> None:
    visit.client.cookies.clear()
    visit.call("GET", "/auth/reset/" + visit.use("wrong link", canary("link") + "x" * 10))
    visit.form("/auth/reset", email=EMAIL)
    end = time.monotonic() + 300
    while not (mails := [one for one in mailbox.contents if b"reset" in one]):
        assert time.monotonic() < end
        time.sleep(0.2)
    body = message_from_bytes(mails[-1], policy=policy.default).get_body(("plain",))
    assert body
    found = re.search(r"/auth/reset/([\w-]+)", body.get_content())
    assert found
    visit.use("link", found[1])
    following = visit.call("GET", f"/auth/reset/{found[1]}").headers["location"]
    visit.form(following, password=visit.use("new password", canary("new password")))


def dumped(data_dir: Path) -> str:
    """Every table as text, and every file that the product has written beside its database and its keys."""
    parts = []
    with psycopg.connect(EmbeddedPostgres(data_dir / "postgres").url) as connection:
        for schema, table in connection.execute(SOURCES).fetchall():
            copy = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
            with connection.cursor() as cursor, cursor.copy(copy) as rows:
                parts += [bytes(row).decode() for row in rows]
    files = [file for file in (data_dir / "storage").rglob("*") if file.is_file()]
    return "\n".join(parts + [file.read_bytes().decode(errors="replace") for file in files])


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_left_anywhere(tmp_path: Path, log_format: str) -> None:
    password, authority = canary("password"), Authority()
    autoreport(tmp_path, "user", "create", EMAIL, "--role", "admin", "--password-stdin", stdin=password)
    product = Product(tmp_path, LOG_LEVEL="DEBUG", LOG_FORMAT=log_format, OUTGOING_ALLOW="127.0.0.1")
    try:
        product.wait_until_ready()
        with httpx2.Client(timeout=120) as client, good_server(authority) as (mailbox, port):
            visit = Visit(product, client, {"password": password})
            sign_in(visit)
            use_keys(visit)
            use_mail_accounts(visit, port, authority)
            use_sources(visit)
            use_second_proof(visit)
            reset_password(visit, mailbox)
        kept = dumped(tmp_path)
        product.stop(signal.SIGTERM)
    finally:
        product.close()
    log = "".join(product._errors)
    assert "/me/two-factor/confirm" in log, "the log is as detailed as it gets"
    assert EMAIL in kept
    places = {"log": log, "tables and files": kept, "answers": "\n".join(visit.answers)}
    assert len(visit.secrets) == 13 + 2 * len(SECRET_SETTINGS)
    found = [
        (name, place)
        for name, value in visit.secrets.items()
        for place, text in places.items()
        if value in text or json.dumps(value)[1:-1] in text
    ]
    assert found == []
