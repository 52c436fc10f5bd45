"""What the columns of a question may be called, and what each is in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from app.core.errors import Invalid
from app.queries.joins import Left, check_join
from app.queries.questions import Join, QuerySpec
from app.queries.schemas import Source

NO_OTHERS: Mapping[str, Source] = MappingProxyType({})


class UnknownColumn(Invalid):
    """The dataset has no such column."""


class UnfitColumn(Invalid):
    """This column cannot be used like this."""


@dataclass(frozen=True)
class Known:
    alias: str
    source: Source
    column: str
    kind: str


@dataclass
class Scope:
    """`columns` are the names to offer; `others` mean the same as one of them. With joins every name is qualified."""

    qualified: bool
    columns: dict[str, Known] = field(default_factory=dict)
    others: dict[str, Known] = field(default_factory=dict)
    join_lines: list[str] = field(default_factory=list)

    @staticmethod
    def of(spec: QuerySpec, source: Source, sources: Mapping[str, Source]) -> "Scope":
        """Raises UndeclaredJoin, UnknownColumn."""
        scope = Scope(qualified=bool(spec.joins))
        for name, kind in source.columns:
            known = Known(spec.dataset, source, name, kind)
            scope.columns[name] = scope.others[f"{spec.dataset}.{name}"] = known
        for join in spec.joins:
            scope.join(join, sources[join.dataset])
        return scope

    def join(self, join: Join, right: Source) -> None:
        lefts = [self.known(pair.left) for pair in join.on]
        types = dict(right.columns)
        for pair in join.on:
            if pair.right not in types:
                raise UnknownColumn(f'"{join.alias}" has no column "{pair.right}". Columns: {", ".join(types)}.')
        check_join(join, [Left(left.alias, left.source, left.column) for left in lefts], right)
        for name, kind in right.columns:
            self.columns.setdefault(f"{join.alias}.{name}", Known(join.alias, right, name, kind))
        pairs = " AND ".join(
            f"{self._sql(left)} = {self._sql(self._right(join, right, pair.right))}"
            for left, pair in zip(lefts, join.on, strict=True)
        )
        table = quote(join.dataset) + (f" AS {quote(join.name)}" if join.name else "")
        self.join_lines.append(f"{join.kind.upper()} JOIN {table} ON {pairs}")

    def find(self, name: str) -> tuple[str, str]:
        """SQL and type. Raises UnknownColumn."""
        known = self.known(name)
        return self._sql(known), known.kind

    def known(self, name: str) -> Known:
        found = self.columns.get(name) or self.others.get(name)
        if found is None:
            meant = get_close_matches(name, self.columns, 1)
            hint = f' Did you mean "{meant[0]}"?' if meant else ""
            raise UnknownColumn(f'There is no column "{name}". Columns: {", ".join(self.columns) or "none"}.{hint}')
        return found

    def _right(self, join: Join, right: Source, column: str) -> Known:
        return Known(join.alias, right, column, dict(right.columns)[column])

    def _sql(self, known: Known) -> str:
        name = quote(known.column)
        reference = f"{quote(known.alias)}.{name}" if self.qualified else name
        # Zoned or not, a timestamp is compared and shown as UTC wall time (the session's zone is UTC).
        return f"CAST({reference} AS TIMESTAMP)" if known.kind == "timestamp" else reference


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
