"""New datasets: a schema is read off each table of the files, looked at, and then everything is loaded."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.datasets import service as datasets
from app.datasets.schemas import ColumnType, DatasetCreate, DatasetSchema, Pins, Proposal, Upload
from app.sharing.schemas import ShareCreate
from app.ui.dataset_grid import column_lines, edit_columns, edit_mode, edit_rules, schema_from
from app.ui.dataset_trial import try_on_file
from app.ui.dataset_upload import (
    CHOSEN,
    SKIPPED,
    pick_files,
    pick_pins,
    proposed,
    read_as,
    said,
    send,
    store,
)
from app.ui.page import action, plain, reading
from app.ui.share_dialog import choose_audience

EACH, TOGETHER = "A dataset for each table", "One dataset of all"
SHOWN = 30
KIND_WORDS = {
    ColumnType.boolean: "true or false",
    ColumnType.integer: "whole numbers",
    ColumnType.decimal: "decimal numbers",
    ColumnType.number: "numbers",
    ColumnType.date: "dates",
    ColumnType.timestamp: "dates with a time",
}
NAME_HINT = "A name has letters, digits, dots, dashes and underscores, and starts with a letter or digit."


@dataclass(frozen=True)
class Table:
    """One of the tables in the files."""

    file: Any
    proposal: Proposal
    name: str

    @property
    def key(self) -> str:
        dialect = self.proposal.dialect
        return f"new_{self.file.file_id}_{self.proposal.part}_{dialect.delimiter}_{dialect.encoding}{dialect.numbers}"

    @property
    def title(self) -> str:
        part = self.proposal.part
        return plain(f"{self.file.name}, {part}" if part else self.file.name)

    @property
    def seen(self) -> str:
        dialect = self.proposal.dialect
        rows, columns = self.proposal.rows_seen, len(dialect.header)
        counted = f"{columns:,} column{'s' * (columns != 1)}"
        return f"{counted} in {self.title}; looked at {rows:,} row{'s' * (rows != 1)}; {read_as(dialect)}."


def new_dataset(person: Actor) -> None:
    turn = st.session_state.setdefault("new_turn", 0)
    files = pick_files("Files for a new dataset", key=f"new_files_{turn}")
    pins = pick_pins("new")
    if not files:
        st.caption("The first rows tell the columns and their types. You look at them before anything is stored.")
        return
    tables, skipped = _tables(person, files, pins)
    for text in skipped:
        st.warning(text, icon=":material/warning:")
    if not tables:
        return
    if len(tables) > 1 and _make(tables) == EACH:
        _each(person, tables)
    else:
        _one(person, tables, pins)


def _tables(person: Actor, files: list[Any], pins: Pins) -> tuple[list[Table], list[str]]:
    """With names that are free, and different from each other."""
    tables: list[Table] = []
    skipped: list[str] = []
    names: set[str] = set()
    for file in files:
        found = proposed(person, file, pins)
        skipped += said(file, found.skipped) if found else []
        for proposal in found.parts if found else []:
            with reading() as db:
                wanted = datasets.suggested_name(file.name, proposal, several=len(found.parts) > 1 if found else False)
                name = datasets.free_name(db, wanted, names)
            names.add(name)
            tables.append(Table(file, proposal, name))
    return tables, skipped


def _make(tables: list[Table]) -> str:
    """Together only if they have the same columns."""
    headers = {tuple(sorted(name.casefold() for name in table.proposal.dialect.header)) for table in tables}
    options = [EACH, TOGETHER] if len(headers) == 1 else [EACH]
    return st.radio(f"{len(tables)} tables", options, horizontal=True, key="new_make") if len(options) > 1 else EACH


def _one(person: Actor, tables: list[Table], pins: Pins) -> None:
    first = tables[0]
    st.caption(first.seen)
    _say_what_is_nearly(first.proposal)
    name = st.text_input("Name of the dataset", first.name, max_chars=80, key=f"{first.key}_name")
    lines = _columns(first)
    with st.expander("Conditions over several columns, loading"):
        mode = edit_mode([line["name"] for line in lines], None, key=first.key)
        rules = edit_rules([], key=f"{first.key}_rules")
    schema = schema_from(lines, rules, mode)
    if isinstance(schema, str):
        st.error(plain(schema), icon=":material/error:")
    else:
        own = pins.model_copy(update={"part": first.proposal.part or None})
        try_on_file(person, schema, own, key=first.key, store=lambda: store(person, first.file))
    share_with = choose_audience(person, key="new_dataset")
    bad = isinstance(schema, str)
    if not st.button("Create and load", type="primary", disabled=bad, icon=":material/add:"):
        return
    new = checked(name, schema, share_with)
    if new is None:
        return
    with action(f"{new.name} is made, its rows are on the way.") as db:
        datasets.create_dataset(db, person, new)
        skipped: list[str] = []
        for file in {table.file.file_id: table.file for table in tables}.values():
            parts = [table.proposal.part for table in tables if table.file is file and table.proposal.part]
            skipped += said(file, send(db, person, new.name, file, pins, parts).skipped)
        st.session_state[SKIPPED] = (new.name, skipped)
        st.query_params[CHOSEN] = new.name
        st.rerun()


def _say_what_is_nearly(proposal: Proposal) -> None:
    for one in proposal.columns:
        if one.nearly is None:
            continue
        examples = ", ".join(plain(f"“{text[:SHOWN]}”") for text in one.nearly.examples)
        st.info(
            f"**{plain(one.column.name)}** would be {KIND_WORDS[one.nearly.type]} but for {one.nearly.misfits:,} of "
            f"{proposal.rows_seen:,} rows: {examples}. As text they are stored; choose the type {one.nearly.type} to "
            "reject them.",
            icon=":material/lightbulb:",
        )


def _each(person: Actor, tables: list[Table]) -> None:
    chosen: list[tuple[Table, str, list[dict[str, Any]]]] = []
    for table in tables:
        with st.container(border=True, gap="small"):
            wanted = st.checkbox(f"Load {table.title}", value=True, key=f"{table.key}_wanted")
            if wanted:
                name = st.text_input("Name of the dataset", table.name, max_chars=80, key=f"{table.key}_name")
                st.caption(table.seen)
                _say_what_is_nearly(table.proposal)
                with st.expander("Columns"):
                    chosen.append((table, name, _columns(table)))
    share_with = choose_audience(person, key="new_dataset")
    count = f"{len(chosen)} dataset{'' if len(chosen) == 1 else 's'}"
    if not st.button(f"Create {count} and load", type="primary", disabled=not chosen, icon=":material/add:"):
        return
    news = [checked(name, schema_from(lines, [], {"mode": "append"}), share_with) for _, name, lines in chosen]
    if not all(news):
        return
    with action(f"{count} made, the rows are on the way.") as db:
        _create(db, person, [(table, new) for (table, _, _), new in zip(chosen, news, strict=True) if new])
        st.session_state["new_turn"] += 1
        st.rerun()


def _create(db: Session, person: Actor, chosen: list[tuple[Table, DatasetCreate]]) -> None:
    uploads: dict[str, Upload] = {}
    try:
        for table, new in chosen:
            if table.file.file_id not in uploads:
                uploads[table.file.file_id] = store(person, table.file)
            datasets.create_dataset(db, person, new)
            known = (table.proposal.part, table.proposal.dialect)
            datasets.receive_known(db, person, new.name, uploads[table.file.file_id], *known)
    except BaseException:
        for upload in uploads.values():
            datasets.discard_upload(upload)
        raise


def _columns(table: Table) -> list[dict[str, Any]]:
    columns = table.proposal.columns
    lines = column_lines([one.column for one in columns], columns, table.proposal.rows_seen)
    return edit_columns(lines, key=f"{table.key}_columns")


def checked(name: str, schema: DatasetSchema | str, share_with: list[ShareCreate]) -> DatasetCreate | None:
    """None when something is wrong with it, which is then said."""
    if isinstance(schema, str):
        st.error(plain(schema), icon=":material/error:")
        return None
    try:
        return DatasetCreate(name=name.strip(), definition=schema, share_with=share_with)
    except ValidationError:
        st.error(plain(f"{name or 'Nothing'} cannot be a name. {NAME_HINT}"), icon=":material/error:")
        return None
