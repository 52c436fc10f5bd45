"""Material in, finished documents out. Imported by child processes only."""

from app.reports.evaluate import Progress, evaluate, silent
from app.reports.render import outline, render
from app.reports.schemas import Material, Preview, Rendered, ReportContent
from app.reports.typeset import typeset


def produce(material: Material, progress: Progress = silent) -> Rendered:
    content = evaluate(material, progress)
    return documents(content)


def documents(content: ReportContent) -> Rendered:
    """Depends on the content alone: rendered again, it gives the same bytes."""
    pdf = typeset(
        render(content, paper=True), title=content.title, made_at=content.generated_at, outline=outline(content)
    )
    return Rendered(content=content, html=render(content).encode(), pdf=pdf)


def preview(material: Material) -> Preview:
    content = evaluate(material)
    return Preview(html=render(content), failed_blocks=len(content.failed))
