"""A QuerySpec as one SELECT. Names are checked and quoted, values are bound: nothing a person typed becomes SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from app.core.errors import Invalid
from app.queries.periods import Period
from app.queries.schemas import Bucket, Filter, Group, Measure, Op, QuerySpec, ResultColumn, Source

NUMERIC = {"integer", "decimal", "number"}
DATED = {"date", "timestamp"}
COMPARISONS = {Op.eq: "=", Op.ne: "<>", Op.lt: "<", Op.le: "<=", Op.gt: ">", Op.ge: ">="}


class UnknownColumn(Invalid):
    """The dataset has no such column."""


class UnfitColumn(Invalid):
    """This column cannot be used like this."""


class UnfitValue(Invalid):
    """This value does not fit the column."""


@dataclass(frozen=True)
class Statement:
    sql: str
    values: list[Any]
    columns: list[ResultColumn]


def build_sql(spec: QuerySpec, source: Source) -> Statement:
    """Asks for one row more than the limit, so that the caller can tell that there are more."""
    types = dict(source.columns)
    outputs = _outputs(spec, types)
    values: list[Any] = []
    lines = [f"SELECT {', '.join(f'{sql} AS {quote(column.name)}' for sql, column in outputs)}"]
    lines.append(f"FROM {_rows_that_count(source)}")
    if conditions := [_condition(each, types, values) for each in spec.filters]:
        lines.append("WHERE " + "\n  AND ".join(conditions))
    if spec.group_by:
        lines.append(f"GROUP BY {', '.join(str(place + 1) for place in range(len(spec.group_by)))}")
    if order := _order(spec, [column for _, column in outputs]):
        lines.append(f"ORDER BY {order}")
    lines.append(f"LIMIT {spec.limit + 1}")
    return Statement("\n".join(lines), values, [column for _, column in outputs])


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rows_that_count(source: Source) -> str:
    if not source.key or len(source.files) < 2:
        return quote(source.dataset)
    key = ", ".join(quote(name) for name in source.key)
    newest = f'row_number() OVER (PARTITION BY {key} ORDER BY "_batch" DESC) = 1'
    return f"(SELECT * FROM {quote(source.dataset)} QUALIFY {newest})"  # noqa: S608  names are quoted


def _outputs(spec: QuerySpec, types: dict[str, str]) -> list[tuple[str, ResultColumn]]:
    if spec.aggregates:
        outputs = [_group(group, types) for group in spec.group_by] + [_measure(each, types) for each in spec.measures]
    else:
        outputs = [_plain(name, types) for name in spec.columns or list(types)]
    seen: set[str] = set()
    for _, column in outputs:
        if column.name in seen:
            raise UnfitColumn(f'Two columns of the answer are called "{column.name}"; give one another name with "as".')
        seen.add(column.name)
    return outputs


def _plain(name: str, types: dict[str, str]) -> tuple[str, ResultColumn]:
    return _reference(name, types), ResultColumn(name=name, type=types[name])


def _group(group: Group, types: dict[str, str]) -> tuple[str, ResultColumn]:
    reference = _reference(group.column, types)
    kind = types[group.column]
    if group.bucket is None:
        return reference, ResultColumn(name=group.output, type=kind)
    if kind not in DATED:
        raise UnfitColumn(f'"{group.column}" is {kind}: only dates and timestamps can be grouped by {group.bucket}.')
    sql = f"CAST(date_trunc('{Bucket(group.bucket)}', {reference}) AS DATE)"
    return sql, ResultColumn(name=group.output, type="date", bucket=group.bucket)


def _measure(measure: Measure, types: dict[str, str]) -> tuple[str, ResultColumn]:
    if not measure.column:
        return "count(*)", ResultColumn(name=measure.output, type="integer")
    reference = _reference(measure.column, types)
    kind = types[measure.column]
    if measure.function in ("sum", "avg") and kind not in NUMERIC:
        raise UnfitColumn(f'"{measure.column}" is {kind}: {measure.function} needs a number.')
    call = "count(DISTINCT " if measure.function == "count_distinct" else f"{measure.function}("
    result = {"count": "integer", "count_distinct": "integer", "avg": "number"}.get(measure.function, kind)
    return f"{call}{reference})", ResultColumn(name=measure.output, type=result)


def _reference(name: str, types: dict[str, str]) -> str:
    if name not in types:
        known = ", ".join(types) or "none"
        raise UnknownColumn(f'There is no column "{name}". Columns: {known}.')
    # Zoned or not, a timestamp is compared and shown as UTC wall time (the session's zone is UTC).
    return f"CAST({quote(name)} AS TIMESTAMP)" if types[name] == "timestamp" else quote(name)


def _condition(rule: Filter, types: dict[str, str], values: list[Any]) -> str:
    reference = _reference(rule.column, types)
    kind = types[rule.column]
    if rule.parameter is not None:
        raise UnfitValue(f'The filter on "{rule.column}" waits for the parameter "{rule.parameter}".')
    if not rule.op.needs_value:
        return f"{reference} IS {'NOT ' if rule.op is Op.is_filled else ''}NULL"
    if rule.op is Op.in_period:
        return _in_period(rule, reference, kind, values)
    if rule.op in (Op.one_of, Op.none_of):
        return _in_list(rule, reference, kind, values)
    if rule.op in (Op.contains, Op.starts_with):
        if kind != "text":
            raise UnfitColumn(f'"{rule.column}" is {kind}: {rule.op} needs text.')
        values.append(str(rule.value))
        return f"{rule.op}(lower({reference}), lower(?))"
    values.append(_typed(rule.value, rule.column, kind))
    return f"{reference} {COMPARISONS[rule.op]} ?"


def _in_period(rule: Filter, reference: str, kind: str, values: list[Any]) -> str:
    if kind not in DATED:
        raise UnfitColumn(f'"{rule.column}" is {kind}: a period needs a date or a timestamp.')
    if not isinstance(rule.value, Period):
        raise UnfitValue(f'The filter on "{rule.column}" needs a period with since and until, not {rule.value!r}.')
    values += [rule.value.since, rule.value.until]
    return f"{reference} >= ? AND {reference} < ?"


def _in_list(rule: Filter, reference: str, kind: str, values: list[Any]) -> str:
    wanted = rule.value if isinstance(rule.value, list) else [rule.value]
    if not wanted:
        return "false" if rule.op is Op.one_of else "true"
    values += [_typed(each, rule.column, kind) for each in wanted]
    return f"{reference} {'NOT ' if rule.op is Op.none_of else ''}IN ({', '.join('?' * len(wanted))})"


def _order(spec: QuerySpec, outputs: list[ResultColumn]) -> str:
    """Groups are always ordered to the last one: the same question must give the same answer, byte by byte."""
    names = [column.name for column in outputs]
    for order in spec.order_by:
        if order.column not in names:
            raise UnknownColumn(f'The answer has no column "{order.column}" to sort by. Columns: {", ".join(names)}.')
    parts = [f"{quote(order.column)} {'DESC' if order.descending else 'ASC'} NULLS LAST" for order in spec.order_by]
    sorted_already = {order.column for order in spec.order_by}
    parts += [f"{quote(g.output)} ASC NULLS LAST" for g in spec.group_by if g.output not in sorted_already]
    return ", ".join(parts)


def _typed(value: Any, column: str, kind: str) -> Any:
    """The value as the column's own type: comparing text with a date would silently find nothing."""
    try:
        return _PARSERS[kind](value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise UnfitValue(f'The filter on "{column}": {value!r} is not {_EXAMPLES[kind]}.') from error


def _boolean(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError
    return str(value).lower() == "true"


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _exact(value: Any) -> Decimal:
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError
    return number


def _timestamp(value: Any) -> datetime:
    text = str(value)
    moment = datetime.fromisoformat(text) if len(text) > len("2026-01-31") else datetime.combine(_date(text), time())
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _date(value: Any) -> date:
    return date.fromisoformat(str(value))


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "integer": _integer,
    "decimal": _exact,
    "number": cast("Callable[[Any], Any]", float),
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
_EXAMPLES = {
    "text": "a text",
    "integer": "a whole number such as 12",
    "decimal": "a number such as 12.50",
    "number": "a number such as 12.5",
    "boolean": "true or false",
    "date": "a date such as 2026-01-31",
    "timestamp": "a time such as 2026-01-31T08:00",
}
