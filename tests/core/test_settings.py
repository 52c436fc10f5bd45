"""Settings: what is refused says which variable and the way out; what is missing is made."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core import keys
from app.core.settings import Settings, SettingsError, load

DB_URL = "postgresql://autoreport:hidden-password@db/autoreport"
GIVEN = {"DB_URL": DB_URL, "SECRET_KEY": "sixteen-characters", "SMTP_ENV_KEY": keys.new_fernet_key()}


def loaded(tmp_path: Path, **environ: str) -> Settings:
    return load({"DATA_DIR": str(tmp_path), **environ}, env_file=tmp_path / ".env")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"DB_URL": "mysql://x"}, "DB_URL: must start with postgresql://, not mysql://"),
        ({"STORAGE_URL": "ftp://x"}, "STORAGE_URL: must start with file:// or s3://"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY is a placeholder or shorter than 16 characters"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is a placeholder or shorter than 16 characters"),
        ({"DB_URL": DB_URL}, "SECRET_KEY must be set together with DB_URL"),
        ({"DB_URL": DB_URL, "SECRET_KEY": GIVEN["SECRET_KEY"]}, "SMTP_ENV_KEY must be set together with DB_URL"),
        (GIVEN | {"SMTP_ENV_KEY": "abc"}, "SMTP_ENV_KEY: is not a Fernet key; make one with"),
        ({"PORT": "web"}, "PORT: Input should be a valid integer"),
        ({"PORT": "70000"}, "PORT: Input should be less than or equal to 65535"),
        ({"TZ_DEFAULT": "Mars/Base"}, "TZ_DEFAULT: Mars/Base is not a known time zone"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: Input should be 'text' or 'json'"),
        ({"AUTOREPORT_PORT": "1"}, "AUTOREPORT_PORT is not a setting of AutoReport"),
        ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE: /nowhere cannot be read"),
        ({"HOST": "a", "HOST_FILE": "b"}, "HOST and HOST_FILE are both set; keep one"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(tmp_path, environ, message):
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, **environ)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_file_holds_the_value_of_any_setting(tmp_path):
    (tmp_path / "key").write_text(GIVEN["SMTP_ENV_KEY"] + "\n")
    settings = loaded(tmp_path, SMTP_ENV_KEY_FILE=str(tmp_path / "key"))
    assert settings.smtp_env_key.get_secret_value() == GIVEN["SMTP_ENV_KEY"]


def test_the_environment_goes_before_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("PORT=1111\nHOST=::1\n")
    settings = loaded(tmp_path, PORT="2222")
    assert (settings.port, settings.host) == (2222, "::1")


def test_no_secret_is_in_the_printed_settings(tmp_path):
    printed = repr(loaded(tmp_path, **GIVEN))
    assert GIVEN["SECRET_KEY"] not in printed
    assert GIVEN["SMTP_ENV_KEY"] not in printed


def test_without_a_database_keys_are_made_once_for_the_owner_only(tmp_path):
    first, second = loaded(tmp_path), loaded(tmp_path)
    assert len(first.secret_key.get_secret_value()) >= 32
    assert first.secret_key == second.secret_key
    assert first.smtp_env_key == second.smtp_env_key
    for name in ("secret_key", "smtp_env_key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["secret_key", "smtp_env_key"]


def test_a_key_that_is_given_is_not_made(tmp_path):
    assert loaded(tmp_path, **GIVEN).secret_key.get_secret_value() == GIVEN["SECRET_KEY"]
    assert not (tmp_path / "keys").exists()


def test_of_many_first_starts_at_once_all_have_the_same_key(tmp_path):
    def read(_number: int) -> str:
        return keys.read_or_create(tmp_path / "keys" / "secret_key", keys.new_secret)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(read, range(32)))) == 1


def test_an_empty_key_file_is_refused_and_not_replaced(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret_key").write_text("")
    with pytest.raises(keys.KeyFileUnusable, match="is empty; restore it from a backup"):
        loaded(tmp_path)
