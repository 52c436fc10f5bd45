"""All that a thief of the database and of the storage would have, as one text."""

from pathlib import Path

import sqlalchemy as sa

from app.core import db
from app.core.settings import settings

TABLES = """
    select format('%I.%I', schemaname, tablename) from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')
"""


def dump() -> str:
    with db.transaction() as session:
        names = session.scalars(sa.text(TABLES)).all()
        rows = [row for name in names for row in session.scalars(sa.text(f"select t::text from {name} t"))]
    files = [
        path.read_text(errors="replace") for path in Path(settings().data_dir, "storage").rglob("*") if path.is_file()
    ]
    return "\n".join([*rows, *files])
