"""Every kind of source. Nothing heavy is imported before it is used."""

from importlib import import_module
from typing import Any

from app.core.errors import Invalid
from app.sources.connectors.protocol import Connector

KINDS: dict[str, str] = {
    "folder": "app.sources.connectors.folder:FolderConnector",
    "https": "app.sources.connectors.https:HttpsConnector",
    "s3": "app.sources.connectors.s3:S3Connector",
    "query": "app.sources.connectors.query:QueryConnector",
    "sql": "app.sources.connectors.sql:SqlConnector",
    "imap": "app.sources.connectors.imap:ImapConnector",
    "kafka": "app.sources.connectors.kafka:KafkaConnector",
}


def connector(kind: str) -> Connector[Any]:
    """Raises Invalid for an unknown kind."""
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise Invalid(
            f"kind: {kind!r} is no kind of source; known: {known}.",
            details=[{"field": "kind", "message": f"one of: {known}"}],
        )
    module, _, name = KINDS[kind].partition(":")
    made: Connector[Any] = getattr(import_module(module), name)()
    return made
