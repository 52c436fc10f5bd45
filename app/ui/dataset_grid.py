"""The grid in which a schema is made and changed: one line per column, lists written with commas."""

import csv
from io import StringIO
from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.datasets.schemas import NUMERIC, Column, ColumnType, DatasetSchema, ProposedColumn, Rule
from app.ui.dataset_column import NUMBERS, NUMBERS_HELP, TRANSFORMS, edit_singly

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
TABLE, SINGLY = "Table", "One by one"
REFERS = "dataset/column: the value must be one that this column of another dataset holds when a file is loaded"
EXPRESSIONS = (
    'Such as `end >= start`, `amount > 0 or currency == "USD"`, `len(name) < 40`, `not is_missing(email)`. '
    'Column names with spaces: `col("order date")`.'
)


def column_lines(
    columns: list[Column], proposed: list[ProposedColumn] | None = None, rows: int = 0
) -> list[dict[str, Any]]:
    """What the grid starts from. `was` is the name that a column has now, so that a new name is a new name for it."""
    seen = {one.column.name: one for one in proposed or []}
    return [_line(column, seen.get(column.name), rows) for column in columns]


def _line(column: Column, seen: ProposedColumn | None, rows: int) -> dict[str, Any]:
    line: dict[str, Any] = {"was": column.name, "name": column.name}
    if seen is not None:
        missing = seen.missing / rows if rows else 0.0
        line |= {"examples": "; ".join(seen.examples), "missing": missing, "distinct": seen.distinct}
    line |= {"type": str(column.type), "required": column.required, "unique": column.unique}
    line |= {name: _text(getattr(column, name)) for name in TEXTS}
    forms = {name: _listed(getattr(column, name) or []) for name in LISTS}
    if column.type in NUMERIC and column.formats:
        forms |= {"formats": "", "numbers": column.formats[0]}
    line |= {"numbers": ""} | forms | {name: getattr(column, name) for name in COUNTS}
    line["transform"] = " ".join(column.transform)
    line["references"] = f"{column.references.dataset}/{column.references.column}" if column.references else ""
    return line


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _listed(values: list[str]) -> str:
    """As in a CSV file: a value that holds a comma stands in quotation marks."""
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue().replace(",", ", ") if not any("," in value for value in values) else text.getvalue()


def edit_columns(lines: list[dict[str, Any]], *, key: str, own: bool = False) -> list[dict[str, Any]]:
    """The lines as they are now. `own`: columns may be named, added and removed, as they are not those of a file."""
    way = st.segmented_control(
        "Edit columns as",
        [TABLE, SINGLY],
        default=TABLE,
        required=True,
        key=f"{key}_way",
        persist_state="page",
        on_change=_keep,
        args=(key,),
        help="One by one fits a phone, and shows only the rules that the type of the column has.",
    )
    if way == TABLE and f"{key}_table" not in st.session_state:  # it was out of sight, in a tab that is closed
        _keep(key)
    base = st.session_state.setdefault(f"{key}_base", lines)
    now = edit_singly(base, key=key, own=own) if way == SINGLY else _table(base, key, own=own)
    st.session_state[f"{key}_now"] = now
    return now


def _keep(key: str) -> None:
    """The other way of editing starts from what was edited."""
    if f"{key}_now" in st.session_state:
        st.session_state[f"{key}_base"] = st.session_state[f"{key}_now"]
    st.session_state.pop(f"{key}_table", None)


def _table(lines: list[dict[str, Any]], key: str, *, own: bool) -> list[dict[str, Any]]:
    frame = st.data_editor(
        lines,
        key=f"{key}_table",
        hide_index=True,
        disabled=["examples", "missing", "distinct", *([] if own else ["name"])],
        num_rows="dynamic" if own else "fixed",
        column_config=_looks(),
        width="stretch",
    )
    return [dict(line) for line in frame if line.get("name")]


