"""Time-aware splits for anyone's estimator: what scikit-learn's ``cv=`` expects."""

from collections.abc import Iterator
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from edgekeeper.errors import UsageError
from edgekeeper.splits.purge import intervals
from edgekeeper.types import Int64Array, Splitter

__all__ = ["CrossValidation"]


class CrossValidation:
    """A splitter bound to the label intervals of one table.

    scikit-learn hands a splitter features and targets only; purging needs to know when labels
    begin and end. Bound to those, any splitter of this room fits ``cv=``.

    Parameters
    ----------
    splitter : Splitter
        Such as :class:`PurgedKFold`, :class:`WalkForward` or :class:`CombinatorialPurged`.
    start, end : int64 [n]
        When each row's label begins and is known, in the order of the rows.

    Raises
    ------
    UsageError
        Intervals that are not; later, a table of another length.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from edgekeeper.splits import PurgedKFold
    >>> start = np.arange(60)
    >>> cv = CrossValidation(PurgedKFold(3), start, start + 2)
    >>> X, y = np.zeros((60, 1)), np.tile([0, 1], 30)
    >>> cross_val_score(DummyClassifier(), X, y, cv=cv).tolist()
    [0.5, 0.5, 0.5]
    """

    def __init__(self, splitter: Splitter, start: Int64Array, end: Int64Array) -> None:
        self.splitter = splitter
        self.start, self.end = intervals(start, end)

    def __repr__(self) -> str:
        return f"CrossValidation({self.splitter!r}, {len(self.start)} labels)"

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return how many pairs :meth:`split` yields."""
        return self.splitter.get_n_splits()

    def split(
        self, X: object = None, y: object = None, groups: object = None
    ) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield (train rows, test rows) of the table that the intervals belong to."""
        for name, given in (("X", X), ("y", y)):
            if given is None:
                continue
            rows = np.shape(cast("ArrayLike", given))[0]
            if rows != len(self.start):
                raise UsageError(
                    f"{name}: expected the {len(self.start)} rows the label times are of, got "
                    f"{rows}: filter times and rows alike"
                )
        for train, test in self.splitter.split(self.start, self.end):
            yield np.asarray(train), np.asarray(test)
