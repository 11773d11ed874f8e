"""The inner splits of what may be fitted on, in order of time.

First: fit, stop early, calibrate. Then, once that is calibrated, for the model that is shipped: fit
on all but the newest rows, which tell when to stop.
"""

from collections.abc import Sequence
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
    >>> fit, stop = InnerSplitter().whole(start, start + 3, start)
    >>> [(int(part[0]), int(part[-1])) for part in (fit, stop)]
    [(0, 86), (90, 99)]
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
        return InnerSplit(*self._cut(start, end, rows, (self.fit, self.fit + self.stop)))

    def whole(
        self, start: Int64Array, end: Int64Array, rows: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """Cut ``rows`` in two: all but the newest to fit, and these to stop early by.

        Parameters and errors are those of :meth:`split`.
        """
        fit, stop = self._cut(start, end, rows, (1.0 - self.stop,))
        return fit, stop

    def _cut(
        self, start: Int64Array, end: Int64Array, rows: Int64Array, shares: Sequence[float]
    ) -> list[Int64Array]:
        """Parts that begin where these shares of the rows are older, each purged of the next."""
        rows = np.asarray(rows, dtype=np.int64)
        start, end = intervals(np.asarray(start)[rows], np.asarray(end)[rows])
        ordered = np.sort(start)
        n = len(ordered)
        begins = [ordered[min(int(share * n), n - 1)] for share in shares]
        inside = np.ones(n, dtype=bool)
        parts = []
        for begin in begins:
            parts.append(rows[inside & self._before(end, begin)])
            inside = start >= begin
        parts.append(rows[inside])
        for name, part in zip(InnerSplit._fields, parts, strict=False):
            if len(part) == 0:
                raise UsageError(
                    f"expected rows to {name}, got none of {n} after purging: the labels are too "
                    "long for so short a history; wait for more bars or shorten the horizon"
                )
        return parts

    def _before(self, end: Int64Array, begins: np.int64) -> BoolArray:
        return (end < begins) & (begins - np.minimum(end, begins) > self.embargo)
