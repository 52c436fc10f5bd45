"""Is the trail what was written? Recomputed from the rows themselves, in batches: memory stays flat."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.schemas import AuditCheck, AuditFault

BATCH = 50_000
ENFORCED_TEXT = "The database refuses changes: the product works as a role without the right to make them."
NOT_ENFORCED_TEXT = (
    "The database does not enforce this: the product and its migrations use the same role, or one with all rights. "
    "Give migrations a role of their own (ALEMBIC_URL)."
)
# The very text that the database seals; see the migration that makes the chain.
FIELDS = (
    "c.position::text",
    "a.id::text",
    "(extract(epoch from a.at) * 1000000)::bigint::text",
    "a.person_id::text",
    "a.person",
    "a.ip",
    "a.action",
    "a.subject",
    "a.details::text",
)
PAYLOAD = " || ".join(f"coalesce(length({field})::text || '.' || {field}, '-')" for field in FIELDS)
# Each seal is compared with the one stored before it: by induction that checks the whole chain.
CHECKED = sa.text(f"""
    select place, audit_id, is_gap, is_missing, hash, computed from (
        select c.position as place, c.audit_id, c.hash, a.id is null as is_missing,
               c.position <> coalesce(lag(c.position) over w, :after) + 1 as is_gap,
               sha256(coalesce(lag(c.hash) over w, :previous) || convert_to({PAYLOAD}, 'UTF8')) as computed
        from audit_chain c left join audit a on a.id = c.audit_id and a.id between :lowest and :highest
        where c.position > :after and c.position <= :until
        window w as (order by c.position)
    ) as seals
    where is_gap or is_missing or hash <> computed order by place limit 1
""")  # noqa: S608  constants of this module
UNSEALED = sa.text("""
    select id from audit a where not exists (select from audit_chain c where c.audit_id = a.id) order by id limit 1
""")
SEAL_AT = sa.text("select hash from audit_chain where position = :position")
POSITION_OF = sa.text("select position from audit_chain where hash = :hash order by position limit 1")
BATCH_END = sa.text("""
    select max(position) as until, min(audit_id) as lowest, max(audit_id) as highest from (
        select position, audit_id from audit_chain where position > :after and position <= :last
        order by position limit :batch
    ) as batch
""")


def verify(db: Session, *, expect_head: str = "", expect_length: int = 0) -> AuditCheck:
    """Reads the whole trail. What an outside log knows (`expect_…`) also shows an end that was cut off.

    Call it in a transaction that has recorded nothing itself: entries are sealed at commit.
    """
    db.execute(sa.text("set local statement_timeout = 0"))
    length, head = chain_head(db)
    faults = (
        fault
        for search in (
            _broken_seals(db, length),
            _unsealed(db, length),
            _cut_off(db, length, expect_head, expect_length),
        )
        for fault in search
    )
    return AuditCheck(length=length, head=head, fault=next(faults, None), enforced=is_enforced(db))


def in_words(found: AuditCheck) -> str:
    """For people: what was found, what to note down, and whether the database forbids changes."""
    state = "intact" if found.intact else f"NOT intact. {found.fault.text if found.fault else ''}"
    lines = [f"The audit trail is {state}", f"length {found.length}", f"head {found.head or 'none'}"]
    lines.append(ENFORCED_TEXT if found.enforced else NOT_ENFORCED_TEXT)
    return "\n".join(lines)


def chain_head(db: Session) -> tuple[int, str]:
    """Length and newest hash: noted elsewhere, they prove later that nothing before was touched."""
    last = db.execute(sa.text("select position, hash from audit_chain order by position desc limit 1")).first()
    return (last.position, bytes(last.hash).hex()) if last else (0, "")


def is_enforced(db: Session) -> bool:
    """Whether this very connection lacks every right to change the trail; its triggers refuse in any case."""
    return bool(db.scalar(sa.text(ENFORCED)))


ENFORCED = """
    select not current_setting('is_superuser')::boolean
       and not exists (
           select from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.oid in ('audit'::regclass, 'audit_chain'::regclass)
             and (pg_has_role(c.relowner, 'usage') or pg_has_role(n.nspowner, 'usage')
                  or has_table_privilege(c.oid, 'update, delete, truncate, trigger')))
       and not exists (
           select from pg_proc p where p.proname in ('seal_audit', 'refuse_audit_change')
             and p.pronamespace = (select relnamespace from pg_class where oid = 'audit'::regclass)
             and pg_has_role(p.proowner, 'usage'))
       and not has_table_privilege('audit_chain', 'insert')
"""


def _broken_seals(db: Session, length: int) -> Iterator[AuditFault]:
    if before := db.execute(sa.text("select position, audit_id from audit_chain where position < 1 limit 1")).first():
        yield AuditFault(position=before.position, audit_id=before.audit_id, text="A seal lies before the first one.")
    after, previous = 0, b""
    while after < length:
        batch = db.execute(BATCH_END, {"after": after, "last": length, "batch": BATCH}).one()
        bad = db.execute(CHECKED, {"after": after, "previous": previous, **batch._mapping}).first()
        if bad:
            yield _fault(bad)
            return
        after, previous = batch.until, db.scalar(SEAL_AT, {"position": batch.until})


def _fault(bad: sa.Row[*tuple[object, ...]]) -> AuditFault:
    position, audit_id = int(str(bad.place)), int(str(bad.audit_id))
    if bad.is_gap:
        return AuditFault(position=position - 1, text=f"The seal before position {position} was removed.")
    if bad.is_missing:
        text = f"Entry {audit_id} at position {position} was deleted."
    else:
        text = f"Entry {audit_id} at position {position} was altered, or does not belong there."
    return AuditFault(position=position, audit_id=audit_id, text=text)


def _unsealed(db: Session, length: int) -> Iterator[AuditFault]:
    entry = db.scalar(UNSEALED)
    if entry is not None:
        text = f"Entry {entry} bears no seal: it was put in past the trail, or its seal was removed."
        yield AuditFault(position=length + 1, audit_id=entry, text=text)


def _cut_off(db: Session, length: int, expect_head: str, expect_length: int) -> Iterator[AuditFault]:
    if length < expect_length:
        text = f"The trail has {length} entries and had {expect_length}: its end was cut off."
        yield AuditFault(position=length + 1, text=text)
    if expect_head:
        found = db.scalar(POSITION_OF, {"hash": bytes.fromhex(expect_head)})
        if found is None:
            text = f"The trail does not hold the hash {expect_head}: its end was cut off, or all of it written anew."
            yield AuditFault(position=length + 1, text=text)
        elif expect_length and found != expect_length:
            text = f"The hash {expect_head} is at position {found}, not at {expect_length}."
            yield AuditFault(position=found, text=text)
