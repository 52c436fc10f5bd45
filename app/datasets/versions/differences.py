"""What changed between two definitions, in sentences, and how far it reaches into what is stored."""

from collections.abc import Iterator
from typing import Any, Literal

from app.datasets.columns import precision_of, scale_of
from app.datasets.rules import Column, DatasetSchema

Reach = Literal["nothing", "rules", "shape"]

# In the words of the grid.
WORDS = {
    "type": "type",
    "required": "required",
    "unique": "unique",
    "min": "at least",
    "max": "at most",
    "exclusive_min": "more than",
    "exclusive_max": "less than",
    "min_length": "shortest",
    "max_length": "longest",
    "pattern": "pattern",
    "allowed": "allowed values",
    "decimals": "decimals",
    "formats": "written as",
    "default": "default",
    "transform": "clean up",
    "references": "refers to",
}
SHOWN = 80


def reach(old: DatasetSchema, new: DatasetSchema, renamed: dict[str, str]) -> Reach:
    """`shape`: the stored rows do not fit the new definition. `rules`: they may stay as they are."""
    if old == new and not renamed:
        return "nothing"
    return "rules" if not renamed and _shape(old) == _shape(new) else "shape"


def what_changes(old: DatasetSchema, new: DatasetSchema, renamed: dict[str, str]) -> tuple[Reach, list[str]]:
    """How far it reaches, and in sentences."""
    return reach(old, new, renamed), differences(old, new, renamed)


def _shape(schema: DatasetSchema) -> tuple[Any, ...]:
    columns = [(column.name, column.type, scale_of(column), precision_of(column)) for column in schema.columns]
    return schema.mode, schema.key, columns


def differences(old: DatasetSchema, new: DatasetSchema, renamed: dict[str, str] | None = None) -> list[str]:
    """`renamed`: old name -> new name."""
    renamed = {was: now for was, now in (renamed or {}).items() if was != now}
    return [*_of_columns(old, new, renamed), *_of_rules(old, new), *_of_loading(old, new)]


def _of_columns(old: DatasetSchema, new: DatasetSchema, renamed: dict[str, str]) -> Iterator[str]:
    before = {renamed.get(column.name, column.name): column for column in old.columns}
    after = {column.name: column for column in new.columns}
    for was, now in renamed.items():
        yield f"Column {was} renamed to {now}"
    yield from (f"Column {name} removed" for name in before if name not in after)
    for name, column in after.items():
        if name not in before:
            yield f"Column {name} added ({_described(column)})"
        else:
            yield from _of_column(before[name], column)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield "Columns put in another order"


def _described(column: Column) -> str:
    given = [(WORDS[name], getattr(column, name)) for name in WORDS if name != "type"]
    rules = [words if value is True else f"{words} {_text(value)}" for words, value in given if value not in (None, [])]
    return ", ".join([str(column.type), *(rule for rule in rules if not rule.endswith(" no"))])


def _of_column(old: Column, new: Column) -> Iterator[str]:
    for name, words in WORDS.items():
        was, now = getattr(old, name), getattr(new, name)
        if str(was) != str(now):  # the limits 10 and "10" are one
            yield f"{new.name}: {words} {_text(was)} → {_text(now)}"


def _of_rules(old: DatasetSchema, new: DatasetSchema) -> Iterator[str]:
    before, after = ({rule.name: rule for rule in one.rules} for one in (old, new))
    yield from (f"Condition {name} removed" for name in before if name not in after)
    for name, rule in after.items():
        if name not in before:
            yield f"Condition {name} added: {rule.expression}"
        elif rule.expression != before[name].expression:
            yield f"Condition {name}: {before[name].expression} → {rule.expression}"
        elif rule.message != before[name].message:
            yield f"Condition {name}: other message"


def _of_loading(old: DatasetSchema, new: DatasetSchema) -> Iterator[str]:
    if old.mode != new.mode:
        yield f"A new file: {old.mode} → {new.mode}"
    if old.key != new.key:
        yield f"Key: {_text(old.key)} → {_text(new.key)}"
    if old.max_reject_share != new.max_reject_share:
        yield f"Held back above: {old.max_reject_share:.4g} → {new.max_reject_share:.4g}"


def _text(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = f"{value.dataset}.{value.column}" if hasattr(value, "dataset") else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
