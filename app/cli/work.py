"""Commands that do what people do in the browser: load files, make the sample, generate reports."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import AsJson, OnBehalfOf, actor_of, finish_run, first_admin, named_fields, open_database, show
from app.core.db import transaction

if TYPE_CHECKING:
    from app.datasets.schemas import Batch

CHUNK = 1 << 20

app = typer.Typer()
sample = typer.Typer(no_args_is_help=True)
report = typer.Typer(no_args_is_help=True)


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE...")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    pinned: Annotated[
        list[str] | None, typer.Option("--pin", metavar="NAME=VALUE", help="part, sheet, encoding or delimiter.")
    ] = None,
    as_email: OnBehalfOf = "",
    as_json: AsJson = False,
) -> None:
    """Load files of any kind into a dataset and wait for them. Exit code 1 unless every batch is published."""
    from app.datasets import service as datasets
    from app.datasets.schemas import Pins

    with named_fields(), open_database():
        pins = Pins.model_validate(dict(_pair(text) for text in pinned or []))
        actor = actor_of(as_email)
        batches: list[Batch] = []
        skipped: list[str] = []
        for file in files:
            with file.open("rb") as source:
                upload = datasets.store_upload(actor, file.name, iter(lambda: source.read(CHUNK), b""))
            with transaction() as db:
                received = datasets.receive_parts(db, actor, dataset, upload, pins)
            skipped += [f"{file.name}: {one.part} is not loaded: {one.reason}" for one in received.skipped]
            for batch in received.batches:
                if batch.run_id:
                    finish_run(batch.run_id)
                with transaction() as db:
                    batches.append(datasets.batch(db, actor, batch.id))
    lines = skipped + [
        f"{_called(batch)}: batch {batch.id} {batch.status}, {batch.rows_in} rows in, {batch.rows_valid} valid, "
        f"{batch.rows_rejected} rejected" + (f"; {batch.error}" if batch.error else "")
        for batch in batches
    ]
    show([batch.model_dump(by_alias=True) for batch in batches], as_json, "\n".join(lines))
    raise typer.Exit(0 if all(batch.status in ("published", "duplicate") for batch in batches) else 1)


def _called(batch: "Batch") -> str:
    return f"{batch.file_name} ({batch.part})" if batch.part else batch.file_name


@sample.command("load")
def load_sample(as_email: OnBehalfOf = "", as_json: AsJson = False) -> None:
    """Make the sample workspace, for the first administrator unless --as names somebody else."""
    import app.deliveries.service  # noqa: F401  it offers what the schedule of the sample does
    from app import sample as samples
    from app.datasets import service as datasets

    with open_database():
        actor = actor_of(as_email) if as_email else first_admin()
        with transaction() as db:
            loaded = samples.load(db, actor)
            batches = [batch for name in loaded.datasets for batch in datasets.batches(db, actor, name).items]
        for batch in batches:
            if batch.run_id:
                finish_run(batch.run_id)
    made = [f'board "{loaded.board}"', *(f'dataset "{name}"' for name in loaded.datasets)]
    text = f'Made {", ".join(made)}, template "{loaded.template}" and schedule "{loaded.schedule}".'
    show(loaded.model_dump(), as_json, text)


@report.command("run")
def run_report(
    template: Annotated[str, typer.Argument(help="Name or id of the template.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the HTML and the PDF file.")],
    parameters: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter.")] = None,
    as_email: OnBehalfOf = "",
    as_json: AsJson = False,
) -> None:
    """Generate a report and write it as HTML and PDF."""
    from app.reports import service as reports
    from app.reports.schemas import ReportRequest

    given = dict(_pair(text) for text in parameters or [])
    with open_database():
        actor = actor_of(as_email)
        with named_fields(), transaction() as db:
            asked = reports.request_by_name(db, actor, ReportRequest(template=template, parameters=given))
        finish_run(asked.job_id)
        with transaction() as db:
            made = reports.report(db, actor, asked.report_id)
            contents = {"html": reports.report_html(db, actor, made.id), "pdf": reports.report_pdf(db, actor, made.id)}
    out.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^\w.-]+", "-", made.title).strip("-.").lower() or str(made.id)
    paths = [out / f"{stem}.{extension}" for extension in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    show({"report": made.model_dump(), "files": paths}, as_json, "\n".join(map(str, paths)))


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (name and found):
        raise typer.BadParameter(f"{text} is not NAME=VALUE")
    return name, value
