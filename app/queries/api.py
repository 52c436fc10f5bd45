"""HTTP door of queries."""

from fastapi import APIRouter

from app.accounts.web import Caller, Db
from app.queries import service as queries
from app.queries.schemas import QueryResult, QuerySpec

router = APIRouter(tags=["queries"])


@router.post("/queries/run")
def run_query(db: Db, caller: Caller, spec: QuerySpec) -> QueryResult:
    """Rows or figures of a dataset, with the SQL, the version and the batches they come from."""
    return queries.run_query(db, caller, spec)
