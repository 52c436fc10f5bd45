"""From a file to a board in two steps: look at what it would become, then import it.

The file is read in a child before any transaction begins. A large one is imported by a job; a small one at once.
"""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.core import children, clock
from app.core.actor import SYSTEM, Actor, Role, require_role
from app.core.after_commit import delete_after_commit
from app.core.errors import Conflict, Invalid, NotFound
from app.core.intake import Intake, Upload, discard
from app.core.settings import settings
from app.jobs import service as jobs
from app.tasks.access import access_board, visible_boards
from app.tasks.exchange.draft import Draft
from app.tasks.exchange.people import match
from app.tasks.exchange.read import Found, read
from app.tasks.exchange.schemas import (
    BoardImport,
    FoundColumn,
    FoundPerson,
    ImportPreview,
    ImportReport,
    ImportWishes,
    Reject,
    Report,
    ReportLine,
    SameFile,
)
from app.tasks.exchange.store import store, who_sees
from app.tasks.exchange.tables import BoardImportRow
from app.tasks.tables import BoardRow

FOLDER = "board-imports"
JOB = "tasks.import_board"
HARMLESS_BYTES = 512 << 10  # so little cannot keep this process busy, whatever it holds
AT_ONCE_BYTES = 2 << 20  # larger files are read and stored by a job
MAX_MB = 64
SECONDS, MEMORY_MB = 120, 2048
SHOWN_SAME = 5
ORIGINS = {"trello": "Kept from Trello", "csv": "Kept from the file"}


class ImportedBefore(Conflict):
    """This very file was imported before."""


class RowsRejected(Invalid):
    """Some rows of this file cannot be imported."""


def largest_import_mb() -> int:
    return min(settings().max_upload_mb, MAX_MB)


