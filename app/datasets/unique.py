"""Repeats within one file, exactly the later ones.

Whole numbers and moments are kept as they are (12 bytes a row), everything else as 128 bits of hash (20 bytes), in
sorted runs that are merged by size. Numbers that count up with the rows, as most keys do, need a few bytes altogether.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Marks = npt.NDArray[Any]  # whole numbers, or halves of hashes
Rows = npt.NDArray[Any]  # in four bytes where they fit
WHOLE = (pl.Int64, pl.Date, pl.Datetime)
LONGEST_RUN = 1 << 21  # merging takes a few times the memory of what is merged
FEW_ROWS = 1 << 32


@dataclass(frozen=True)
class Run:
    """Sorted by `marks`; `low` tells apart hashes that meet by chance, and is empty where the marks are exact."""

    marks: Marks
    low: Hashes
    rows: Rows

    def find(self, run: Self) -> Ints:
        """The row of the same key here, else the row itself."""
        found = run.rows.astype(np.int64)
        if not len(run.marks) or run.marks[0] > self.marks[-1] or run.marks[-1] < self.marks[0]:
            return found
        place = np.searchsorted(self.marks, run.marks)
        near = np.minimum(place, len(self.rows) - 1)
        same = self.marks[near] == run.marks
        exact = same & (self.low[near] == run.low) if len(self.low) else same
        found[exact] = self.rows[near[exact]]
        for index in np.flatnonzero(same & ~exact):
            found[index] = min(found[index], self._beyond(int(place[index]), run, int(index)))
        return found

    def _beyond(self, place: int, run: Self, index: int) -> int:
        """Two different keys share one 64-bit half: look at all of them."""
        while place < len(self.rows) and self.marks[place] == run.marks[index]:
            if self.low[place] == run.low[index]:
                return int(self.rows[place])
            place += 1
        return int(run.rows[index])


@dataclass(frozen=True)
class Span:
    """The numbers from `first` on, one a row from `row` on."""

    first: int
    row: int
    count: int

    def find(self, run: Run) -> Ints:
        place = run.marks - self.first
        found: Ints = np.where((place >= 0) & (place < self.count), place + self.row, run.rows)
        return found

    def meets(self, low: int, high: int) -> bool:
        return low < self.first + self.count and high >= self.first


class Seen:
    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.spans: list[Span] = []

    def repeats(self, keys: pl.DataFrame, asked: pl.Series, first_row: int) -> tuple[Ints, Ints]:
        """Indexes in the block of keys that were there before, and the row number of the first of each."""
        rows = asked.arg_true().to_numpy().astype(np.int64) + first_row
        marks, low = _marks(keys if len(rows) == len(keys) else keys.filter(asked))
        if self._counts_on(marks, rows):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        run = _sorted(Run(marks, low, rows))
        first = _first_in(run)
        for found in (*(one.find(run) for one in self.spans), *(one.find(run) for one in self.runs)):
            first = np.minimum(first, found)
        again = first < run.rows
        self._add(_chosen(run, ~again))
        order = np.argsort(run.rows[again])
        return (run.rows[again] - first_row)[order], first[again][order]

    def _counts_on(self, marks: Marks, rows: Ints) -> bool:
        """Whether this block only counts up, through numbers that were not there before. Then it is remembered so."""
        if not len(marks) or marks.dtype != np.int64 or not _counts(rows) or not _counts(marks):
            return False
        low, high = int(marks[0]), int(marks[-1])
        if any(span.meets(low, high) for span in self.spans):
            return False
        if any(run.marks[0] <= high and run.marks[-1] >= low for run in self.runs):
            return False
        last = self.spans[-1] if self.spans else Span(low, int(rows[0]), 0)
        if (last.first + last.count, last.row + last.count) == (low, int(rows[0])):
            self.spans[-1:] = [Span(last.first, last.row, last.count + len(rows))]
        else:
            self.spans.append(Span(low, int(rows[0]), len(rows)))
        return True

    def _add(self, run: Run) -> None:
        """Runs double in size: a row is merged a few times, never once per block."""
        if not len(run.rows):
            return  # nothing new in this block: all missing, or all seen before
        while self.runs and len(self.runs[-1].rows) <= len(run.rows) < LONGEST_RUN:
            run = _merged(self.runs.pop(), run)
        self.runs.append(Run(run.marks, run.low, _compact(run.rows)))


def _counts(numbers: Marks) -> bool:
    return int(numbers[-1]) - int(numbers[0]) == len(numbers) - 1 and bool((numbers[1:] > numbers[:-1]).all())


def _marks(keys: pl.DataFrame) -> tuple[Marks, Hashes]:
    """Values that fit into 64 bits are their own mark."""
    if keys.width == 1 and keys.dtypes[0] in WHOLE:
        return keys.to_series().to_physical().cast(pl.Int64()).to_numpy(), np.empty(0, np.uint64)
    whole = pl.struct(pl.all())
    hashes = keys.select(whole.hash(seed=1).alias("high"), whole.hash(seed=2).alias("low"))
    return hashes["high"].to_numpy(), hashes["low"].to_numpy()


def _sorted(run: Run) -> Run:
    """Rows of one key stay in order."""
    if (run.marks[1:] > run.marks[:-1]).all():
        return run
    order = np.argsort(run.marks)
    marks = run.marks[order]
    if (marks[1:] == marks[:-1]).any():
        order = np.lexsort((run.rows, run.low, run.marks) if len(run.low) else (run.rows, run.marks))
    return _chosen(run, order)


def _chosen(run: Run, places: npt.NDArray[Any]) -> Run:
    return Run(run.marks[places], run.low[places] if len(run.low) else run.low, run.rows[places])


def _compact(rows: Rows) -> Rows:
    return rows.astype(np.uint32) if rows.dtype != np.uint32 and int(rows.max()) < FEW_ROWS else rows


def _merged(one: Run, other: Run) -> Run:
    return _sorted(
        Run(
            np.concatenate((one.marks, other.marks)),
            np.concatenate((one.low, other.low)),
            np.concatenate((one.rows, other.rows)),
        )
    )


def _first_in(run: Run) -> Ints:
    """For each key of a sorted run the smallest row with the same key."""
    rows = run.rows.astype(np.int64)
    if not len(rows):
        return rows
    new = np.ones(len(rows), dtype=bool)
    new[1:] = run.marks[1:] != run.marks[:-1]
    if len(run.low):
        new[1:] |= run.low[1:] != run.low[:-1]
    first: Ints = rows[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first
