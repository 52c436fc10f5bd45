"""Imported once by the process that a worker's children are forked from: what each of them would do first is done.

No connection may be opened here: children would share it.
"""

from sqlalchemy.orm import configure_mappers

from app.core import logging_setup
from app.core.settings import settings
from app.jobs import execute

logging_setup.configure(settings())
configure_mappers()

__all__ = ["execute"]
