"""Every setting, read once from the environment, `NAME_FILE` files and `.env`. Nothing else reads the environment."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.core import addresses, keys
from app.core.errors import StartupProblem

PLACEHOLDERS = {"changeme", "changethis", "secret", "change-me", "placeholder", "your-secret-key"}
MIN_SECRET_LENGTH = 16


class SettingsError(StartupProblem):
    """The environment holds a value that cannot be used."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    db_url: str = Field("", description="PostgreSQL to use; empty starts the embedded one under DATA_DIR")
    alembic_url: str = Field("", description="PostgreSQL URL for migrations only; default DB_URL")
    data_dir: Path = Field(Path("var"), description="Embedded database, keys and local storage")
    storage_url: str = Field("", description="file:///path or s3://bucket/prefix; default DATA_DIR/storage")
    s3_endpoint_url: str = Field("", description="Endpoint of an S3-compatible store other than AWS")
    secret_key: SecretStr = Field(SecretStr(""), description="Signs tokens; generated into DATA_DIR in embedded mode")
    smtp_env_key: SecretStr = Field(
        SecretStr(""), description="Fernet key, or comma-separated keys newest first, for secrets at rest"
    )
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8501, ge=1, le=65535, description="Port to listen on")
    forwarded_allow_ips: str = Field(
        "127.0.0.1,::1", description="Proxies, comma-separated, that are believed who a request comes from"
    )
    public_url: str = Field("", description="Address people use, for links in mails; default http://HOST:PORT")
    debug: bool = Field(False, description="Show tracebacks in the browser; never in production")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe line to log")
    log_format: Literal["text", "json"] = Field("text", description="Human lines or one JSON object a line")
    session_timeout: int = Field(3600, ge=60, description="Seconds without activity after which a session ends")
    session_max_age: int = Field(43200, ge=300, description="Seconds after which a session ends in any case")
    signup: Literal["open", "invite", "closed"] = Field(
        "invite", description="Who may make an account: anybody, people who were invited, or administrators only"
    )
    signup_role: Literal["viewer", "member", "author"] = Field("viewer", description="Role of who signs up when open")
    captcha_provider: Literal["none", "turnstile", "hcaptcha"] = Field(
        "none", description="Who tells people from programs where anybody may sign up"
    )
    captcha_site_key: str = Field("", description="What that provider calls this installation, for all to see")
    captcha_secret: SecretStr = Field(SecretStr(""), description="What this installation proves itself with there")
    admin_email: str = Field("", description="With ADMIN_PASSWORD: first admin, made at start when nobody exists")
    admin_password: SecretStr = Field(SecretStr(""), description="Password of that first admin")
    oidc_issuer: str = Field("", description="OpenID provider to sign in with, such as https://accounts.google.com")
    oidc_client_id: str = Field("", description="What that provider calls this installation")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="What this installation proves itself with there")
    oidc_name: str = Field(
        "single sign-on", max_length=60, description="What the provider is called on the sign-in page"
    )
    password_min_length: int = Field(8, ge=8, le=64, description="Characters that a new password needs at least")
    rate_limit_per_minute: int = Field(600, ge=0, description="API requests a minute per person and per key; 0 = any")
    bcrypt_cost: int = Field(12, ge=10, le=16, description="Work per password check, doubled by each step")
    max_upload_mb: int = Field(200, ge=1, description="Largest file that may be uploaded, in MiB")
    max_unpacked_mb: int = Field(4096, ge=1, description="Largest content of an archive or a workbook, in MiB")
    max_rows: int = Field(100_000_000, ge=1, description="Most rows that one file may have")
    max_columns: int = Field(2000, ge=1, le=10_000, description="Most columns that one file may have")
    workers: int = Field(1, ge=0, le=64, description="Worker processes started by main.py; 0 = none")
    tz_default: str = Field("UTC", description="Time zone of what is called today; offered first for schedules")
    outgoing_allow: str = Field("", description="Hosts or networks, comma-separated, that may be private and called")
    outgoing_only: str = Field("", description="If set, nothing but these hosts or networks is called")
    source_folders: str = Field("", description="Folders, comma-separated, that sources may take files from")
    kafka_bootstrap_servers: str = Field("", description="Brokers of Kafka sources that name none, comma-separated")
    kafka_group_id: str = Field("autoreport", description="Group under which Kafka sources tell how far they came")

    @field_validator("db_url", "alembic_url")
    @classmethod
    def _postgres_only(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise ValueError(f"must start with postgresql://, not {urlsplit(url).scheme or 'nothing'}://")
        return url

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("file", "s3"):
            raise ValueError("must start with file:// or s3://")
        return url

    @field_validator("smtp_env_key")
    @classmethod
    def _fernet_keys_only(cls, texts: SecretStr) -> SecretStr:
        keys.check_fernet_keys(texts.get_secret_value())
        return texts

    @field_validator("outgoing_allow", "outgoing_only")
    @classmethod
    def _hosts_or_networks(cls, entries: str) -> str:
        addresses.check_entries(part.strip() for part in entries.split(",") if part.strip())
        return entries

    @field_validator("source_folders")
    @classmethod
    def _whole_paths(cls, paths: str) -> str:
        for path in (part.strip() for part in paths.split(",") if part.strip()):
            if not Path(path).is_absolute() or Path(path) == Path("/"):
                raise ValueError(f"{path!r} is no whole path such as /srv/incoming")
        return paths

    @field_validator("tz_default")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone} is not a known time zone, such as Europe/Berlin")
        return zone

    @field_validator("oidc_issuer")
    @classmethod
    def _secure_issuer(cls, url: str) -> str:
        if url:
            addresses.check_secure(url)
            if {"?", "#"} & set(url):
                raise ValueError("must be the plain address of the provider, without ? and #")
        return url

    @model_validator(mode="after")
    def _all_of_oidc_or_none(self) -> "Settings":
        given = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret.get_secret_value())
        if any(given) and not all(given):
            raise ValueError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set together, or none of them")
        return self

    @model_validator(mode="after")
    def _all_of_captcha_or_none(self) -> "Settings":
        given = (self.captcha_provider != "none", self.captcha_site_key, self.captcha_secret.get_secret_value())
        if any(given) and not all(given):
            raise ValueError("CAPTCHA_PROVIDER, CAPTCHA_SITE_KEY and CAPTCHA_SECRET are set together, or none of them")
        return self

    @model_validator(mode="after")
    def _refuse_placeholder_secrets(self) -> "Settings":
        secret = self.secret_key.get_secret_value()
        if secret and (secret.lower() in PLACEHOLDERS or len(secret) < MIN_SECRET_LENGTH):
            raise ValueError(f"SECRET_KEY is a placeholder or shorter than {MIN_SECRET_LENGTH} characters")
        if self.db_url and not secret:
            raise ValueError("SECRET_KEY must be set together with DB_URL")
        if self.db_url and not self.smtp_env_key.get_secret_value():
            raise ValueError("SMTP_ENV_KEY must be set together with DB_URL")
        return self

    @property
    def embedded(self) -> bool:
        return not self.db_url

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # load() has already merged environment, files and .env


