"""K folds in time: each stretch is tested by what is left on both sides after purging."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.splits.purge import intervals, training_rows
from edgekeeper.types import Int64Array

__all__ = ["PurgedKFold", "time_groups"]


def time_groups(start: Int64Array, groups: int) -> Int64Array:
    """Group of each row, 0 to ``groups - 1``, when the instants are cut into equal stretches.

    Raises
    ------
    UsageError
        Fewer instants than groups.
    """
    instants, instant = np.unique(start, return_inverse=True)
    if groups < 2 or len(instants) < groups:
        raise UsageError(
            f"expected at least 2 groups and one instant for each, got {groups} groups and "
            f"{len(instants)} instants"
        )
    lengths = [len(block) for block in np.array_split(instants, groups)]
    return np.repeat(np.arange(groups), lengths)[instant].astype(np.int64)


@dataclass(frozen=True, slots=True)
class PurgedKFold:
    """Every stretch of time is tested once; training rows lie before and after it.

    Later rows may train, so this asks "is there a stable relation?", not "would it have made
    money?": that is :class:`WalkForward`'s question. López de Prado (2018), 7.4.3.

    Parameters
    ----------
    folds : int
    embargo : int
        Time after each test in which no training label may start.

    Examples
    --------
    >>> start = np.arange(9)
    >>> [train.tolist() for train, _ in PurgedKFold(3).split(start, start + 1)]
    [[4, 5, 6, 7, 8], [0, 1, 7, 8], [0, 1, 2, 3, 4]]
    """

    folds: int = 5
    embargo: int = 0

    def get_n_splits(self, *_: object) -> int:
        """Return how many pairs :meth:`split` yields."""
        return self.folds

    def split(self, start: Int64Array, end: Int64Array) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield (train rows, test rows) for each fold, oldest test first."""
        start, end = intervals(start, end)
        group = time_groups(start, self.folds)
        for fold in range(self.folds):
            test = group == fold
            train = training_rows(start, end, test, embargo=self.embargo)
            yield train, np.flatnonzero(test)
