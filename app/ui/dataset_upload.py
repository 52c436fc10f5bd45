"""Files in: what is picked, how it is read, and the form below a dataset that exists."""

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import streamlit as st
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import Dataset, Dialect, Pins, Proposals, Received, Refused, Upload
from app.sharing.schemas import Level
from app.ui.page import action, empty_state, plain

CHOSEN = "dataset"
SKIPPED = "upload_skipped"
PIECE = 1 << 20
TYPES = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "xlsx", "xlsm", "xls", "ods", "parquet", "gz", "zip"]
SEVERAL = (".xlsx", ".xlsm", ".xls", ".ods", ".zip", ".gz")
ENCODINGS = ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "cp1251", "shift_jis", "gb18030", "big5", "euc_kr"]
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
SOURCES = {
    "csv": "CSV",
    "ndjson": "JSON lines",
    "json": "JSON",
    "xlsx": "Excel workbook",
    "xls": "old Excel workbook",
    "ods": "OpenDocument workbook",
    "parquet": "Parquet",
}
PACKED = {"gzip": "packed with gzip", "zip": "from a ZIP archive"}


def pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while part := file.read(PIECE):
        yield part


def pick_files(label: str, *, key: str) -> list[Any]:
    hint = (
        "CSV, TSV, JSON, Excel, OpenDocument or Parquet, also packed with gzip or ZIP; "
        f"at most {settings().max_upload_mb} MB each. Drop several at once if you like."
    )
    files = st.file_uploader(label, type=TYPES, accept_multiple_files=True, key=key, help=hint)
    return cast("list[Any]", files)


def pick_pins(key: str) -> Pins:
    """What is left open is guessed. A delimiter may also be typed."""
    with st.expander("How text files are read"):
        left, right = st.columns(2)
        encoding = left.selectbox(
            "Encoding", ENCODINGS, index=None, placeholder="Guess", accept_new_options=True, key=f"{key}_encoding"
        )
        delimiter = right.selectbox(
            "Delimiter",
            list(DELIMITERS),
            index=None,
            placeholder="Guess, or type one sign",
            accept_new_options=True,
            format_func=lambda sign: DELIMITERS.get(sign, sign),
            key=f"{key}_delimiter",
        )
        points = st.checkbox(
            "Decimal points only",
            key=f"{key}_points",
            help="For a file that writes 1234.56 though columns of the dataset say 1234,56 or 1.234,56, such as one "
            "that was downloaded here.",
        )
        pins = {"encoding": encoding, "delimiter": delimiter, "numbers": "1234.56" if points else None}
        try:
            return Pins.model_validate(pins)
        except ValidationError:
            st.error(f"{plain(str(delimiter))} cannot separate columns. Use one sign that is no letter or digit.")
            return Pins(encoding=encoding)


def read_as(dialect: Dialect) -> str:
    """What was recognised, in words."""
    words = [SOURCES.get(dialect.source, dialect.source), *(PACKED[one] for one in dialect.packed)]
    if dialect.sheet:
        words.append(f"sheet {dialect.sheet}")
    if dialect.source in ("csv", "ndjson"):
        words.append(dialect.encoding)
    if dialect.source == "csv":
        words.append(f"separated by {DELIMITERS.get(dialect.delimiter, dialect.delimiter).lower()}")
    return plain(", ".join(words))


def load_into(person: Actor, dataset: Dataset) -> None:
    """The form below an existing dataset."""
    if not person.role.includes(Role.member):
        empty_state("lock", "Only members load data", "Ask an administrator for the role member.")
        return
    if dataset.level is not Level.edit:
        empty_state(
            "lock", "Shared with you to look at", "Ask its owner to let you edit, should you have files for it."
        )
        return
    turn = st.session_state.setdefault("upload_turn", 0)
    files = pick_files(f"Files for {dataset.name}", key=f"upload_{dataset.name}_{turn}")
    if not files:
        show_skipped(dataset.name)
    pins = pick_pins(f"upload_{dataset.name}")
    parts = {file.file_id: pick_parts(person, file, pins) for file in files}
    if not st.button("Load", type="primary", disabled=not files, icon=":material/upload:"):
        return
    with action(f"{len(files)} file{'s' if len(files) > 1 else ''} on the way.") as db:
        skipped: list[str] = []
        for file in files:
            skipped += said(file, send(db, person, dataset.name, file, pins, parts[file.file_id]).skipped)
        st.session_state[SKIPPED] = (dataset.name, skipped)
        st.session_state["upload_turn"] = turn + 1  # an empty picker for the next files
        st.rerun()


def pick_parts(person: Actor, file: Any, pins: Pins) -> list[str]:
    """Sheets of a workbook or files of an archive; none chosen means all that fit."""
    if not file.name.lower().endswith(SEVERAL):
        return []
    found = proposed(person, file, pins)
    names = [one.part for one in found.parts] if found else []
    names += [one.part for one in found.skipped] if found else []
    if len(names) < 2:
        return []
    return st.multiselect(
        f"Tables of {plain(file.name)}", names, placeholder="All that fit", key=f"parts_{file.file_id}"
    )


def send(db: Session, person: Actor, dataset: str, file: Any, pins: Pins, parts: list[str] | None = None) -> Received:
    """`parts`: only these of its tables."""
    upload = store(person, file)
    wanted: list[str | None] = [*parts] if parts else [None]
    try:
        received = [
            datasets.receive_parts(db, person, dataset, upload, pins.model_copy(update={"part": part}))
            for part in wanted
        ]
    except BaseException:
        datasets.discard_upload(upload)
        raise
    return Received(
        batches=[batch for one in received for batch in one.batches],
        skipped=[refused for one in received for refused in one.skipped],
    )


def store(person: Actor, file: Any) -> Upload:
    return datasets.store_upload(person, file.name, pieces(file))


def said(file: Any, skipped: list[Refused]) -> list[str]:
    return [plain(f"{file.name}, {one.part}: {one.reason}") for one in skipped]


def show_skipped(dataset: str) -> None:
    """What the last load left out, until the next one."""
    name, texts = st.session_state.get(SKIPPED, ("", []))
    for text in texts if name == dataset else []:
        st.warning(text, icon=":material/warning:")


def proposed(person: Actor, file: Any, pins: Pins) -> Proposals | None:
    """Asked once per file, not at each click. What is wrong with the file is said."""
    key = f"proposal_{file.file_id}_{pins.encoding}_{pins.delimiter}_{pins.numbers}"
    if key not in st.session_state:
        try:
            with st.spinner(f"Looking at {plain(file.name)}"):
                st.session_state[key] = _asked(person, file, pins)
        except AppError as error:
            text = error.message if file.name in error.message else f"{file.name}: {error.message}"
            st.error(plain(text), icon=":material/error:")
            return None
    return cast("Proposals", st.session_state[key])


def _asked(person: Actor, file: Any, pins: Pins) -> Proposals:
    upload = store(person, file)
    try:
        return datasets.infer_parts(person, upload, pins)
    finally:
        datasets.discard_upload(upload)
