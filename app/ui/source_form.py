"""One form for a new source and for a change, with a try before anything is kept."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor
from app.core.errors import AppError
from app.datasets.schemas import Pins
from app.sources import service as sources
from app.sources.schemas import Probe, Source, SourceChange, SourceCreate
from app.ui.page import action, forget_failure, plain, reading, viewer
from app.ui.source_fields import KINDS, kind_words, left_empty, settings_input


def new_source(dataset: str) -> None:
    @st.dialog("New source", width="medium")
    def dialog() -> None:
        new_source_form(viewer(), dataset)

    dialog()


def new_source_form(person: Actor, dataset: str) -> None:
    kinds = [kind for kind in KINDS if kind in sources.KINDS]
    kind = st.selectbox("Where the data comes from", kinds, format_func=kind_words)
    name = st.text_input("Name", f"{dataset} from {kind_words(kind).lower()}", max_chars=120, key=f"name_{kind}")
    typed = settings_input(person, kind, None)
    facts = {"name": name, "kind": kind, "dataset": dataset, "settings": typed, **_limits(None)}
    save, test = _buttons("Save", may=bool(typed))
    wanted = _checked(SourceCreate, facts) if (save or test) and _is_filled_in(kind, typed) else None
    if isinstance(wanted, SourceCreate):
        _keep(person, wanted) if save else try_out(person, wanted)


def change_source(given: Source) -> None:
    @st.dialog("Change source", width="medium")
    def dialog() -> None:
        person = viewer()
        st.caption(kind_words(given.kind))
        name = st.text_input("Name", given.name, max_chars=120)
        typed = settings_input(person, given.kind, given)
        if given.secrets:
            st.caption("Another host, bucket or user needs the secrets again.")
        facts = {"version": given.version, "name": name, "settings": typed, **_limits(given)}
        save, _ = _buttons("Save", may=bool(typed), test=False)
        wanted = _checked(SourceChange, facts) if save and _is_filled_in(given.kind, typed) else None
        if isinstance(wanted, SourceChange):
            forget_failure()
            with action(f"{plain(name)} is saved.") as db:
                sources.change_source(db, person, given.id, wanted)
                st.rerun()

    dialog()


def try_out(person: Actor, wanted: SourceCreate) -> None:
    with st.spinner("Connecting…"), reading() as db:
        try:
            found = sources.check_settings(db, person, wanted)
        except AppError as error:
            found = Probe(ok=False, message=error.message)
    show_probe(found)


def show_probe(found: Probe) -> None:
    if not found.ok:
        st.error(plain(found.message), icon=":material/error:")
        return
    st.success(plain(found.message), icon=":material/check_circle:")
    if found.found:
        st.code("\n".join(found.found), language=None, wrap_lines=True)


def _limits(given: Source | None) -> dict[str, Any]:
    with st.expander("Limits, and how files are read"):
        left, right = st.columns(2)
        items = left.number_input("At most things a pull", 1, 10_000, given.max_items if given else 500)
        size = right.number_input("At most MB a pull", 1, 1_048_576, given.max_mb if given else 2048)
        pins = given.pins if given else Pins()
        encoding = left.text_input("Encoding", pins.encoding or "", placeholder="Guess")
        delimiter = right.text_input("Delimiter", pins.delimiter or "", placeholder="Guess", max_chars=1)
    changed = pins.model_dump() | {"encoding": encoding.strip() or None, "delimiter": delimiter or None}
    return {"max_items": int(items), "max_mb": int(size), "pins": changed}


def _buttons(verb: str, *, may: bool, test: bool = True) -> tuple[bool, bool]:
    with st.container(horizontal=True):
        save = st.button(verb, type="primary", icon=":material/check:", disabled=not may)
        return save, test and st.button("Test", icon=":material/cable:", disabled=not may)


def _is_filled_in(kind: str, typed: dict[str, Any]) -> bool:
    labels = left_empty(kind, typed)
    if labels:
        st.error(f"Fill in: {', '.join(labels)}.", icon=":material/error:")
    return not labels


def _checked(
    kind: type[SourceCreate] | type[SourceChange], facts: dict[str, Any]
) -> SourceCreate | SourceChange | None:
    try:
        return kind.model_validate(facts)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        st.error(plain(f"{where}: {problem['msg'].removeprefix('Value error, ')}"), icon=":material/error:")
        return None


def _keep(person: Actor, wanted: SourceCreate) -> None:
    forget_failure()
    with action(f"{plain(wanted.name)} is saved. Pull it now, or give it a schedule.") as db:
        sources.create_source(db, person, wanted)
        st.rerun()
