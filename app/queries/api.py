"""HTTP door of queries."""

from fastapi import APIRouter

from app.accounts.web import Caller, Db
from app.queries import service as queries
from app.queries.schemas import QueryResult, Question

router = APIRouter(tags=["queries"])


@router.post("/queries/run")
def run_query(db: Db, caller: Caller, question: Question) -> QueryResult:
    """Rows or figures of datasets, with the SQL, the version and the batches they come from."""
    return queries.run(db, caller, question)
