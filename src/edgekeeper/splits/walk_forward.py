"""Walk-forward: train on the past, test on the stretch that follows, move on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.splits.purge import intervals
from edgekeeper.types import Int64Array

__all__ = ["WalkForward"]


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Consecutive test stretches, each trained on purged rows before it.

    Stretches are cut by instant, never between rows of one instant, so a panel stays whole.
    Only labels that end before a test begins are trained on: what a model fitted at that moment
    could have known, and nothing later.

    Parameters
    ----------
    folds : int
        Test stretches.
    initial : float
        Share of the instants before the first test, in (0, 1).
    window : int or None
        Train on at most this many instants right before each test (rolling); None: on all of
        them (expanding).
    embargo : int
        Time left free between the end of the last training label and the test, in the unit of
        the times.

    Examples
    --------
    >>> start = np.arange(10)
    >>> for train, test in WalkForward(folds=2, initial=0.5).split(start, start + 1):
    ...     print(train, test)
    [0 1 2 3] [5 6 7]
    [0 1 2 3 4 5 6] [8 9]
    >>> len(list(WalkForward(folds=3, window=4).split(start, start + 1)))
    3
    """

    folds: int = 5
    initial: float = 0.4
    window: int | None = None
    embargo: int = 0

    def __post_init__(self) -> None:
        if self.folds < 1:
            raise UsageError(f"folds: expected at least one, got {self.folds!r}")
        if not 0.0 < self.initial < 1.0:
            raise UsageError(f"initial: expected a share between 0 and 1, got {self.initial!r}")
        if self.window is not None and self.window < 1:
            raise UsageError(f"window: expected instants from 1 up, or None, got {self.window!r}")
        if self.embargo < 0:
            raise UsageError(f"embargo: expected a time of zero or more, got {self.embargo!r}")

    def get_n_splits(self, *_: object) -> int:
        """Return how many pairs :meth:`split` yields."""
        return self.folds

    def split(self, start: Int64Array, end: Int64Array) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield (train rows, test rows), oldest test first.

        Raises
        ------
        UsageError
            Fewer instants than folds need, or a fold whose training rows are all purged.
        """
        start, end = intervals(start, end)
        instants = np.unique(start)
        head = int(np.ceil(self.initial * len(instants)))
        if head < 1 or len(instants) - head < self.folds:
            raise UsageError(
                f"expected at least {self.folds} instants after the first {head}, got "
                f"{len(instants) - head}: ask for fewer folds or a smaller initial share"
            )
        for block in np.array_split(np.arange(head, len(instants)), self.folds):
            begin, last = instants[block[0]], instants[block[-1]]
            oldest = instants[0 if self.window is None else max(0, block[0] - self.window)]
            free = (end < begin) & (begin - np.minimum(end, begin) > self.embargo)
            train = np.flatnonzero(free & (start >= oldest))
            if len(train) == 0:
                raise UsageError(
                    f"expected training rows before {begin}, got none after purging: the labels "
                    "are longer than the window; ask for a larger one or for fewer folds"
                )
            yield train, np.flatnonzero((start >= begin) & (start <= last))