def renamed_in(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Old name -> new name."""
    named = [(line.get("was"), line["name"].strip()) for line in lines]
    return {was: name for was, name in named if isinstance(was, str) and was and was != name}


def _looks() -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn("Column", pinned=True, width="medium"),
        "was": None,
        "examples": column.TextColumn("Examples", help="From the first rows of the file"),
        "missing": column.NumberColumn("Missing", format="percent", help="Share of the first rows without a value"),
        "distinct": column.NumberColumn("Different", help="Different values in the first rows"),
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
        "numbers": column.SelectboxColumn("Numbers written as", options=NUMBERS, help=NUMBERS_HELP),
        "formats": column.TextColumn("Date formats", help="Such as %d.%m.%Y; separated by commas. Empty: ISO dates"),
        "default": column.TextColumn("Default", help="Stored when the value is empty"),
        "transform": column.SelectboxColumn("Clean up", options=TRANSFORMS, help="Before all rules"),
        "references": column.TextColumn("Refers to", help=REFERS),
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
    st.caption(EXPRESSIONS)
    if key not in st.session_state:
        st.session_state[f"{key}_base"] = st.session_state.get(f"{key}_now", lines)
    base = st.session_state[f"{key}_base"]
    frame = st.data_editor(base, key=key, num_rows="dynamic", hide_index=True, column_config=looks, width="stretch")
    now = st.session_state[f"{key}_now"] = [dict(line) for line in frame]
    return now


def edit_mode(names: list[str], schema: DatasetSchema | None, *, key: str) -> dict[str, Any]:
    """How files meet what is there, and when a file is held back."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    modes = list(MODES)
    mode = left.selectbox(
        "A new file",
        modes,
        format_func=MODES.__getitem__,
        index=modes.index(schema.mode) if schema else 0,
        key=f"{key}_mode",
        persist_state="page",
        help="With a key: a row takes the place of the stored one with the same values in these columns.",
    )
    chosen = middle.multiselect(
        "Key",
        names,
        default=[one for one in schema.key if one in names] if schema else [],
        key=f"{key}_key",
        persist_state="page",
        placeholder="No key",
    )
    share = right.number_input(
        "Hold back above … % rejected",
        0.0,
        100.0,
        (schema.max_reject_share if schema else 1.0) * 100,
        step=5.0,
        key=f"{key}_share",
        persist_state="page",
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
        if first["type"] == "too_long" and first["loc"] == ("columns",):
            return f"These are {len(lines):,} columns; a dataset has at most {first['ctx']['max_length']:,}."
        text = first["msg"].removeprefix("Value error, ")
        text = text if first["type"] == "value_error" else f"{_place(first['loc'], lines)}: {text}"
        return f"{text[:1].upper()}{text[1:]}."


def _place(path: tuple[str | int, ...], lines: list[dict[str, Any]]) -> str:
    kind, number, *rest = path if len(path) > 1 else (*path, "")
    if kind == "columns" and isinstance(number, int):
        return " ".join(map(str, [f"column {lines[number]['name']!r}", *rest]))
    return ".".join(map(str, path))


def as_edited(schema: DatasetSchema) -> DatasetSchema:
    """As the grid gives it back when nothing was changed: limits are texts there."""
    mode = schema.model_dump(include={"mode", "key", "max_reject_share"})
    same = schema_from(column_lines(schema.columns), [rule.model_dump() for rule in schema.rules], mode)
    return schema if isinstance(same, str) else same


def _rule(line: dict[str, Any]) -> dict[str, str]:
    expression = line["expression"].strip()
    return {"name": line.get("name") or expression[:60], "expression": expression, "message": line.get("message") or ""}


def _column(line: dict[str, Any]) -> dict[str, Any]:
    """Empty cells say nothing."""
    column: dict[str, Any] = {"name": line["name"].strip(), "type": line.get("type") or "text"}
    for name in FIELDS:
        value = line.get(name)
        if value is None or value is False or value == "" or value != value:  # the last: not a number, an empty cell
            continue
        column[name] = _cell(name, value)
    if line.get("numbers"):
        column["formats"] = [line["numbers"], *column.get("formats", [])]
    dataset, _, referred = (line.get("references") or "").partition("/")
    if dataset:
        column["references"] = {"dataset": dataset.strip(), "column": referred.strip()}
    return column


def _cell(name: str, value: Any) -> Any:
    if name in LISTS:
        return [part.strip() for part in next(csv.reader([value], skipinitialspace=True), []) if part.strip()]
    return int(value) if name in COUNTS else value
