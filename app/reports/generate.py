"""Makes one report inside a run. Killed at any instruction and started again, it ends with one report all the same:
keys follow from the report's id, the bytes from its content, and the last transaction is fenced by the run."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.schemas import Action
from app.core import clock, storage
from app.core.errors import AppError, NotFound
from app.jobs.context import JobContext
from app.reports.gather import gather
from app.reports.schemas import Material, Rendered
from app.reports.tables import ReportRow
from app.templates import service as templates
from app.templates.schemas import Values

EVALUATED = 0.7


class ReportGone(NotFound):
    """The report was deleted while it was being made."""


def generate(ctx: JobContext, report_id: UUID, *, until: float = 1.0) -> None:
    """Does nothing when the report is finished already."""
    with ctx.transaction() as db:
        row = _row(db, report_id)
        if row.finished_at is not None:
            return
        material = _material(db, ctx, row)
    ctx.step(f"{len(material.content.blocks)} blocks from {len(material.sources)} datasets", 0.05 * until)
    try:
        rendered = _produce(ctx, material, until)
    except AppError as error:
        _note_failure(ctx, report_id, error.message)
        raise
    _store(report_id, rendered)
    ctx.step("Stored", 0.95 * until)
    _finish(ctx, report_id, rendered)


def _material(db: Session, ctx: JobContext, row: ReportRow) -> Material:
    if row.template_id is None:
        raise ReportGone("The template of this report was deleted.")
    content = templates.template_content(db, ctx.actor, row.template_id, row.template_version)
    return gather(
        db,
        ctx.actor,
        content,
        Values(values=row.parameters),
        title=row.title,
        template=row.template_name,
        version=row.template_version,
        made_at=row.created_at,
    )


def _produce(ctx: JobContext, material: Material, until: float) -> Rendered:
    from app.reports.evaluate import evaluate  # noqa: PLC0415  engines that only this child needs
    from app.reports.produce import documents  # noqa: PLC0415

    def progress(what: str, number: int, of: int) -> None:
        ctx.step(what, (0.05 + (EVALUATED - 0.05) * (number - 1) / of) * until)

    content = evaluate(material, progress)
    ctx.step("Laying out HTML and PDF", EVALUATED * until)
    return documents(content)


def _store(report_id: UUID, rendered: Rendered) -> None:
    storage.write(html_key(report_id), rendered.html)
    storage.write(pdf_key(report_id), rendered.pdf)


def html_key(report_id: UUID) -> str:
    return f"reports/{report_id}/report.html"


def pdf_key(report_id: UUID) -> str:
    return f"reports/{report_id}/report.pdf"


def _finish(ctx: JobContext, report_id: UUID, rendered: Rendered) -> None:
    failed = rendered.content.failed
    with ctx.transaction() as db:
        row = _row(db, report_id, lock=True)
        if row.finished_at is not None:
            return
        row.status = "partial" if failed else "completed"
        row.error = f"{len(failed)} of {len(rendered.content.blocks)} blocks failed." if failed else None
        row.failed_blocks = len(failed)
        row.content = rendered.content.model_dump(mode="json")
        row.html_key, row.html_sha256 = html_key(report_id), sha256(rendered.html).hexdigest()
        row.pdf_key, row.pdf_sha256 = pdf_key(report_id), sha256(rendered.pdf).hexdigest()
        row.finished_at = clock.now()
        audit.record(db, ctx.actor, Action.report_generated, report_id, failed_blocks=len(failed))


def _note_failure(ctx: JobContext, report_id: UUID, message: str) -> None:
    with ctx.transaction() as db:
        row = _row(db, report_id, lock=True)
        if row.finished_at is None:
            row.status, row.error = "failed", message


def _row(db: Session, report_id: UUID, *, lock: bool = False) -> ReportRow:
    row = db.get(ReportRow, report_id, with_for_update=lock or None)
    if row is None:
        raise ReportGone
    return row
