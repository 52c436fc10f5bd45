"""What datasets look like now, for whoever asks: the pins that make an answer repeatable and traceable."""

from difflib import get_close_matches

from sqlalchemy.orm import Session

from app.core import children
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.datasets import service as datasets
from app.datasets.schemas import Dataset
from app.queries.questions import QuerySpec, SqlQuery
from app.queries.schemas import Source

READ_SECONDS = 20
READ_MEMORY_MB = 768


class NoDataset(Invalid):
    """A question is asked of at least one dataset."""


class TwoSpellings(Invalid):
    """Two names differ by capitals alone, which SQL does not tell apart."""


class SourceNotFound(NotFound):
    """There is no such dataset, or you may not see it."""


def source_of(db: Session, actor: Actor, dataset: str) -> Source:
    live = datasets.live_files(db, actor, dataset)
    return Source(
        dataset=live.dataset,
        dataset_id=live.dataset_id,
        columns=[(name, str(kind)) for name, kind in live.columns],
        files=list(live.files),
        version=str(live.version),
        batches=list(live.batches),
        key=list(live.key),
        unique=[list(columns) for columns in live.unique],
        references=dict(live.references),
    )


def known_sources(db: Session, actor: Actor) -> dict[str, Source]:
    """Every dataset that may be asked, by name, without its files: what there is to choose from."""
    return {dataset.name: _unpinned(dataset) for dataset in datasets.datasets(db, actor)}


def _unpinned(dataset: Dataset) -> Source:
    schema = dataset.definition
    return Source(
        dataset=dataset.name,
        dataset_id=dataset.id,
        columns=[(column.name, str(column.type)) for column in schema.columns],
        files=[],
        version="",
        batches=[],
        unique=[*([schema.key] if schema.key else []), *([column.name] for column in schema.columns if column.unique)],
        references={c.name: (c.references.dataset, c.references.column) for c in schema.columns if c.references},
    )


def sources_of_spec(db: Session, actor: Actor, spec: QuerySpec) -> dict[str, Source]:
    return {name: source_of(db, actor, name) for name in spec.datasets}


def sources_of_sql(db: Session, actor: Actor, question: SqlQuery, parameters: set[str]) -> dict[str, Source]:
    """By the names that it uses. Capitals do not count, as in SQL, unless two datasets differ by them alone."""
    places: dict[str, str] = children.call(
        "app.queries.read_sql:tables_in",
        question.sql,
        parameters,
        wall_seconds=READ_SECONDS,
        memory_mb=READ_MEMORY_MB,
    )
    if not places:
        raise NoDataset("This question reads no dataset. Name one after FROM.")
    seen = [dataset.name for dataset in datasets.datasets(db, actor)]
    meant = {name: _meant(name, seen, place) for name, place in places.items()}
    if len({name.casefold() for name in set(meant.values())}) < len(set(meant.values())):
        raise TwoSpellings
    return {found: source_of(db, actor, found) for found in dict.fromkeys(meant.values())}


def _meant(name: str, seen: list[str], place: str) -> str:
    if name in seen:
        return name
    found = [each for each in seen if each.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    close = get_close_matches(name, seen, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise SourceNotFound(f"{place}There is no dataset {name}, or you may not see it.{hint}")
