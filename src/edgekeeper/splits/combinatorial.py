"""Combinatorial purged cross-validation: many whole paths through the same history."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.splits.k_fold import time_groups
from edgekeeper.splits.purge import intervals, training_rows
from edgekeeper.types import Int64Array

__all__ = ["CombinatorialPurged"]


@dataclass(frozen=True, slots=True)
class CombinatorialPurged:
    """Every choice of ``test_groups`` among ``groups`` stretches of time is tested once.

    Each stretch is tested in several splits; putting one of them together for every stretch gives
    a path over all of history, and there are :attr:`n_paths` disjoint ones. López de Prado
    (2018), 12.3 and 12.4.

    Parameters
    ----------
    groups, test_groups : int
        ``1 <= test_groups < groups``.
    embargo : int
        Time after each test stretch in which no training label may start.

    Examples
    --------
    >>> cv = CombinatorialPurged(groups=6, test_groups=2)
    >>> cv.get_n_splits(), cv.n_paths
    (15, 5)
    """

    groups: int = 6
    test_groups: int = 2
    embargo: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.test_groups < self.groups:
            raise UsageError(
                f"expected 1 <= test_groups < groups, got {self.test_groups!r} of {self.groups!r}"
            )
        if self.get_n_splits() > 100_000:
            raise UsageError(
                f"expected at most 100000 splits, got {self.get_n_splits()}: ask for fewer groups"
            )

    def get_n_splits(self, *_: object) -> int:
        """Return how many pairs :meth:`split` yields: choices of test groups."""
        return comb(self.groups, self.test_groups)

    @property
    def n_paths(self) -> int:
        """How often each stretch is tested, which is how many whole paths there are."""
        return comb(self.groups - 1, self.test_groups - 1)

    def tested_groups(self) -> list[tuple[int, ...]]:
        """Which groups each split tests, in the order of :meth:`split`."""
        return list(combinations(range(self.groups), self.test_groups))

    def paths(self) -> Int64Array:
        """Split whose forecasts each path uses for each group: int64 [n_paths, groups].

        Each (split, tested group) is used by exactly one path.
        """
        uses: list[list[int]] = [[] for _ in range(self.groups)]
        for index, tested in enumerate(self.tested_groups()):
            for group in tested:
                uses[group].append(index)
        return np.array(uses, dtype=np.int64).T

    def split(self, start: Int64Array, end: Int64Array) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield (train rows, test rows) for each choice of test groups."""
        start, end = intervals(start, end)
        group = time_groups(start, self.groups)
        for tested in self.tested_groups():
            test = np.isin(group, tested)
            train = training_rows(start, end, test, embargo=self.embargo)
            yield train, np.flatnonzero(test)
