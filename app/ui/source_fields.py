"""The fields of a source, by its kind, and what was typed into them."""

from typing import Any

import streamlit as st

from app.core.actor import Actor
from app.queries import service as queries
from app.sources import service as sources
from app.sources.schemas import Source
from app.sources.service import FieldSpec
from app.ui.page import plain, reading

KINDS = {
    "folder": "Folder on the server",
    "https": "Web address",
    "s3": "S3-compatible storage",
    "query": "Query to other datasets",
    "sql": "SQL database",
    "imap": "Attachments in a mailbox",
    "kafka": "Kafka topic",
}
ICONS = {
    "folder": "folder",
    "https": "language",
    "s3": "cloud",
    "query": "function",
    "sql": "database",
    "imap": "mail",
    "kafka": "stream",
}
RARE = {"ca_pem", "session_token", "cursor_field", "cursor_parameter", "rows_field", "max_rows", "seconds"}
MOST_QUERIES = 200


def kind_words(kind: str) -> str:
    return KINDS.get(kind, kind)


def settings_input(person: Actor, kind: str, given: Source | None) -> dict[str, Any]:
    """Secrets that stay empty are left out: what is kept stays."""
    if kind == "query" and not (given and given.settings.get("question")):
        return _query(person, given)
    specs = [spec for spec in sources.fields_of(kind) if spec.shape != "other"]
    typed: dict[str, Any] = {}
    for spec in (one for one in specs if one.name not in RARE):
        typed |= _field(spec, given)
    if rare := [one for one in specs if one.name in RARE]:
        with st.expander("More settings"):
            for spec in rare:
                typed |= _field(spec, given)
    if given and given.settings.get("question"):
        typed["question"] = given.settings["question"]
    return typed


def left_empty(kind: str, typed: dict[str, Any]) -> list[str]:
    """The labels of fields that must be filled in and are not."""
    return [spec.label for spec in sources.fields_of(kind) if spec.required and typed.get(spec.name, "kept") == ""]


def _query(person: Actor, given: Source | None) -> dict[str, Any]:
    with reading() as db:
        found = {one.id: one.name for one in queries.queries_page(db, person, limit=MOST_QUERIES).items}
    if not found:
        st.info("There is no saved query yet. Make one under Queries first.", icon=":material/function:")
        return {}
    now = next((one for one in found if given and str(one) == given.settings.get("query_id")), None)
    options = list(found)
    chosen = st.selectbox("Saved query", options, options.index(now) if now else 0, format_func=found.__getitem__)
    return {"query_id": str(chosen), "max_rows": given.settings.get("max_rows", 1_000_000) if given else 1_000_000}


def _field(spec: FieldSpec, given: Source | None) -> dict[str, Any]:
    now = given.settings.get(spec.name, spec.default) if given else spec.default
    value: Any
    if spec.shape == "flag":
        value = st.checkbox(spec.label, bool(now), help=spec.help or None)
    elif spec.shape == "number":
        value = int(st.number_input(spec.label, spec.least, spec.most, int(now or 0), help=spec.help or None))
    elif spec.shape == "choice":
        at = spec.choices.index(now) if now in spec.choices else 0
        value = st.selectbox(spec.label, spec.choices, at, help=spec.help or None)
    elif spec.shape == "text":
        value = st.text_area(spec.label, now or "", help=spec.help or None)
    elif spec.shape in ("secret", "secrets"):
        return _secret(spec, given)
    else:
        value = st.text_input(spec.label, "" if now is None else str(now), help=spec.help or None).strip()
        if not value and spec.default is None and not spec.required:
            return {}
    return {spec.name: value}


def _secret(spec: FieldSpec, given: Source | None) -> dict[str, Any]:
    kept = [name for name in (given.secrets if given else []) if name.split(".")[0] == spec.name]
    hint = "Leave empty to keep the present one." if kept else spec.help or None
    if spec.shape == "secret":
        value = st.text_input(spec.label, type="password", help=hint, autocomplete="new-password")
        return {spec.name: value} if value or not kept else {}
    left, right = st.columns(2)
    names = ", ".join(name.partition(".")[2] for name in kept)
    name = left.text_input(spec.label, names if len(kept) == 1 else "", placeholder="Authorization", help=spec.help)
    value = right.text_input("Its value", type="password", help=hint, autocomplete="new-password")
    if len(kept) > 1:
        st.caption(f"Kept: {plain(names)}. A new value takes the place of all of them.")
    if value:
        return {spec.name: {name.strip(): value}}
    if name.strip() and name.strip() not in names.split(", "):
        st.caption(":orange[:material/warning: It is left out as long as it has no value.]")
    return {} if kept else {spec.name: {}}
