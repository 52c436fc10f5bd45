"""One column at a time, with the rules that its type has: for phones, and for whoever writes one rule with care."""

from typing import Any

import streamlit as st

from app.datasets.schemas import DECIMAL_COMMA, NUMERIC, ColumnType

TRANSFORMS = ["", "trim", "upper", "lower", "trim upper", "trim lower"]
NUMBERS = ["", *DECIMAL_COMMA]
NUMBERS_HELP = (
    "How numbers stand in text files such as CSV: 1234,56, 1.234,56 or 1 234,56. Empty: 1234.56. Workbooks, JSON and "
    "Parquet need nothing here. Limits and allowed values are always written like 1234.56."
)
ORDERED = ("integer", "decimal", "number", "date", "timestamp")
LABELS = {
    "min": ("At least", "A number, an ISO date, now or today"),
    "max": ("At most", "A number, an ISO date, now or today"),
    "exclusive_min": ("More than", None),
    "exclusive_max": ("Less than", None),
    "pattern": ("Pattern", "A regular expression; ^ and $ for the whole value"),
    "numbers": ("Numbers written as", NUMBERS_HELP),
    "formats": ("Date formats", "Such as %d.%m.%Y; separated by commas. Empty: ISO dates"),
    "allowed": ("Allowed values", "Separated by commas"),
    "default": ("Default", "Stored when the value is empty"),
    "references": ("Refers to", "dataset/column of another dataset, which must hold the value when a file is loaded"),
    "decimals": ("Decimals", "Digits after the point"),
    "min_length": ("Shortest", "Characters"),
    "max_length": ("Longest", "Characters"),
}
COUNTS = ("decimals", "min_length", "max_length")
NEW: dict[str, Any] = {"was": None, "name": "", "type": "text", "required": False, "unique": False}


def edit_singly(lines: list[dict[str, Any]], *, key: str, own: bool) -> list[dict[str, Any]]:
    """Each change goes into the lines at once, because the fields of a column are gone when another one is chosen."""
    places = range(len(lines))
    chosen = st.selectbox(
        "Column", places, format_func=lambda place: lines[place]["name"] or "New column", key=f"{key}_chosen"
    )
    if chosen is None or chosen >= len(lines):
        chosen = 0
    if own:
        _add_or_remove(lines, chosen, key)
    if lines:
        lines[chosen] = lines[chosen] | _fields(lines[chosen], f"{key}_{chosen}_{lines[chosen]['was']}", own=own)
    return [dict(line) for line in lines if line["name"]]


def _add_or_remove(lines: list[dict[str, Any]], chosen: int, key: str) -> None:
    with st.container(horizontal=True):
        if st.button("Add a column", icon=":material/add:", key=f"{key}_add"):
            lines.append(dict(NEW))
            st.session_state.pop(f"{key}_chosen")
            st.session_state[f"{key}_chosen"] = len(lines) - 1
            st.rerun()
        if len(lines) > 1 and st.button("Remove this column", icon=":material/delete:", key=f"{key}_remove"):
            del lines[chosen]
            st.rerun()


def _fields(line: dict[str, Any], key: str, *, own: bool) -> dict[str, Any]:
    new: dict[str, Any] = {}
    if own:
        new["name"] = st.text_input("Name", line["name"], key=f"{key}_name", max_chars=63)
    if line.get("examples"):
        missing = f"{line['missing']:.0%} missing" if line.get("missing") else "none missing"
        st.caption(f"Such as {line['examples']} · {line['distinct']:,} different · {missing}".replace("$", "\\$"))
    kinds = [str(kind) for kind in ColumnType]
    kind = new["type"] = st.selectbox("Type", kinds, kinds.index(line["type"]), key=f"{key}_type")
    with st.container(horizontal=True):
        new["required"] = st.checkbox("Required", line["required"], key=f"{key}_required")
        new["unique"] = st.checkbox("Unique", line["unique"], key=f"{key}_unique")
    left, right = st.columns(2)
    for place, name in enumerate(_rules_of(kind)):
        new[name] = _field(left if place % 2 == 0 else right, name, line.get(name), key)
    clean = line.get("transform") or ""
    new["transform"] = st.selectbox(
        "Clean up",
        TRANSFORMS,
        TRANSFORMS.index(clean) if clean in TRANSFORMS else 0,
        format_func=lambda way: way or "Leave it as it is",
        key=f"{key}_transform",
    )
    return dict.fromkeys(LABELS) | new


def _rules_of(kind: str) -> list[str]:
    names = ["min", "max", "exclusive_min", "exclusive_max"] if kind in ORDERED else []
    names += ["min_length", "max_length", "pattern"] if kind == "text" else []
    names += ["decimals"] if kind == "decimal" else []
    names += ["numbers"] if kind in NUMERIC else []
    names += ["formats"] if kind in ("date", "timestamp") else []
    return [*names, "allowed", "default", *(["references"] if kind not in ("number", "boolean") else [])]


def _field(place: Any, name: str, value: Any, key: str) -> Any:
    label, words = LABELS[name]
    if name in COUNTS:
        least = 1 if name == "max_length" else 0
        number = None if value is None or value != value else int(value)
        return place.number_input(label, least, value=number, step=1, help=words, key=f"{key}_{name}")
    if name == "numbers":
        at = NUMBERS.index(value) if value in NUMBERS else 0
        return place.selectbox(
            label, NUMBERS, at, format_func=lambda form: form or "1234.56", help=words, key=f"{key}_{name}"
        )
    return place.text_input(label, value or "", help=words, key=f"{key}_{name}")
