"""Ask datasets, and keep questions under a name."""

from app.queries.ask import run, write_parquet
from app.queries.engines import Engine, Selected, offer_engine
from app.queries.inputs import inputs_of, moves
from app.queries.joins import links
from app.queries.named import (
    change_query,
    create_query,
    delete_query,
    named_query,
    offer_usage,
    queries_page,
    query,
    run_named,
    used_by,
)
from app.queries.sources import known_sources, source_of
from app.queries.tables import QueryRow
from app.sharing import service as sharing
from app.sharing.schemas import Kind

__all__ = [
    "Engine",
    "Selected",
    "change_query",
    "create_query",
    "delete_query",
    "inputs_of",
    "known_sources",
    "links",
    "moves",
    "named_query",
    "offer_engine",
    "offer_usage",
    "queries_page",
    "query",
    "run",
    "run_named",
    "source_of",
    "used_by",
    "write_parquet",
]

sharing.offer_kind(Kind.query, QueryRow)
