"""Datasets, the files that go into them, and what became of each row."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from app.core.actor import Actor, Role, require_role
from app.core.intake import Intake
from app.core.intake import discard as discard_upload
from app.core.settings import settings
from app.datasets.access import access_dataset, visible_names
from app.datasets.decisions import release_batch, undo_batch
from app.datasets.definitions import change_dataset, create_dataset, delete_dataset
from app.datasets.evidence import trace_row
from app.datasets.export import EXPORT_FORMATS, Export, export_rejects, export_rows
from app.datasets.formats.look import call_reader
from app.datasets.new_datasets import create_from, free_name, suggested_name
from app.datasets.originals import original_of
from app.datasets.queries import (
    batch,
    batch_figures,
    batches,
    dataset_by_name,
    datasets,
    datasets_page,
    live_files,
    rows,
)
from app.datasets.receive import load_again, receive_file, receive_known, receive_parts
from app.datasets.rejects.replay import Outcome, read_reject, reject_history, replay_reject
from app.datasets.rejects.search import dataset_rejects, rejects
from app.datasets.rejects.start import correct_rejects, replay_batch, replay_dataset
from app.datasets.schemas import Pins, Proposals, Upload
from app.datasets.streams.places import BatchMoved, Message
from app.datasets.summaries import summary
from app.datasets.sweep import sweep_daily
from app.datasets.tables import DatasetRow
from app.datasets.trials.start import try_change, try_schema
from app.datasets.versions.differences import what_changes
from app.datasets.versions.keep import change_in_progress, versions
from app.datasets.versions.use import use_version
from app.sharing import service as sharing
from app.sharing.schemas import Kind

if TYPE_CHECKING:
    from app.datasets.streams.writer import StreamWriter

__all__ = [
    "EXPORT_FORMATS",
    "BatchMoved",
    "Export",
    "Message",
    "Outcome",
    "access_dataset",
    "batch",
    "batch_figures",
    "batches",
    "change_dataset",
    "change_in_progress",
    "correct_rejects",
    "create_dataset",
    "create_from",
    "dataset_by_name",
    "dataset_rejects",
    "datasets",
    "datasets_page",
    "delete_dataset",
    "discard_upload",
    "export_rejects",
    "export_rows",
    "free_name",
    "infer_parts",
    "live_files",
    "load_again",
    "new_upload",
    "original_of",
    "read_reject",
    "receive_file",
    "receive_known",
    "receive_parts",
    "reject_history",
    "rejects",
    "release_batch",
    "replay_batch",
    "replay_dataset",
    "replay_reject",
    "rows",
    "store_upload",
    "stream_writer",
    "suggested_name",
    "summary",
    "sweep_daily",
    "trace_row",
    "try_change",
    "try_schema",
    "undo_batch",
    "use_version",
    "versions",
    "visible_names",
    "what_changes",
]

sharing.offer_kind(Kind.dataset, DatasetRow)


def new_upload(file_name: str) -> Intake:
    return Intake("uploads", file_name, max_mb=settings().max_upload_mb)


def store_upload(actor: Actor, file_name: str, parts: Iterable[bytes]) -> Upload:
    """For bytes that are at hand already, in the browser door. Raises FileTooLarge."""
    require_role(actor, Role.member)
    return new_upload(file_name).take(parts)


def infer_parts(actor: Actor, upload: Upload, pins: Pins | None = None) -> Proposals:
    """A schema for each table of a file that lies in the storage already; nothing is created."""
    require_role(actor, Role.member)
    proposals: Proposals = call_reader("app.datasets.infer:propose_parts", upload, pins)
    return proposals


def stream_writer(dataset_id: UUID, topic: str, batch_id: int | None) -> "StreamWriter":
    """For a process that does nothing else: it loads the engine. `batch_id`: the one that grew when it stopped."""
    from app.datasets.streams.writer import StreamWriter  # noqa: PLC0415

    return StreamWriter(dataset_id, topic, batch_id)
