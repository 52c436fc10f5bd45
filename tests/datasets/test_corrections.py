"""Rejected rows go out as a file, are mended in a spreadsheet, and come back."""

import csv
import io
from typing import Any

import pytest

from app.core import db
from app.core.actor import SYSTEM
from app.datasets import service as datasets
from app.datasets.jobs import HANDLERS
from app.datasets.rejects.named import NoCorrections
from app.datasets.rejects.schemas import Replay
from app.datasets.schemas import Batch, DatasetChange, Mend
from app.jobs.work_off import work_off
from tests.datasets.conftest import load, make_dataset, read_batch, rejects_of, rows_of
from tests.datasets.test_bulk_replay import result_of

pytestmark = pytest.mark.usefixtures("database")
SALES = [
    {"name": "id", "required": True, "unique": True},
    {"name": "currency", "required": True, "allowed": ["EUR", "USD"]},
]
FILE = b"id,currency\n1,EUR\n=2,JPY\n3,usd\n4,E,UR\n'=5,XXX\n6,\n"


def downloaded(form: str = "csv") -> list[dict[str, str]]:
    with db.transaction() as session:
        export = datasets.export_rejects(session, SYSTEM, "sales", form)
    return list(csv.DictReader(io.StringIO(b"".join(export.parts()).decode())))


def correct(lines: list[dict[str, Any]], *, dry_run: bool = False, name: str = "mended.csv") -> dict[str, Any]:
    text = io.StringIO()
    sheet = csv.DictWriter(text, list(lines[0]))
    sheet.writeheader()
    sheet.writerows(lines)
    upload = datasets.store_upload(SYSTEM, name, [text.getvalue().encode()])
    with db.transaction() as session:
        started = datasets.correct_rejects(session, SYSTEM, "sales", upload, dry_run=dry_run)
    work_off(HANDLERS)
    return result_of(started.job_id)


def tries_of(batch: Batch, row: int) -> list[Replay]:
    with db.transaction() as session:
        return datasets.reject_history(session, SYSTEM, f"{batch.id}.{row}").tries


def test_the_downloaded_file_changes_nothing_when_it_comes_back_as_it_was() -> None:
    make_dataset("sales", SALES)
    load("sales", FILE)
    lines = downloaded()
    assert [line["raw"] for line in lines] == ["'=2,JPY", "3,usd", "4,E,UR", "''=5,XXX", "6,"]
    result = correct(lines)
    assert (result["checked"], result["unchanged"]) == (0, 5)


def test_mended_records_are_stored_with_their_history_and_the_others_keep_what_was_tried() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    lines = downloaded()
    for line, raw in zip(lines, ["'=2,USD", "3,usd", "4,EUR", "''=5,YYY", "7,USD\n8,USD"], strict=True):
        line["raw"] = raw
    trial = correct(lines, dry_run=True)
    assert (trial["would_pass"], read_batch(batch.id).rows_valid) == (2, 1)
    result = correct(lines)
    assert (result["checked"], result["stored"], result["still_rejected"], result["unchanged"]) == (4, 2, 2, 1)
    assert rows_of("sales") == [["1", "EUR"], ["=2", "USD"], ["4", "EUR"]]
    assert [(one.stored, one.raw) for one in tries_of(batch, 4)] == [(True, "4,EUR")]
    [failed] = tries_of(batch, 5)
    assert (failed.stored, failed.raw, failed.failures[0].rule) == (False, "'=5,YYY", "allowed")
    assert "holds 2 records" in tries_of(batch, 6)[0].failures[0].message


def test_columns_mend_as_well_and_what_does_not_fit_is_told() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    with db.transaction() as session:
        assert datasets.replay_reject(session, SYSTEM, f"{batch.id}.2", Mend(values={"currency": "EUR"})).mended
    rows = [("2", "USD"), ("3", "USD"), ("3", "EUR"), ("99", "EUR"), ("x", "EUR")]
    result = correct([{"batch": batch.id, "row": row, "currency": new, "colour": "red"} for row, new in rows])
    assert (result["stored"], result["ignored_columns"]) == (1, ["colour"])
    assert result["already_mended"] == {"rows": 1, "such_as": [f"{batch.id}.2"]}
    assert result["repeated"] == {"rows": 1, "such_as": [f"{batch.id}.3"]}
    assert result["unknown"] == {"rows": 1, "such_as": [f"{batch.id}.99"]}
    assert result["unreadable"]["rows"] == 1
    assert [(one.stored, one.values) for one in tries_of(batch, 3)] == [(True, {"currency": "USD"})]


def test_a_row_mended_as_a_whole_is_still_mended_after_everything_was_checked_again() -> None:
    make_dataset("sales", SALES)
    batch = load("sales", FILE)
    assert correct([{"batch": batch.id, "row": 4, "raw": "4,EUR"}])["stored"] == 1
    with db.transaction() as session:
        before = datasets.dataset_by_name(session, SYSTEM, "sales")
        columns = [before.definition.columns[0], before.definition.columns[1].model_copy(update={"allowed": ["EUR"]})]
        change = DatasetChange(definition=before.definition.model_copy(update={"columns": columns}), apply="everything")
        datasets.change_dataset(session, SYSTEM, "sales", change)
    work_off(HANDLERS)
    assert rows_of("sales") == [["1", "EUR"], ["4", "EUR"]]
    assert 4 not in [one.row for one in rejects_of(batch)]


@pytest.mark.parametrize(
    ("line", "said"),
    [({"raw": "1,EUR"}, "no column batch and no column row"), ({"batch": 1, "row": 2}, "neither the column raw")],
)
def test_a_file_that_names_no_rows_or_no_texts_is_refused(line: dict[str, Any], said: str) -> None:
    make_dataset("sales", SALES)
    with pytest.raises(NoCorrections, match=said):
        correct([line])
