"""Ask a dataset. The engine never runs in the process of a door: it gets a limited child."""

from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor, Role, require_role
from app.datasets import service as datasets
from app.queries.schemas import QueryResult, QuerySpec, Source

WALL_SECONDS = 40
MEMORY_MB = 1536


def run_query(db: Session, actor: Actor, spec: QuerySpec) -> QueryResult:
    require_role(actor, Role.member)
    answer: QueryResult = children.call(
        "app.queries.execute:execute",
        spec,
        source_of(db, actor, spec.dataset),
        wall_seconds=WALL_SECONDS,
        memory_mb=MEMORY_MB,
    )
    return answer


def source_of(db: Session, actor: Actor, dataset: str) -> Source:
    """What the dataset looks like now: the pin that makes an answer repeatable and traceable."""
    live = datasets.live_files(db, actor, dataset)
    return Source(
        dataset=dataset,
        dataset_id=live.dataset_id,
        columns=[(name, str(kind)) for name, kind in live.columns],
        files=list(live.files),
        version=str(live.version),
        batches=list(live.batches),
        key=list(live.key),
    )
