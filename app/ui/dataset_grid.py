"""The grid in which a schema is made and changed: one line per column, lists written with commas."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.datasets.schemas import Column, ColumnType, DatasetSchema, ProposedColumn, Rule

TRANSFORMS = ["", "trim", "upper", "lower", "trim upper", "trim lower"]
LISTS = ("allowed", "formats")
MODES = {
    "append": "Add to what is there",
    "replace": "Replace what is there",
    "upsert": "Replace rows with the same key",
}
LIMITS = ("min", "max", "exclusive_min", "exclusive_max")
TEXTS = (*LIMITS, "pattern", "default")
COUNTS = ("decimals", "min_length", "max_length")
FIELDS = ("required", "unique", *TEXTS, "allowed", *COUNTS, "formats", "transform")


def column_lines(columns: list[Column], proposed: list[ProposedColumn] | None = None) -> list[dict[str, Any]]:
    """What the grid starts from."""
    examples = {one.column.name: ", ".join(one.examples) for one in proposed or []}
    return [_line(column, examples.get(column.name)) for column in columns]


def _line(column: Column, examples: str | None) -> dict[str, Any]:
    line: dict[str, Any] = {"name": column.name}
    if examples is not None:
        line["examples"] = examples
    line |= {"type": str(column.type), "required": column.required, "unique": column.unique}
    line |= {name: _text(getattr(column, name)) for name in TEXTS}
    line |= {name: ", ".join(getattr(column, name) or []) for name in LISTS}
    line |= {name: getattr(column, name) for name in COUNTS}
    line["transform"] = " ".join(column.transform)
    return line


def _text(value: object) -> str:
    return "" if value is None else str(value)


def edit_columns(lines: list[dict[str, Any]], *, key: str, fixed: bool = False) -> list[dict[str, Any]]:
    """The lines as they are now. `fixed`: there are rows, so names, types and decimals stay."""
    kept = ["name", "examples", *(["type", "decimals"] if fixed else [])]
    frame = st.data_editor(lines, key=key, hide_index=True, disabled=kept, column_config=_looks(), width="stretch")
    return [dict(line) for line in frame]


def _looks() -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn("Column", pinned=True, width="medium"),
        "examples": column.TextColumn("Examples", help="From the first rows of the file"),
        "type": column.SelectboxColumn("Type", options=[str(kind) for kind in ColumnType], required=True),
        "required": column.CheckboxColumn("Required", help="A row without a value is rejected"),
        "unique": column.CheckboxColumn("Unique", help="A value that was there before in the same file is rejected"),
        "min": column.TextColumn("At least", help="A number, an ISO date, now or today"),
        "max": column.TextColumn("At most", help="A number, an ISO date, now or today"),
        "exclusive_min": column.TextColumn("More than"),
        "exclusive_max": column.TextColumn("Less than"),
        "allowed": column.TextColumn("Allowed values", help="Separated by commas"),
        "pattern": column.TextColumn("Pattern", help="A regular expression; ^ and $ for the whole value"),
        "decimals": column.NumberColumn("Decimals", min_value=0, max_value=18, step=1),
        "min_length": column.NumberColumn("Shortest", min_value=0, step=1, help="Characters"),
        "max_length": column.NumberColumn("Longest", min_value=1, step=1, help="Characters"),
        "formats": column.TextColumn("Date formats", help="Such as %d.%m.%Y; separated by commas. Empty: ISO dates"),
        "default": column.TextColumn("Default", help="Stored when the value is empty"),
        "transform": column.SelectboxColumn("Clean up", options=TRANSFORMS, help="Before all rules"),
    }


def edit_rules(rules: list[Rule], *, key: str) -> list[dict[str, Any]]:
    """Conditions over several columns, such as end >= start."""
    lines = [rule.model_dump() for rule in rules] or [{"name": "", "expression": "", "message": ""}]
    column = st.column_config
    looks = {
        "name": column.TextColumn("Name"),
        "expression": column.TextColumn("Condition that good rows fulfil", width="large"),
        "message": column.TextColumn("Message", width="medium"),
    }
    frame = st.data_editor(lines, key=key, num_rows="dynamic", hide_index=True, column_config=looks, width="stretch")
    return [dict(line) for line in frame]


def edit_mode(names: list[str], schema: DatasetSchema | None, *, key: str, fixed: bool = False) -> dict[str, Any]:
    """How files meet what is there, and when a file is held back."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    modes = list(MODES)
    mode = left.selectbox(
        "A new file",
        modes,
        format_func=MODES.__getitem__,
        index=modes.index(schema.mode) if schema else 0,
        key=f"{key}_mode",
        disabled=fixed,
        help="Cannot be changed while there are rows." if fixed else None,
    )
    chosen = middle.multiselect(
        "Key", names, default=schema.key if schema else [], key=f"{key}_key", disabled=fixed, placeholder="No key"
    )
    share = right.number_input(
        "Hold back above … % rejected",
        0.0,
        100.0,
        (schema.max_reject_share if schema else 1.0) * 100,
        step=5.0,
        key=f"{key}_share",
        help="A file of which more is rejected is held: it waits for somebody to release or undo it. 100: never.",
    )
    return {"mode": mode, "key": chosen, "max_reject_share": share / 100}


def schema_from(lines: list[dict[str, Any]], rules: list[dict[str, Any]], mode: dict[str, Any]) -> DatasetSchema | str:
    """The schema, or a sentence that says what is wrong with it."""
    try:
        return DatasetSchema.model_validate(
            {
                "columns": [_column(line) for line in lines],
                "rules": [_rule(line) for line in rules if (line.get("expression") or "").strip()],
                **mode,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        text = first["msg"].removeprefix("Value error, ")
        return f"{text[:1].upper()}{text[1:]}." if first["type"] == "value_error" else f"{first['loc']}: {text}"


def _rule(line: dict[str, Any]) -> dict[str, str]:
    expression = line["expression"].strip()
    return {"name": line.get("name") or expression[:60], "expression": expression, "message": line.get("message") or ""}


def _column(line: dict[str, Any]) -> dict[str, Any]:
    """Empty cells say nothing."""
    column: dict[str, Any] = {"name": line["name"], "type": line["type"]}
    for name in FIELDS:
        value = line.get(name)
        if value is None or value is False or value == "" or value != value:  # the last: not a number, an empty cell
            continue
        column[name] = _cell(name, value)
    return column


def _cell(name: str, value: Any) -> Any:
    if name in LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    return int(value) if name in COUNTS else value