def store_import(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """Raises FileTooLarge."""
    require_role(actor, Role.member)
    return Intake(FOLDER, file_name, max_mb=largest_import_mb()).take(parts)


def discard_import(stored: Upload) -> None:
    """For who has only looked."""
    discard(stored)


def is_small_import(stored: Upload) -> bool:
    """Small enough to be there with the answer."""
    return stored.size <= AT_ONCE_BYTES


def read_import(stored: Upload, wishes: ImportWishes) -> Found:
    """Takes as long as it takes, so no transaction may be open. Nothing stays in the storage if it raises."""
    try:
        if stored.size <= HARMLESS_BYTES:
            return read(stored.key, stored.file_name, wishes, clock.now())
        return _read(stored.key, stored.file_name, wishes)
    except BaseException:
        discard(stored)
        raise


def _read(key: str, file_name: str, wishes: ImportWishes) -> Found:
    now = clock.now()
    target = "app.tasks.exchange.read:read"
    found: Found = children.call(target, key, file_name, wishes, now, wall_seconds=SECONDS, memory_mb=MEMORY_MB)
    return found


def preview_import(db: Session, actor: Actor, stored: Upload, found: Found) -> ImportPreview:
    """What the file would become; nothing is stored but the file itself, until it is imported or a day old."""
    require_role(actor, Role.member)
    people = match(found.draft.people, accounts.active_people(db))
    report = report_of(found, stored.file_name, {key: person.name for key, person in people.items()})
    return ImportPreview(**report.model_dump(), already=_same_file(db, actor, stored.sha256))


def import_board(
    db: Session, actor: Actor, stored: Upload, wishes: ImportWishes, found: Found | None = None
) -> BoardImport:
    """`found` is what `read_import` gave for the same wishes; without it a job reads the file.

    Raises ImportedBefore, RowsRejected.
    """
    require_role(actor, Role.member)
    if not wishes.again and (same := _same_file(db, actor, stored.sha256)):
        names = ", ".join(f"“{one.board}”" for one in same)
        raise ImportedBefore(f"This very file is already the board {names}. Say so if you want it a second time.")
    row = BoardImportRow(
        person_id=actor.id,
        format=found.format if found else "trello",
        state="running",
        file_name=stored.file_name,
        size=stored.size,
        sha256=stored.sha256,
        key=stored.key,
        wishes=wishes.model_dump(mode="json"),
        at=clock.now(),
    )
    db.add(row)
    db.flush()
    if found is None or stored.size > AT_ONCE_BYTES:
        if found:
            check_rejects(found, wishes)
        run = jobs.enqueue(db, actor, JOB, {"import_id": str(row.id)}, title=f"Import {stored.file_name}")
        row.run_id = run.id
    else:
        finish_import(db, actor, row, found, wishes)
    db.flush()
    return BoardImport.model_validate(row)


def finish_import(db: Session, actor: Actor, row: BoardImportRow, found: Found, wishes: ImportWishes) -> UUID:
    """The board, and the report that is kept with it."""
    check_rejects(found, wishes)
    draft = found.draft
    name = wishes.name or draft.name
    board_id = store(db, actor, draft, name=name, origin=ORIGINS[found.format], share_with=wishes.share_with)
    row.board_id, row.state, row.format = board_id, "done", found.format
    people = match(draft.people, who_sees(db, db.get_one(BoardRow, board_id)))
    report = report_of(found, row.file_name, {key: person.name for key, person in people.items()})
    row.report = report.model_dump(mode="json")
    if row.key:
        delete_after_commit(db, [row.key])
        row.key = None
    db.flush()
    return board_id


def fail_import(db: Session, row: BoardImportRow, reason: str) -> None:
    row.state, row.note = "failed", reason
    if row.key:
        delete_after_commit(db, [row.key])
        row.key = None


def check_rejects(found: Found, wishes: ImportWishes) -> None:
    rejects = found.draft.rejects
    if rejects and not wishes.skip_rejected:
        first = "; ".join(f"line {line}: {reason}" for line, reason in rejects[:3])
        rows = "1 row" if len(rejects) == 1 else f"{len(rejects)} rows"
        details = [{"line": line, "reason": reason} for line, reason in rejects[:1000]]
        raise RowsRejected(
            f"{rows} cannot be imported ({first}). Mend the file, or choose to import the others.", details=details
        )


def board_import(db: Session, actor: Actor, import_id: UUID) -> BoardImport:
    """One's own; administrators see everybody's."""
    row = db.get(BoardImportRow, import_id, populate_existing=True)
    if row is None or (row.person_id != actor.id and not actor.role.includes(Role.admin)):
        raise NotFound("There is no such import of yours.")
    return _with_run(db, BoardImport.model_validate(row))


def _with_run(db: Session, found: BoardImport) -> BoardImport:
    """A run that was killed could not write down that it failed."""
    if found.state != "running" or found.run_id is None:
        return found
    try:
        run = jobs.run(db, SYSTEM, found.run_id)
    except NotFound:
        return found.model_copy(update={"state": "failed", "note": "It was given up."})
    failed = {"state": "failed", "note": run.error or ""} if run.status.is_final else {}
    return found.model_copy(update={"progress": run.progress, **failed})


def import_report(db: Session, actor: Actor, board_id: UUID) -> ImportReport:
    """What became of the file that this board was made of. Raises NotFound when it was made by hand."""
    access_board(db, actor, board_id)
    row = db.scalar(sa.select(BoardImportRow).where(BoardImportRow.board_id == board_id))
    if row is None:
        raise NotFound("This board was not imported.")
    return ImportReport.model_validate(row)


def report_text(found: ImportReport) -> str:
    """The report to keep, as plain text."""
    report = found.report
    lines = [f"Import of {report.file_name} on {found.at:%Y-%m-%d %H:%M} UTC as “{report.board}”", ""]
    lines.append(
        f"{report.cards} cards on the board, {report.archived} in the archive, {report.deleted} deleted; "
        f"{report.transitions} lines of history, {report.comments} comments, {report.checklist_items} checklist items."
    )
    titles = {"left": "Not taken over", "kept": "Kept as text", "changed": "Changed to fit", "taken": "Taken over"}
    for what, title in titles.items():
        chosen = [line for line in report.lines if line.what == what]
        lines += ["", f"{title}:", *(_line(line) for line in chosen)] if chosen else []
    if report.rejects:
        lines += ["", "Rejected rows:", *(f"  line {one.line}: {one.reason}" for one in report.rejects)]
    strangers = [person.name for person in report.people if person.matched is None]
    if strangers:
        lines += ["", "People without an account here:", *(f"  {name}" for name in strangers)]
    return "\n".join(lines) + "\n"


def _line(line: ReportLine) -> str:
    examples = f" (for example {'; '.join(line.examples)})" if line.examples else ""
    times = f" – {line.count} times" if line.count > 1 else ""
    return f"  {line.text}{times}{examples}"


def _same_file(db: Session, actor: Actor, sha256: str) -> list[SameFile]:
    query = sa.select(BoardRow.id, BoardRow.name, BoardImportRow.at).join(
        BoardImportRow, BoardImportRow.board_id == BoardRow.id
    )
    query = query.where(BoardImportRow.sha256 == sha256, visible_boards(actor)).order_by(BoardImportRow.at.desc())
    rows = db.execute(query.limit(SHOWN_SAME)).tuples()
    return [SameFile(board_id=board_id, board=name, at=at) for board_id, name, at in rows]


def report_of(found: Found, file_name: str, people: dict[str, str]) -> Report:
    draft = found.draft
    living = [card for card in draft.cards if not card.gone]
    return Report(
        board=draft.name,
        format=found.format,
        file_name=file_name,
        columns=_columns(draft),
        lanes=[name for _, name in draft.lanes],
        labels=[label.name for label in draft.labels],
        people=[FoundPerson(name=person.name, matched=people.get(person.key)) for person in draft.people],
        cards=sum(card.archived_at is None for card in living),
        archived=sum(card.archived_at is not None for card in living),
        deleted=len(draft.cards) - len(living),
        checklist_items=sum(len(card.checklist) for card in living),
        comments=sum(len(card.comments) for card in living),
        transitions=sum(len(card.events) for card in draft.cards),
        lines=[ReportLine.model_validate(note) for note in draft.notes],
        rejects=[Reject(line=line, reason=reason) for line, reason in draft.rejects],
        csv=found.csv,
    )


def _columns(draft: Draft) -> list[FoundColumn]:
    closed = {column.key for column in draft.columns if column.removed_at is not None}
    places = (card.column or (card.home if card.home in closed else None) for card in draft.cards if not card.gone)
    held: Counter[str | None] = Counter(places)
    return [
        FoundColumn(
            name=column.name,
            is_done=column.is_done,
            cards=held[column.key],
            closed=column.removed_at is not None,
            left_out=column.left_out,
        )
        for column in draft.columns
    ]
