"""A SELECT in another database, whole or only what is new."""

from typing import ClassVar, Literal

import sqlalchemy as sa
from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.settings import settings as configuration
from app.core.smtp_access import check_ca
from app.datasets import service as datasets
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.databases.address import dialect_of, parse_address
from app.sources.schemas import Probe

MARGIN = 0.9  # of the largest file that may be uploaded


class SqlSettings(SourceSettings):
    url: str = Field(
        title="Database",
        max_length=1000,
        description="Such as postgresql://reader@db.example.com:5432/shop, or sqlite:////folder/file.db; no password",
    )
    password: SecretStr = Field(SecretStr(""), title="Password", max_length=1000)
    query: str = Field(title="Query", min_length=1, max_length=20_000, description="One SELECT, in the database's SQL")
    watermark_column: str = Field(
        "",
        title="Column that grows",
        max_length=200,
        description="Of the answer: a number or a time that only rises. Only rows above the last value are fetched"
        " then; empty: all of them each time",
    )
    tls: Literal["checked", "encrypted", "off"] = Field(
        "checked", title="Connection", description="checked: encrypted, and the certificate has the host's name"
    )
    ca_pem: str = Field(
        "", title="Certificate of the authority", max_length=100_000, description="PEM; empty: the system's authorities"
    )
    seconds: int = Field(600, title="Longest wait", ge=1, le=3600, description="Seconds that one question may take")

    @field_validator("url")
    @classmethod
    def _a_database(cls, text: str) -> str:
        parse_address(text)
        return text.strip()

    @field_validator("ca_pem")
    @classmethod
    def _a_certificate(cls, text: str) -> str:
        if text:
            check_ca(text)
        return text

    @model_validator(mode="after")
    def _no_false_promise(self) -> "SqlSettings":
        kind = self.address.get_backend_name()
        if kind not in ("postgresql", "sqlite") and self.tls != "off":
            raise ValueError(f"AutoReport cannot see to the encryption of {kind}; choose off, and a network you trust")
        return self

    @property
    def address(self) -> sa.URL:
        return parse_address(self.url)

    def destination(self) -> tuple[object, ...]:
        url = self.address
        return url.drivername, url.host, url.port, url.username, url.database, self.tls


class SqlConnector:
    kind: ClassVar[str] = "sql"
    continuous: ClassVar[bool] = False
    Settings: ClassVar[type[SourceSettings]] = SqlSettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: SqlSettings) -> None:
        """Parsed apart: whoever wrote it may have written anything."""
        children.call("app.sources.databases.statement:check_select", settings.query, dialect_of(settings.address))
        if settings.address.get_backend_name() == "sqlite":
            from app.sources.databases.connect import opened_file  # noqa: PLC0415

            opened_file(settings.address.database or "")

    def test(self, settings: SqlSettings, actor: Actor) -> Probe:
        names, rows = children.call("app.sources.databases.sample:sample", settings, wall_seconds=60, memory_mb=1024)
        if settings.watermark_column and settings.watermark_column not in names:
            raise _no_such_column(settings.watermark_column, names)
        found = [f"{name}: {', '.join(str(row[place]) for row in rows)}" for place, name in enumerate(names)]
        return Probe(ok=True, message=f"The query works and has {len(names)} columns.", found=found[:20])

    def pull(self, settings: SqlSettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        from app.sources.databases.fetch import fetch  # noqa: PLC0415  here we are in a child

        with inbox.transaction() as db:
            mode = datasets.dataset_by_name(db, inbox.owner, inbox.dataset).definition.mode
        most = int((configuration().max_upload_mb << 20) * MARGIN) if mode != "replace" else None
        return fetch(settings, watermark, inbox, most)


def _no_such_column(name: str, names: list[str]) -> Invalid:
    return Invalid(
        f"settings.watermark_column: the answer has no column {name!r}; it has {', '.join(names)}.",
        details=[{"field": "settings.watermark_column", "message": f"The answer has no column {name!r}."}],
    )
