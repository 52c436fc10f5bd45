"""A product that is started without the key of its stored secrets says so and works."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.runtime.product import OURS, ROOT, Product

ACCOUNT = {
    "name": "Post",
    "host": "localhost",
    "port": 1,
    "username": "ann",
    "password": "canary-4711",
    "from_address": "a@example.com",
}


def autoreport(data_dir: Path, *arguments: str, stdin: str = "", **changed: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env |= {"DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | changed
    program = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    done = subprocess.run(program, input=stdin, env=env, cwd=data_dir, capture_output=True, text=True, check=False)
    return done.stdout


def ask(product: Product, key: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body else None
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{product.url}/api/v1/smtp-accounts", data, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_a_lost_key_does_not_stop_the_product_and_is_told(tmp_path: Path) -> None:
    autoreport(
        tmp_path, "user", "create", "a@example.com", "--role", "admin", "--password-stdin", stdin="long enough 1"
    )
    key = autoreport(tmp_path, "key", "create", "a@example.com", "--scopes", "read,write,admin").strip()
    other = Fernet.generate_key().decode()
    for settings in ({}, {"SMTP_ENV_KEY": other}):
        product = Product(tmp_path, WORKERS="0", **settings)
        try:
            assert product.wait_until_ready().startswith("AutoReport ready")
            if not settings:
                assert ask(product, key, ACCOUNT)["needs_password"] is False
            [account] = ask(product, key)["items"]
        finally:
            product.close()
        assert account["needs_password"] is bool(settings)
    assert "passwords of mail accounts: 1 cannot be read" in autoreport(tmp_path, "status", SMTP_ENV_KEY=other)
    assert "cannot be read" not in autoreport(tmp_path, "status")
