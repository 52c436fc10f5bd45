"""Repeats within one file, exactly the later ones, in 24 bytes a row: sorted runs of 128-bit hashes, merged by size."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Run:
    """Sorted by `high`; `low` tells apart what meets by chance."""

    high: Hashes
    low: Hashes
    rows: Ints


class Seen:
    def __init__(self) -> None:
        self.runs: list[Run] = []

    def repeats(self, keys: pl.DataFrame, asked: pl.Series, first_row: int) -> tuple[Ints, Ints]:
        """Indexes in the block of keys that were there before, and the row number of the first of each."""
        places = asked.arg_true().to_numpy().astype(np.int64)
        chosen = keys.filter(asked)
        run = _run(chosen, places + first_row)
        first = _first_in(run)
        for earlier in self.runs:
            first = np.minimum(first, _found_in(earlier, run))
        again = first < run.rows
        self._add(Run(run.high[~again], run.low[~again], run.rows[~again]))
        order = np.argsort(run.rows[again])
        return (run.rows[again] - first_row)[order], first[again][order]

    def _add(self, run: Run) -> None:
        """Runs double in size: a row is merged a few times, never once per block."""
        if not len(run.rows):
            return  # nothing new in this block: all missing, or all seen before
        while self.runs and len(self.runs[-1].rows) <= len(run.rows):
            run = _merged(self.runs.pop(), run)
        self.runs.append(run)


def _run(keys: pl.DataFrame, rows: Ints) -> Run:
    whole = pl.struct(pl.all())
    hashes = keys.select(whole.hash(seed=1).alias("high"), whole.hash(seed=2).alias("low"))
    return _sorted(Run(hashes["high"].to_numpy(), hashes["low"].to_numpy(), rows))


def _sorted(run: Run) -> Run:
    """Stable, so rows of one key stay in order. Only where two keys share one half, both halves must be sorted."""
    order = np.argsort(run.high, kind="stable")
    high, low = run.high[order], run.low[order]
    if ((high[1:] == high[:-1]) & (low[1:] != low[:-1])).any():
        order = np.lexsort((run.rows, run.low, run.high))
        high, low = run.high[order], run.low[order]
    return Run(high, low, run.rows[order])


def _merged(one: Run, other: Run) -> Run:
    return _sorted(
        Run(
            np.concatenate((one.high, other.high)),
            np.concatenate((one.low, other.low)),
            np.concatenate((one.rows, other.rows)),
        )
    )


def _first_in(run: Run) -> Ints:
    """For each key of a sorted run the smallest row with the same key."""
    if not len(run.rows):
        return run.rows
    new = np.ones(len(run.rows), dtype=bool)
    new[1:] = (run.high[1:] != run.high[:-1]) | (run.low[1:] != run.low[:-1])
    first: Ints = run.rows[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first


def _found_in(earlier: Run, run: Run) -> Ints:
    """The row of the same key in an earlier run, else the row itself."""
    place = np.searchsorted(earlier.high, run.high)
    found = run.rows.copy()
    near = np.minimum(place, len(earlier.rows) - 1)
    same = (place < len(earlier.rows)) & (earlier.high[near] == run.high)
    exact = same & (earlier.low[near] == run.low)
    found[exact] = earlier.rows[near[exact]]
    for index in np.flatnonzero(same & ~exact):
        found[index] = min(found[index], _beyond(earlier, int(place[index]), run, int(index)))
    return found


def _beyond(earlier: Run, place: int, run: Run, index: int) -> int:
    """Two different keys share one 64-bit half: look at all of them."""
    while place < len(earlier.rows) and earlier.high[place] == run.high[index]:
        if earlier.low[place] == run.low[index]:
            return int(earlier.rows[place])
        place += 1
    return int(run.rows[index])
