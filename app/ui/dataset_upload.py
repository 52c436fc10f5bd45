"""Files in: into a dataset that exists, or into a new one whose schema is read off the file."""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, BinaryIO, cast

import streamlit as st
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role
from app.core.errors import AppError
from app.core.settings import settings
from app.datasets import service as datasets
from app.datasets.schemas import Batch, Dataset, DatasetCreate, DatasetSchema, Pins, Proposal
from app.sharing.schemas import Level, ShareCreate
from app.ui.dataset_grid import column_lines, edit_columns, edit_mode, edit_rules, schema_from
from app.ui.page import action, empty_state, plain
from app.ui.share_dialog import choose_audience

CHOSEN = "dataset"
PIECE = 1 << 20
TYPES = ["csv", "tsv", "txt"]
ENCODINGS = ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "cp1251", "shift_jis", "gb18030", "big5", "euc_kr"]
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}


def pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while part := file.read(PIECE):
        yield part


def pick_files(label: str, *, key: str) -> list[Any]:
    hint = f"CSV text, at most {settings().max_upload_mb} MB each. Drop several at once if they have the same columns."
    files = st.file_uploader(label, type=TYPES, accept_multiple_files=True, key=key, help=hint)
    return cast("list[Any]", files)


def pick_pins(key: str) -> Pins:
    with st.expander("How the file is read"):
        left, right = st.columns(2)
        encoding = left.selectbox("Encoding", ENCODINGS, index=None, placeholder="Guess", key=f"{key}_encoding")
        delimiter = right.selectbox(
            "Delimiter",
            list(DELIMITERS),
            index=None,
            placeholder="Guess",
            format_func=DELIMITERS.__getitem__,
            key=f"{key}_delimiter",
        )
    return Pins.model_validate({"encoding": encoding, "delimiter": delimiter})


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
    pins = pick_pins(f"upload_{dataset.name}")
    if not st.button("Load", type="primary", disabled=not files, icon=":material/upload:"):
        return
    with action(f"{len(files)} file{'s' if len(files) > 1 else ''} on the way.") as db:
        for file in files:
            send(db, person, dataset.name, file, pins)
        st.session_state["upload_turn"] = turn + 1  # an empty picker for the next files
        st.rerun()


def send(db: Session, person: Actor, dataset: str, file: Any, pins: Pins) -> Batch:
    upload = datasets.store_upload(person, file.name, pieces(file))
    try:
        return datasets.receive_file(db, person, dataset, upload, pins)
    except BaseException:
        datasets.discard_upload(upload)
        raise


def new_dataset(person: Actor) -> None:
    files = pick_files("Files for a new dataset", key="new_files")
    pins = pick_pins("new")
    if not files:
        st.caption("The first rows tell the columns and their types. You look at them before anything is stored.")
        return
    proposal = proposed(person, files[0], pins)
    if proposal is None:
        return
    dialect = proposal.dialect
    read_as = f"{dialect.encoding}, separated by {DELIMITERS[dialect.delimiter].lower()}"
    st.caption(
        f"{len(dialect.header)} columns in {plain(files[0].name)}; looked at {proposal.rows_seen:,} rows; {read_as}."
    )
    key = f"new_{files[0].file_id}_{dialect.delimiter}_{dialect.encoding}"
    name = st.text_input("Name of the dataset", suggested_name(files[0].name), max_chars=80, key=f"{key}_name")
    lines = edit_columns(column_lines([one.column for one in proposal.columns], proposal.columns), key=f"{key}_columns")
    with st.expander("Conditions over several columns, loading"):
        mode = edit_mode([line["name"] for line in lines], None, key=key)
        rules = edit_rules([], key=f"{key}_rules")
    share_with = choose_audience(person, key="new_dataset")
    if st.button("Create and load", type="primary", icon=":material/add:"):
        schema = schema_from(lines, rules, mode)
        create_and_load(person, checked(name, schema, share_with), files, pins)


def checked(name: str, schema: DatasetSchema | str, share_with: list[ShareCreate]) -> DatasetCreate | None:
    """None when something is wrong with it, which is then said."""
    if isinstance(schema, str):
        st.error(schema, icon=":material/error:")
        return None
    try:
        return DatasetCreate(name=name.strip(), definition=schema, share_with=share_with)
    except ValidationError:
        st.error("A name has letters, digits, dots, dashes and underscores, and starts with a letter or digit.")
        return None


def create_and_load(person: Actor, new: DatasetCreate | None, files: list[Any], pins: Pins) -> None:
    if new is None:
        return
    with action(f"{new.name} is made, its rows are on the way.") as db:
        datasets.create_dataset(db, person, new)
        for file in files:
            send(db, person, new.name, file, pins)
        st.query_params[CHOSEN] = new.name
        st.rerun()


def proposed(person: Actor, file: Any, pins: Pins) -> Proposal | None:
    """Asked once per file, not at each click."""
    key = f"proposal_{file.file_id}_{pins.encoding}_{pins.delimiter}"
    if key not in st.session_state:
        try:
            with st.spinner("Looking at the first rows"):
                st.session_state[key] = _asked(person, file, pins)
        except AppError as error:
            st.error(plain(error.message), icon=":material/error:")
            return None
    return cast("Proposal", st.session_state[key])


def _asked(person: Actor, file: Any, pins: Pins) -> Proposal:
    upload = datasets.store_upload(person, file.name, pieces(file))
    try:
        return datasets.infer_schema(person, upload, pins)
    finally:
        datasets.discard_upload(upload)


def suggested_name(file_name: str) -> str:
    words = re.sub(r"[^A-Za-z0-9_.-]+", "_", PurePath(file_name).stem).strip("_.-")
    return words.lower() or "dataset"
