"""A QuerySpec as one SELECT. Names are checked and quoted, values are bound: nothing a person typed becomes SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.core import clock
from app.queries.conditions import DATED, Conditions
from app.queries.moments import UnfitValue, local_date
from app.queries.questions import Bucket, Group, Measure, QuerySpec
from app.queries.schemas import ResultColumn, Source
from app.queries.scope import NO_OTHERS, Scope, UnfitColumn, UnknownColumn, quote

__all__ = ["Statement", "Translated", "UnfitColumn", "UnfitValue", "UnknownColumn", "build_sql", "quote"]

NUMERIC = {"integer", "decimal", "number"}
FIGURES = {"count": "integer", "count_distinct": "integer", "avg": "number", "median": "number", "share": "number"}


@dataclass(frozen=True)
class Statement:
    """`exact`: the answer does not depend on the order in which rows are read."""

    sql: str
    values: list[Any]
    columns: list[ResultColumn]
    exact: bool = False


@dataclass(frozen=True)
class Translated:
    """In the dialect of another database: `sql` is for `sqlalchemy.text` with `values`.

    `columns` are known of questions in parts only.
    """

    sql: str
    values: dict[str, Any] = field(default_factory=dict)
    columns: list[ResultColumn] = field(default_factory=list)


def build_sql(
    spec: QuerySpec, source: Source, sources: Mapping[str, Source] = NO_OTHERS, today: date | None = None
) -> Statement:
    """Asks for one row more than the limit, so that the caller can tell that there are more.

    `sources` are those of the joined datasets. Without `today`, moving days are those of this moment.
    """
    scope = Scope.of(spec, source, sources)
    today = today or local_date(clock.now())
    outputs = _outputs(spec, scope)
    columns = [column for _, column in outputs]
    values: list[Any] = []
    lines = [f"SELECT {', '.join(f'{sql} AS {quote(column.name)}' for sql, column in outputs)}"]
    lines.append(f"FROM {quote(spec.dataset)}")
    lines += scope.join_lines
    rules = Conditions(values, today)
    if conditions := [rules.condition(each, *scope.find(each.column)) for each in spec.filters]:
        lines.append("WHERE " + "\n  AND ".join(conditions))
    if spec.group_by:
        lines.append(f"GROUP BY {', '.join(str(place + 1) for place in range(len(spec.group_by)))}")
    if spec.having:
        lines = [*_having(spec, lines, columns, rules)]
    if order := _order(spec, columns):
        lines.append(f"ORDER BY {order}")
    lines.append(f"LIMIT {spec.limit + 1}")
    return Statement("\n".join(lines), values, columns, _is_exact(spec, scope))


def _having(spec: QuerySpec, lines: list[str], columns: list[ResultColumn], rules: Conditions) -> list[str]:
    """Outside of the groups, so that a share is still one of everything."""
    types = {column.name: column.type for column in columns}
    conditions = []
    for rule in spec.having:
        if rule.column not in types:
            raise UnknownColumn(f'The answer has no column "{rule.column}" to filter. Columns: {", ".join(types)}.')
        conditions.append(rules.condition(rule, quote(rule.column), types[rule.column]))
    inner = "\n".join(lines)
    return [f'SELECT * FROM (\n{inner}\n) AS "figures"', "WHERE " + "\n  AND ".join(conditions)]  # noqa: S608  names are quoted


def _is_exact(spec: QuerySpec, scope: Scope) -> bool:
    """Whether the answer is the same however many threads look for it: whole groups in order, no sum of floats."""
    floats = {"sum", "avg", "share"}
    return spec.aggregates and not any(
        each.function in floats and each.column and scope.find(each.column)[1] == "number" for each in spec.measures
    )


def _outputs(spec: QuerySpec, scope: Scope) -> list[tuple[str, ResultColumn]]:
    if spec.aggregates:
        outputs = [_group(group, scope) for group in spec.group_by] + [_measure(each, scope) for each in spec.measures]
    else:
        outputs = [_plain(name, scope) for name in spec.columns or list(scope.columns)]
    seen: set[str] = set()
    for _, column in outputs:
        if column.name in seen:
            raise UnfitColumn(f'Two columns of the answer are called "{column.name}"; give one another name with "as".')
        seen.add(column.name)
    return outputs


def _plain(name: str, scope: Scope) -> tuple[str, ResultColumn]:
    reference, kind = scope.find(name)
    return reference, ResultColumn(name=name, type=kind)


def _group(group: Group, scope: Scope) -> tuple[str, ResultColumn]:
    reference, kind = scope.find(group.column)
    if group.bucket is None:
        return reference, ResultColumn(name=group.output, type=kind)
    if kind not in DATED:
        raise UnfitColumn(f'"{group.column}" is {kind}: only dates and timestamps can be grouped by {group.bucket}.')
    sql = f"CAST(date_trunc('{Bucket(group.bucket)}', {reference}) AS DATE)"
    return sql, ResultColumn(name=group.output, type="date", bucket=group.bucket)


def _measure(measure: Measure, scope: Scope) -> tuple[str, ResultColumn]:
    result = FIGURES.get(measure.function)
    if not measure.column:
        sql = _share("count(*)") if measure.function == "share" else "count(*)"
        return sql, ResultColumn(name=measure.output, type=result or "integer")
    reference, kind = scope.find(measure.column)
    if measure.function in ("sum", "avg", "median", "share") and kind not in NUMERIC:
        raise UnfitColumn(f'"{measure.column}" is {kind}: {measure.function} needs a number.')
    column = ResultColumn(name=measure.output, type=result or kind)
    if measure.function == "share":
        return _share(f"sum({reference})"), column
    if measure.function == "median":
        return f"median(CAST({reference} AS DOUBLE))", column
    call = "count(DISTINCT " if measure.function == "count_distinct" else f"{measure.function}("
    return f"{call}{reference})", column


def _share(figure: str) -> str:
    return f"CAST({figure} AS DOUBLE) / nullif(CAST(sum({figure}) OVER () AS DOUBLE), 0)"


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
