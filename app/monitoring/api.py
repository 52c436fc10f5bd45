"""Monitoring over HTTP."""

from fastapi import APIRouter

from app.accounts.web import Caller, Db
from app.monitoring import service as monitoring
from app.monitoring.schemas import System

router = APIRouter(tags=["monitoring"])


@router.get("/system")
def read_system(db: Db, caller: Caller) -> System:
    """Versions, database, queue, workers, disk and memory; for administrators."""
    return monitoring.system(db, caller)
