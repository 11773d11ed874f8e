"""The hold-out: the newest labels, set aside to judge one fit, with its readings counted."""

from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.splits.purge import intervals
from edgekeeper.types import Int64Array

__all__ = ["HoldOut", "Readings"]


@dataclass(slots=True)
class Readings:
    """Periods that hold-outs have been read over, oldest reading first.

    Every reading of a period wears it out a little: whoever reads it again after a change has
    seen the answers. This is the state; whoever owns it stores ``periods`` and gives them back.

    Examples
    --------
    >>> readings = Readings()
    >>> readings.add((10, 20)), readings.add((15, 30)), readings.overlapping((21, 25))
    (1, 2, 1)
    """

    periods: list[tuple[int, int]] = field(default_factory=list)

    def overlapping(self, period: tuple[int, int]) -> int:
        """How many readings so far share an instant with ``period``, both ends included."""
        first, last = period
        return sum(begin <= last and first <= end for begin, end in self.periods)

    def add(self, period: tuple[int, int]) -> int:
        """Record a reading; return how many overlapped it, itself included."""
        self.periods.append(period)
        return self.overlapping(period)


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Older labels to fit on, newest labels to judge by, cut at an instant and purged between.

    The newest rows are handed out by :meth:`read` alone, which counts.

    Parameters
    ----------
    share : float
        Share of the rows held out, in (0, 1); rows of one instant stay together.
    embargo : int
        Further time left free between the last older label and the hold-out.
    readings : Readings
        Where readings are counted. Share one between fits to see overlapping use.

    Examples
    --------
    >>> start = np.arange(10)
    >>> hold_out = HoldOut(share=0.2)
    >>> hold_out.older(start, start + 1), hold_out.read(start, start + 1)
    (array([0, 1, 2, 3, 4, 5, 6]), array([8, 9]))
    >>> hold_out.uses(start, start + 1)
    1
    """

    share: float = 0.2
    embargo: int = 0
    readings: Readings = field(default_factory=Readings, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.share < 1.0:
            raise UsageError(f"share: expected a share between 0 and 1, got {self.share!r}")
        if self.embargo < 0:
            raise UsageError(f"embargo: expected a time of zero or more, got {self.embargo!r}")

    def begins(self, start: Int64Array) -> int:
        """Instant of the first held-out row.

        Raises
        ------
        UsageError
            All rows are of one instant, so there is nothing older.
        """
        ordered = np.sort(intervals(start, start)[0])
        first = int(ordered[min(int((1.0 - self.share) * len(ordered)), len(ordered) - 1)])
        if first == ordered[0]:
            raise UsageError(
                f"expected rows of several instants, {self.share:.0%} of them to hold out, got "
                f"{len(ordered)} rows whose first instant is part of that: wait for more bars"
            )
        return first

    def period(self, start: Int64Array, end: Int64Array) -> tuple[int, int]:
        """First decision and last outcome of the hold-out."""
        start, end = intervals(start, end)
        first = self.begins(start)
        return first, int(end[start >= first].max())

    def older(self, start: Int64Array, end: Int64Array) -> Int64Array:
        """Rows to fit on: decided before the hold-out, and known before it."""
        start, end = intervals(start, end)
        first = self.begins(start)
        return np.flatnonzero((end < first) & (first - np.minimum(end, first) > self.embargo))

    def read(self, start: Int64Array, end: Int64Array) -> Int64Array:
        """Rows to judge by. Counts as one reading of :meth:`period`."""
        start, end = intervals(start, end)
        self.readings.add(self.period(start, end))
        return np.flatnonzero(start >= self.begins(start))

    def uses(self, start: Int64Array, end: Int64Array) -> int:
        """How many readings so far overlap this hold-out."""
        return self.readings.overlapping(self.period(start, end))
