"""Settings that hold in children, too: they are forked from a process that knows the environment of its own start."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver

import pytest

from app.core.settings import settings


@contextmanager
def environment(**values: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        settings.cache_clear()
        forkserver._forkserver._stop()  # type: ignore[attr-defined]
        yield
    settings.cache_clear()
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
