"""A topic of Kafka, followed all the time. What a broker must know to let us in, and whether it does."""

from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import AppError, Invalid
from app.core.settings import settings as configuration
from app.core.smtp_access import check_ca
from app.datasets import service as datasets
from app.sources.connectors.protocol import Inbox, SourceSettings, Watermark
from app.sources.connectors.reach import checked_hosts
from app.sources.schemas import Probe

SHOWN_PARTITIONS = 10
KAFKA_PORT = 9092


class KafkaMissing(Invalid):
    """This installation cannot read Kafka: the package confluent-kafka is missing. Install autoreport[kafka]."""


class KafkaSettings(SourceSettings):
    topic: str = Field(
        title="Topic", min_length=1, max_length=249, pattern=r"^[A-Za-z0-9._-]+$", description="Each message is one row"
    )
    bootstrap_servers: str = Field(
        "",
        title="Brokers",
        max_length=1000,
        pattern=r"^[A-Za-z0-9.,:\[\]_ -]*$",
        description="host:port, comma-separated; empty: KAFKA_BOOTSTRAP_SERVERS",
    )
    group_id: str = Field(
        "",
        title="Group",
        max_length=200,
        description="Under which the broker's tools show how far this source came; empty: KAFKA_GROUP_ID",
    )
    start: Literal["earliest", "latest"] = Field(
        "earliest", title="Begin with", description="The earliest message there is, or only what comes from now on"
    )
    security: Literal["plain", "tls"] = Field("plain", title="Connection", description="tls: encrypted, and checked")
    mechanism: Literal["none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field("none", title="Sign in by")
    username: str = Field("", title="User", max_length=200)
    password: SecretStr = Field(SecretStr(""), title="Password", max_length=1000)
    ca_pem: str = Field(
        "", title="Certificate of the authority", max_length=100_000, description="PEM; empty: the system's authorities"
    )

    @model_validator(mode="after")
    def _all_of_it(self) -> "KafkaSettings":
        if self.mechanism != "none" and not (self.username and self.password.get_secret_value()):
            raise ValueError(f"to sign in by {self.mechanism}, give a user and a password")
        if self.ca_pem:
            check_ca(self.ca_pem)
        return self

    def destination(self) -> tuple[object, ...]:
        return self.servers, self.security, self.username

    @property
    def servers(self) -> str:
        return self.bootstrap_servers.replace(" ", "") or configuration().kafka_bootstrap_servers

    @property
    def is_the_operators(self) -> bool:
        """The operator named these brokers, so they may be private."""
        return self.servers == configuration().kafka_bootstrap_servers

    def check_brokers(self, brokers: list[str]) -> None:
        """Also those that the first one tells of. Raises OutgoingRefused, OutgoingFailed."""
        if not self.is_the_operators:
            checked_hosts(brokers, KAFKA_PORT)

    def client(self) -> dict[str, Any]:
        """For the consumer."""
        tls, signs_in = self.security == "tls", self.mechanism != "none"
        found: dict[str, Any] = {
            "bootstrap.servers": self.servers,
            "group.id": self.group_id or configuration().kafka_group_id,
            "client.id": "autoreport",
            "security.protocol": ("SASL_" if signs_in else "") + ("SSL" if tls else "PLAINTEXT"),
        }
        if signs_in:
            found |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password.get_secret_value(),
            }
        return found | ({"ssl.ca.pem": self.ca_pem} if tls and self.ca_pem else {})


class KafkaConnector:
    kind = "kafka"
    continuous = True
    Settings = KafkaSettings

    def check(self, db: Session, actor: Actor, dataset: str, settings: KafkaSettings) -> None:
        if not settings.servers:
            raise Invalid(
                "settings.bootstrap_servers: name the brokers, such as kafka.example.com:9092, or have the operator"
                " set KAFKA_BOOTSTRAP_SERVERS.",
                details=[{"field": "settings.bootstrap_servers", "message": "Name the brokers."}],
            )
        mode = datasets.dataset_by_name(db, actor, dataset).definition.mode
        if mode != "append":
            raise Invalid(f"{dataset} is a dataset of the mode {mode}; a stream needs the mode append.")

    def test(self, settings: KafkaSettings, actor: Actor) -> Probe:
        from app.sources.streams.reader import KafkaReader  # noqa: PLC0415

        with KafkaReader(settings) as reader:
            ends = reader.ends()
        messages = sum(high - low for low, high in ends.values())
        found = [f"partition {place}: offsets {low} to {high}" for place, (low, high) in sorted(ends.items())]
        more = [f"and {len(found) - SHOWN_PARTITIONS} more"] if len(found) > SHOWN_PARTITIONS else []
        parts = f"{len(ends)} partition{'s' if len(ends) != 1 else ''}"
        return Probe(
            ok=True,
            message=f"The topic {settings.topic} has {parts} with about {messages:,} messages.",
            found=[*found[:SHOWN_PARTITIONS], *more],
        )

    def pull(self, settings: KafkaSettings, watermark: Watermark, inbox: Inbox) -> Watermark:
        raise AppError("A topic is followed all the time; there is nothing to pull.")
