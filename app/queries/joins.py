"""Which datasets may be joined, and by what: declared keys only. Pure."""

from typing import NamedTuple

from app.core.errors import Invalid
from app.queries.questions import Join, Pair
from app.queries.schemas import Source


class UndeclaredJoin(Invalid):
    """These columns are not declared to belong together."""


class Left(NamedTuple):
    """The left column of a pair: of which dataset, under which alias."""

    alias: str
    source: Source
    column: str


def check_join(join: Join, lefts: list[Left], right: Source) -> None:
    """Raises UndeclaredJoin."""
    rights = [pair.right for pair in join.on]
    for left, name in zip(lefts, rights, strict=True):
        kinds = dict(left.source.columns)[left.column], dict(right.columns)[name]
        if kinds[0] != kinds[1] and not set(kinds) <= {"integer", "decimal"}:
            raise UndeclaredJoin(
                f'"{left.column}" is {kinds[0]} and "{join.alias}.{name}" is {kinds[1]}: join columns of one type.'
            )
    if any(_refers(left, name, right) for left, name in zip(lefts, rights, strict=True)) or _covers(right, rights):
        return
    if len({left.alias for left in lefts}) == 1 and _covers(lefts[0].source, [left.column for left in lefts]):
        return
    raise UndeclaredJoin(
        f'"{lefts[0].column}" and "{join.alias}.{rights[0]}" are not declared to belong together: let one column'
        f" reference the other in its dataset, or join by a key or unique column. {_ways(lefts[0].source, right)}"
    )


def is_unique(source: Source, columns: list[str]) -> bool:
    """For sure, not only declared: rows of an upsert dataset are replaced by their key."""
    return bool(source.key) and set(source.key) <= set(columns)


def links(left: Source, right: Source) -> list[list[Pair]]:
    """What these two can be joined by, references first."""
    types = dict(right.columns)
    found = [[Pair(left=name, right=column)] for name, (to, column) in left.references.items() if to == right.dataset]
    found += [[Pair(left=column, right=name)] for name, (to, column) in right.references.items() if to == left.dataset]
    for keys in [*right.unique, *left.unique]:
        if all(types.get(name) == kind for name, kind in left.columns if name in keys) and set(keys) <= set(types):
            same = [Pair(left=name, right=name) for name in keys if name in dict(left.columns)]
            found += [same] if len(same) == len(keys) else []
    return [pairs for place, pairs in enumerate(found) if pairs not in found[:place]]


def _refers(left: Left, name: str, right: Source) -> bool:
    return left.source.references.get(left.column) == (right.dataset, name) or right.references.get(name) == (
        left.source.dataset,
        left.column,
    )


def _covers(source: Source, columns: list[str]) -> bool:
    return any(set(keys) <= set(columns) for keys in source.unique)


def _ways(left: Source, right: Source) -> str:
    name = right.dataset
    ways = [" and ".join(f"{pair.left} = {name}.{pair.right}" for pair in pairs) for pairs in links(left, right)]
    return f"Declared: {'; '.join(ways)}." if ways else ""
