"""What the product exists for, while its processes are killed: nothing is lost and nothing happens twice."""

import contextlib
import io
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pypdf
import pytest

from app.core import db
from app.core.keys import new_fernet_key
from tests.generators import TRANSACTION_COLUMNS, transactions_csv
from tests.runtime.customer import ADMIN, get, post, signed_in, wait_until
from tests.runtime.product import Product
from tests.smtp_server import PASSWORD, USERNAME, Authority, good_server

pytestmark = pytest.mark.crash
ROWS = 700_000
FINAL = {"completed", "partial", "failed", "cancelled"}
SCHEMA = {"name": "transactions", "schema": {"columns": TRANSACTION_COLUMNS}}


@contextlib.contextmanager
def running(data_dir: Path, **settings: str) -> Iterator[Product]:
    product = Product(data_dir, **ADMIN, **settings)
    try:
        product.wait_until_ready()
        yield product
    finally:
        product.close()


def kill_worker(product: Product) -> None:
    [worker] = product.workers()
    worker.kill()


def ingest(client: httpx.Client, content: bytes, **query: Any) -> dict[str, Any]:
    files = {"file": ("transactions.csv", content)}
    answer = client.post("/ingest", params={"dataset": "transactions", **query}, files=files)
    assert answer.status_code < 300, answer.text
    return answer.json()["batches"][0]


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    def final() -> dict[str, Any] | None:
        job = get(client, f"/jobs/{job_id}")
        return job if job["status"] in FINAL else None

    return wait_until(final)


def template(client: httpx.Client, name: str = "Money") -> dict[str, Any]:
    total = {"dataset": "transactions", "measures": [{"function": "count", "as": "rows"}]}
    by_channel = {**total, "group_by": [{"column": "channel"}]}
    blocks = [
        {"id": "title", "kind": "heading", "text": "Transactions", "level": 1},
        {"id": "rows", "kind": "kpi", "title": "Rows that passed", "query": total},
        {"id": "channels", "kind": "table", "title": "By channel", "query": by_channel},
        {
            "id": "picture",
            "kind": "chart",
            "query": by_channel,
            "chart": {"kind": "bar", "x": "channel", "y": "rows", "alt": "Rows by channel"},
        },
    ]
    return post(client, "/templates", {"name": name, "blocks": blocks})


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_a_worker_killed_while_loading_and_while_reporting_loses_and_doubles_nothing(tmp_path):
    with running(tmp_path) as product, signed_in(product) as client:
        post(client, "/datasets", SCHEMA)
        content = transactions_csv(ROWS)
        batch = ingest(client, content)
        path = f"/batches/{batch['batch_id']}"
        wait_until(lambda: 0 < get(client, path)["rows_in"] < ROWS)
        kill_worker(product)
        job = finished(client, batch["job_id"])
        loaded = get(client, path)
        assert (job["status"], job["attempt"]) == ("completed", 2)
        assert loaded["status"] == "published"
        assert loaded["rows_in"] == loaded["rows_valid"] + loaded["rows_rejected"] == ROWS
        assert ingest(client, content, wait="true")["status"] == "duplicate"

        wanted = post(client, "/reports", {"template": template(client)["id"]}, status=202)
        wait_until(lambda: get(client, f"/jobs/{wanted['job_id']}")["status"] != "pending")
        kill_worker(product)
        job = finished(client, wanted["job_id"])
        [report] = get(client, "/reports")["items"]
        text = pdf_text(client.get(f"/reports/{report['id']}.pdf").content)
        assert (job["status"], report["status"]) == ("completed", "completed")
        assert f"{loaded['rows_valid']:,}" in text.replace("\u202f", ",").replace("\u00a0", ",")


@contextlib.contextmanager
def two_instances(tmp_path: Path, database: str) -> Iterator[tuple[Product, Product]]:
    """Two complete starts, each with a timer and a worker of its own, on one database and one storage."""
    shared = {
        "DB_URL": database,
        "STORAGE_URL": (tmp_path / "storage").as_uri(),
        "SECRET_KEY": "a-key-for-the-runtime-tests",
        "SMTP_ENV_KEY": new_fernet_key(),
    }
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with running(tmp_path / "one", **shared) as one, running(tmp_path / "two", **shared) as two:
        yield one, two


def mail_account(client: httpx.Client, port: int, authority: Authority) -> str:
    account = {
        "name": "Team mail",
        "host": "localhost",
        "port": port,
        "username": USERNAME,
        "password": PASSWORD,
        "from_address": "reports@example.com",
        "ca_pem": authority.pem,
    }
    return str(post(client, "/smtp-accounts", account)["id"])


def weekly(client: httpx.Client, template_id: str, account_id: str) -> str:
    payload = {"template_id": template_id, "recipients": ["boss@example.com"], "smtp_account_id": account_id}
    new = {"name": "Weekly", "cron": "0 9 * * 1", "zone": "Europe/Berlin", "payload": payload}
    return str(post(client, "/schedules", new)["id"])


def make_due(database: str, schedule_id: str) -> None:
    """As if nothing had run since last Monday morning: the schedule is due now, once."""
    monday = "date_trunc('week', now() at time zone 'Europe/Berlin') + interval '9 hours'"
    last = f"({monday} - case when {monday} > now() at time zone 'Europe/Berlin' then interval '7 days' else '0' end)"
    with psycopg.connect(db.psycopg_dsn(database)) as connection:
        connection.execute(
            f"update schedules set next_run_at = {last} at time zone 'Europe/Berlin' where id = %s", [schedule_id]
        )


def test_two_full_instances_make_one_report_and_send_one_mail_for_one_fire(tmp_path, database):
    authority = Authority()
    with good_server(authority) as (mailbox, port), two_instances(tmp_path, database) as (one, two):
        with signed_in(one) as client, signed_in(two) as neighbour:
            post(client, "/datasets", SCHEMA)
            ingest(client, transactions_csv(2_000), wait="true")
            schedule = weekly(client, template(client)["id"], mail_account(client, port, authority))
            make_due(database, schedule)
            wait_until(lambda: [row for row in get(client, "/deliveries")["items"] if row["state"] == "sent"])
            fires = get(neighbour, f"/schedules/{schedule}/fires")["items"]
            [row] = get(neighbour, "/deliveries")["items"]
            assert len(fires) == 1
            assert len(get(neighbour, "/reports")["items"]) == 1
            assert len(get(neighbour, "/jobs", job="deliveries.deliver")["items"]) == 1
        [content] = mailbox.contents
        message = message_from_bytes(content, policy=policy.default)
        [attachment] = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
        assert message["Message-ID"].strip("<>") == row["message_id"].strip("<>")
        assert "Rows that passed" in pdf_text(attachment.get_content())
