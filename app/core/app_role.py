"""Two roles in the database: one owns the tables and runs migrations, the other one only works with them.

What a table may be used for is said in its `info`: `app_may`, a list of (right, columns or None); nothing said means
reading and writing rows. Tables that are made while the product runs lie in the schema `data` and belong to the app's
role, because only an owner can attach partitions.
"""

import psycopg
from psycopg import sql

from app.core.db import Base, psycopg_dsn
from app.core.errors import StartupProblem

GRANT_LOCK = 74_219_003
ROWS = ("select", "insert", "update", "delete")
OWN_SCHEMA = "data"

Connection = psycopg.Connection[tuple[str, ...]]

ROLE = "(select oid from pg_roles where rolname = %(role)s)"
OURS = """
    select c.oid from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and (c.relname = any(%(tables)s) or c.relname like 'procrastinate\\_%%')
"""
# Each query writes the statements that are still to be done.
TAKE_OVER = f"""
    select format('alter table %%I owner to current_user', c.relname)
    from pg_class c where c.oid in ({OURS}) and c.relowner = {ROLE}
    union all
    select distinct format('alter function %%s owner to current_user', p.oid::regprocedure)
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where t.tgrelid in ({OURS}) and not t.tgisinternal and p.proowner = {ROLE}
"""  # noqa: S608  constants
LET_WORK = f"""
    select format('grant %%s on table %%I to %%I', rights.name, c.relname, %(role)s::text)
    from pg_class c cross join unnest(%(rights)s::text[]) as rights(name)
    where c.oid in ({OURS}) and c.relname <> all(%(special)s) and not has_table_privilege({ROLE}, c.oid, rights.name)
    union all
    select format('grant usage on sequence %%I to %%I', s.relname, %(role)s::text)
    from pg_class s join pg_depend d on d.objid = s.oid and d.deptype = 'a' join pg_class c on c.oid = d.refobjid
    where c.oid in ({OURS}) and c.relname <> all(%(special)s)
      and case when s.relkind = 'S' then not has_sequence_privilege({ROLE}, s.oid, 'usage') else false end
    union all
    select format('grant usage, create on schema %%I to %%I', %(schema)s::text, %(role)s::text)
    where not has_schema_privilege({ROLE}, %(schema)s::text, 'create')
    union all
    select format('grant usage on schema %%I to %%I', current_schema(), %(role)s::text)
    where not has_schema_privilege({ROLE}, current_schema()::text, 'usage')
"""  # noqa: S608  constants
HAND_OVER = f"""
    select format('alter table %%I.%%I owner to %%I', n.nspname, c.relname, %(role)s::text)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %(schema)s and c.relkind in ('r', 'p') and c.relowner <> {ROLE}
"""  # noqa: S608  constants


def share_tables(owner_url: str, app_url: str) -> None:
    """After migrations, and again after each: nothing to do when both are one role. Raises StartupProblem."""
    with psycopg.connect(psycopg_dsn(app_url)) as app:
        role = app.info.user
    with psycopg.connect(psycopg_dsn(owner_url), options="-c timezone=UTC -c lock_timeout=60000") as owner:
        if owner.info.user == role:
            return
        try:
            owner.execute("select pg_advisory_xact_lock(%s)", [GRANT_LOCK])
            _share(owner, role)
        except psycopg.errors.InsufficientPrivilege as error:
            raise StartupProblem(
                f"ALEMBIC_URL: {owner.info.user} may not give {role} its rights ({error.diag.message_primary}); let it"
                f' own the database and be a member of the app\'s role: GRANT "{role}" TO "{owner.info.user}"'
            ) from error


def _share(owner: Connection, role: str) -> None:
    special = {table.name: table.info["app_may"] for table in Base.metadata.tables.values() if "app_may" in table.info}
    facts = {
        "role": role,
        "tables": [*(table.name for table in Base.metadata.tables.values()), "alembic_version"],
        "special": [*special, "alembic_version"],
        "rights": list(ROWS),
        "schema": OWN_SCHEMA,
    }
    for query in (TAKE_OVER, LET_WORK, HAND_OVER):
        for (statement,) in owner.execute(query, facts).fetchall():
            owner.execute(statement)
    name = sql.Identifier(role)
    owner.execute(sql.SQL("grant select on alembic_version to {}").format(name))
    for table, rights in special.items():
        owner.execute(sql.SQL("revoke all on table {} from public, {}").format(sql.Identifier(table), name))
        for right, columns in rights:
            _grant(owner, right, columns, sql.Identifier(table), name)


def _grant(
    owner: Connection, right: str, columns: list[str] | None, table: sql.Identifier, role: sql.Identifier
) -> None:
    """A right on columns: the database fills in the others itself."""
    named = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))) if columns else sql.SQL("")
    owner.execute(sql.SQL("grant {}{} on table {} to {}").format(sql.SQL(right), named, table, role))
