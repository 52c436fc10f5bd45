"""What the rules would reject, beside the form in which they are written: looked at again whenever they change."""

from collections.abc import Callable
from typing import Any, cast

import streamlit as st

from app.core.actor import Actor
from app.core.errors import AppError, NotFound
from app.datasets import service as datasets
from app.datasets.schemas import Column, DatasetSchema, Pins, Trial, TrialReason, Upload
from app.ui.page import plain
from app.ui.reject_words import reason_text

# Rules that a column may have, as the grid and the failures name them.
RULES = ("required", "unique", "min", "max", "exclusive_min", "exclusive_max", "min_length", "max_length")
MORE_RULES = ("pattern", "allowed", "references")


def try_on_file(person: Actor, schema: DatasetSchema, pins: Pins, *, key: str, store: Callable[[], Upload]) -> None:
    """The file goes into the storage once and is kept while somebody works on its schema, for a day at most."""

    def ask() -> Trial:
        place = f"{key}_trial_upload"
        if place not in st.session_state:
            st.session_state[place] = store()
        try:
            return datasets.try_schema(person, st.session_state[place], schema, pins)
        except NotFound:
            st.session_state[place] = store()
            return datasets.try_schema(person, st.session_state[place], schema, pins)

    trial = tried(ask, schema, key=key)
    if trial is not None:
        _headline(trial)
        _table(trial, schema)


def tried(ask: Callable[[], Trial], schema: DatasetSchema, *, key: str, salt: str = "") -> Trial | None:
    """Asked once per schema, not at each click. None when it could not be tried, which is then said."""
    place, mark = f"{key}_trial", schema.model_dump_json() + salt
    known = st.session_state.get(place)
    if known is None or known[0] != mark:
        try:
            with st.spinner("Looking what these rules would reject"):
                known = st.session_state[place] = (mark, ask())
        except AppError as error:
            st.warning(plain(error.message), icon=":material/warning:")
            return None
    return cast("Trial", known[1])


def show_change(trial: Trial, schema: DatasetSchema) -> None:
    """Of a schema for rows that are stored already."""
    seen = f"{trial.rows_seen:,} rows" if trial.whole else f"the newest {trial.rows_seen:,} rows"
    gone, back = trial.newly_rejected or 0, trial.newly_stored or 0
    said = f"Of {seen}, {gone:,} would newly be rejected and {back:,} rejected ones would be stored."
    (st.warning if gone else st.info)(said, icon=":material/rule:")
    _table(trial, schema)


def _headline(trial: Trial) -> None:
    seen = "the whole file" if trial.whole else "the first rows"
    share = trial.rows_rejected / trial.rows_seen if trial.rows_seen else 0
    said = f"Looked at {trial.rows_seen:,} rows ({seen}): {trial.rows_rejected:,} would be rejected ({share:.1%})."
    (st.warning if trial.rows_rejected else st.success)(said, icon=":material/rule:")


def _table(trial: Trial, schema: DatasetSchema) -> None:
    """What rejects something. Rules that nothing breaks are counted: a list of zeros hides what matters."""
    found = [one for one in trial.reasons if one.rows]
    kept = [rule for rule in _written(schema) if rule not in {(one.column, one.rule) for one in found}]
    if kept:
        texts = [reason_text(column, rule) for column, rule in kept]
        st.caption(f"Rules that no row breaks: {len(kept)}.", help=plain("; ".join(texts)))
    if not found:
        return
    lines = [
        {
            "Rule": reason_text(one.column, one.rule) + _limit(schema, one),
            "Rejects": one.rows,
            "Share": one.rows / trial.rows_seen if trial.rows_seen else 0.0,
            "Such as": ", ".join(one.examples) or one.message,
        }
        for one in sorted(found, key=lambda one: -one.rows)
    ]
    looks: dict[str, Any] = {
        "Rejects": st.column_config.NumberColumn(format="localized"),
        "Share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
    }
    st.dataframe(lines, hide_index=True, width="stretch", column_config=looks)


def _written(schema: DatasetSchema) -> list[tuple[str, str]]:
    given = [(column.name, rule) for column in schema.columns for rule in (*RULES, *MORE_RULES) if _has(column, rule)]
    types = [(column.name, "type") for column in schema.columns if column.type != "text"]
    return [*given, *types]


def _has(column: Column, rule: str) -> bool:
    return getattr(column, rule) not in (None, False)


def _limit(schema: DatasetSchema, reason: TrialReason) -> str:
    column = next((one for one in schema.columns if one.name == reason.column), None)
    value = getattr(column, reason.rule, None) if reason.rule in RULES[2:] else None
    return f" {value}" if value is not None else ""
