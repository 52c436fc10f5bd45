"""Steps of a load side by side: Polars, the compressor and the network leave the interpreter lock to each other."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The next item is made in a thread while the caller works on this one, and never more than one."""
    with ThreadPoolExecutor(1) as worker:
        taken = _taken(worker, items)
        try:
            yield taken
        finally:
            worker.shutdown()  # nothing of `items` runs any more
            if isinstance(items, Generator):
                items.close()


def _taken(worker: ThreadPoolExecutor, items: Iterator[T]) -> Iterator[T]:
    coming = worker.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = worker.submit(next, items, None)
        yield item
        del item