def load(environ: dict[str, str] | None = None, env_file: Path = Path(".env")) -> Settings:
    """Raises SettingsError with one line that names the variable and the way out."""
    env = {**{k: v for k, v in dotenv_values(env_file).items() if v is not None}, **(environ or os.environ)}
    unknown = sorted(k for k in env if k.startswith("AUTOREPORT_"))
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting of AutoReport; see .env.example for the names")
    given = {name: value for name in Settings.model_fields if (value := _value(env, name.upper()))}
    try:
        config = Settings(**given)
        return Settings(**given, **_generated_keys(config)) if config.embedded else config
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from error


def _generated_keys(config: Settings) -> dict[str, Any]:
    """Who brings no database need bring no keys either: they are made once and kept beside the data."""
    makers = {"secret_key": keys.new_secret, "smtp_env_key": keys.new_fernet_key}
    missing = [name for name in makers if not getattr(config, name).get_secret_value()]
    return {name: keys.read_or_create(config.data_dir / "keys" / name, makers[name]) for name in missing}


def _value(env: dict[str, str], name: str) -> Any:
    path = env.get(f"{name}_FILE")
    if not path:
        return env.get(name)
    if env.get(name):
        raise SettingsError(f"{name} and {name}_FILE are both set; keep one")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE: {path} cannot be read ({error.strerror})") from error


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]).upper()
    message = first["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


@lru_cache(maxsize=1)
def settings() -> Settings:
    return load()
