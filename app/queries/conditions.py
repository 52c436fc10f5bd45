"""Filters as conditions of SQL: values are bound, never pasted."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from app.queries.moments import UnfitValue, period, typed
from app.queries.questions import Filter, Op
from app.queries.scope import UnfitColumn

DATED = {"date", "timestamp"}
COMPARISONS = {Op.eq: "=", Op.ne: "<>", Op.lt: "<", Op.le: "<=", Op.gt: ">", Op.ge: ">="}


@dataclass(frozen=True)
class Conditions:
    """Collects in `values` what its conditions bind, in their order."""

    values: list[Any]
    today: date

    def condition(self, rule: Filter, reference: str, kind: str) -> str:
        if rule.parameter is not None:
            raise UnfitValue(f'The filter on "{rule.column}" waits for the parameter "{rule.parameter}".')
        if not rule.op.needs_value:
            return f"{reference} IS {'NOT ' if rule.op is Op.is_filled else ''}NULL"
        if rule.op is Op.in_period:
            return self._in_period(rule, reference, kind)
        if rule.op in (Op.one_of, Op.none_of):
            return self._in_list(rule, reference, kind)
        if rule.op in (Op.contains, Op.starts_with):
            if kind != "text":
                raise UnfitColumn(f'"{rule.column}" is {kind}: {rule.op} needs text.')
            self.values.append(str(rule.value))
            return f"{rule.op}(lower({reference}), lower(?))"
        self.values.append(self._typed(rule.value, rule.column, kind))
        return f"{reference} {COMPARISONS[rule.op]} ?"

    def _in_period(self, rule: Filter, reference: str, kind: str) -> str:
        if kind not in DATED:
            raise UnfitColumn(f'"{rule.column}" is {kind}: a period needs a date or a timestamp.')
        found = period(rule.value, self.today, f'The filter on "{rule.column}"')
        self.values.extend([found.since, found.until])
        return f"{reference} >= ? AND {reference} < ?"

    def _in_list(self, rule: Filter, reference: str, kind: str) -> str:
        wanted = rule.value if isinstance(rule.value, list) else [rule.value]
        if not wanted:
            return "false" if rule.op is Op.one_of else "true"
        self.values.extend(self._typed(each, rule.column, kind) for each in wanted)
        return f"{reference} {'NOT ' if rule.op is Op.none_of else ''}IN ({', '.join('?' * len(wanted))})"

    def _typed(self, value: Any, column: str, kind: str) -> Any:
        return typed(value, kind, self.today, f'The filter on "{column}"')
