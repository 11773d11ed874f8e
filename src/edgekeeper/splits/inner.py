"""The inner split of what may be fitted on: fit, stop early, calibrate, in this order of time."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.splits.purge import intervals
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["InnerSplit", "InnerSplitter"]


class InnerSplit(NamedTuple):
    """Row indices of the three parts, each int64 and in row order."""

    fit: Int64Array
    stop: Int64Array
    calibrate: Int64Array


@dataclass(frozen=True, slots=True)
class InnerSplitter:
    """Oldest rows to fit, newer ones to stop early by, newest to calibrate on, purged between.

    Parameters
    ----------
    fit, stop : float
        Shares of the rows; the rest calibrates. Rows of one instant stay together.
    embargo : int
        Further time left free between two parts.

    Examples
    --------
    >>> start = np.arange(100)
    >>> parts = InnerSplitter().split(start, start + 3, start)
    >>> [(int(part[0]), int(part[-1])) for part in parts]
    [(0, 66), (70, 76), (80, 99)]
    """

    fit: float = 0.7
    stop: float = 0.1
    embargo: int = 0

    def __post_init__(self) -> None:
        if not (self.fit > 0.0 and self.stop > 0.0 and self.fit + self.stop < 1.0):
            raise UsageError(
                "expected positive shares fit and stop that leave some to calibrate on, got "
                f"{self.fit!r} and {self.stop!r}"
            )
        if self.embargo < 0:
            raise UsageError(f"embargo: expected a time of zero or more, got {self.embargo!r}")

    def split(self, start: Int64Array, end: Int64Array, rows: Int64Array) -> InnerSplit:
        """Cut ``rows`` (the older part, never the hold-out) in three.

        Parameters
        ----------
        start, end : int64 [n]
            Label intervals of all rows that ``rows`` indexes into.
        rows : int64 [m]

        Raises
        ------
        UsageError
            A part would be empty after purging: too few rows, or labels longer than a part.
        """
        rows = np.asarray(rows, dtype=np.int64)
        start, end = intervals(np.asarray(start)[rows], np.asarray(end)[rows])
        ordered = np.sort(start)
        n = len(ordered)
        stop_begins = ordered[min(int(self.fit * n), n - 1)]
        calibrate_begins = ordered[min(int((self.fit + self.stop) * n), n - 1)]
        fit = self._before(end, stop_begins)
        stop = (start >= stop_begins) & self._before(end, calibrate_begins)
        parts = InnerSplit(rows[fit], rows[stop], rows[start >= calibrate_begins])
        for name, part in zip(InnerSplit._fields, parts, strict=True):
            if len(part) == 0:
                raise UsageError(
                    f"expected rows to {name}, got none of {n} after purging: the labels are too "
                    "long for so short a history; wait for more bars or shorten the horizon"
                )
        return parts

    def _before(self, end: Int64Array, begins: np.int64) -> BoolArray:
        return (end < begins) & (begins - np.minimum(end, begins) > self.embargo)
