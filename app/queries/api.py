"""HTTP door of queries."""

from uuid import UUID

from fastapi import APIRouter

from app.accounts.web import Caller, Db, Limit
from app.core.paging import Page
from app.queries import service as queries
from app.queries.schemas import NamedQuery, QueryChange, QueryCreate, QueryResult, QueryRun, Question

router = APIRouter(tags=["queries"])


@router.post("/queries/run")
def run_query(db: Db, caller: Caller, question: Question) -> QueryResult:
    """Rows or figures of datasets, with the SQL, the version and the batches they come from."""
    return queries.run(db, caller, question)


@router.get("/queries")
def list_queries(
    db: Db, caller: Caller, search: str = "", limit: Limit = 50, cursor: str | None = None
) -> Page[NamedQuery]:
    """Questions with a name, by name."""
    return queries.queries_page(db, caller, search=search, limit=limit, cursor=cursor)


@router.post("/queries", status_code=201)
def create_query(db: Db, caller: Caller, new: QueryCreate) -> NamedQuery:
    """Keeps a question under a name; it is asked once, so that the columns of its answer are known."""
    return queries.create_query(db, caller, new)


@router.get("/queries/{query_id}")
def read_query(db: Db, caller: Caller, query_id: UUID) -> NamedQuery:
    """The question, and the columns of its answer."""
    return queries.query(db, caller, query_id)


@router.patch("/queries/{query_id}")
def change_query(db: Db, caller: Caller, query_id: UUID, change: QueryChange) -> NamedQuery:
    """`version` is the one the change is based on. Refused, with the places, when others use columns that change."""
    return queries.change_query(db, caller, query_id, change)


@router.delete("/queries/{query_id}", status_code=204)
def delete_query(db: Db, caller: Caller, query_id: UUID, even_if_used: bool = False) -> None:
    """Refused, with the places, while others use it."""
    queries.delete_query(db, caller, query_id, even_if_used=even_if_used)


@router.post("/queries/{query_id}/run")
def run_named_query(db: Db, caller: Caller, query_id: UUID, wanted: QueryRun) -> QueryResult:
    """The answer now, as far as the caller may see the data."""
    return queries.run_named(db, caller, query_id, wanted)
