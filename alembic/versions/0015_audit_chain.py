"""The audit trail refuses changes, and a chain of hashes shows those that were made around the refusal."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHAIN_LOCK = 74_219_002
TABLES = ("audit", "audit_chain")
# Each field with its length before it, NULL as a dash: no two rows read alike, however text is moved between fields.
FIELDS = (
    "place::text",
    "entry.id::text",
    "(extract(epoch from entry.at) * 1000000)::bigint::text",
    "entry.person_id::text",
    "entry.person",
    "entry.ip",
    "entry.action",
    "entry.subject",
    "entry.details::text",
)
PAYLOAD = " || ".join(f"coalesce(length({field})::text || '.' || {field}, '-')" for field in FIELDS)
HASH = f"sha256(previous || convert_to({PAYLOAD}, 'UTF8'))"


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_chain_audit_id")),
    )
    schema = op.get_bind().scalar(sa.text("select quote_ident(current_schema())"))
    _seal_what_is_there()
    _seal_at_commit(schema)
    _refuse_changes()


def _seal_what_is_there() -> None:
    op.execute(f"""
        do $$
        declare entry record; place bigint := 0; previous bytea := '';
        begin
            for entry in select * from audit order by id loop
                place := place + 1;
                previous := {HASH};
                insert into audit_chain values (place, entry.id, previous);
            end loop;
        end $$
    """)  # noqa: S608  constants, and a name that the database has quoted


def _seal_at_commit(schema: str) -> None:
    """Positions follow the order of commits without a gap: who holds the lock commits before the next one seals.

    It runs with the rights of its owner, so that nobody else needs the right to write the chain; only built-in
    functions are found on its search path.
    """
    op.execute(f"""
        create function seal_audit() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare entry {schema}.audit := new; place bigint; previous bytea;
        begin
            perform pg_advisory_xact_lock({CHAIN_LOCK});
            select last.position, last.hash into place, previous
                from {schema}.audit_chain as last order by last.position desc limit 1;
            place := coalesce(place, 0) + 1;
            previous := coalesce(previous, '');
            insert into {schema}.audit_chain values (place, entry.id, {HASH});
            return null;
        end $$
    """)  # noqa: S608  constants, and a name that the database has quoted
    op.execute("revoke all on function seal_audit() from public")
    op.execute(
        "create constraint trigger seal after insert on audit "
        "deferrable initially deferred for each row execute function seal_audit()"
    )


def _refuse_changes() -> None:
    op.execute("""
        create function refuse_audit_change() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            raise exception 'table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
        end $$
    """)
    for table in TABLES:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_audit_change()"
        )


def downgrade() -> None:
    op.execute("drop trigger seal on audit")
    op.execute("drop trigger append_only on audit")
    op.drop_table("audit_chain")
    op.execute("drop function seal_audit()")
    op.execute("drop function refuse_audit_change()")
