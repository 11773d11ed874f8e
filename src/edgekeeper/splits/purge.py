"""Purging and embargo: no training label may overlap the time a test label lives in.

Times are integers of any unit, nanoseconds as a rule. A label lives in the closed interval from
its decision (``start``) to when its outcome is known (``end``).
"""

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["intervals", "purged", "segments", "training_rows"]

_NEVER = np.iinfo(np.int64).max


def intervals(start: Int64Array, end: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return label intervals as int64 arrays, checked.

    Raises
    ------
    UsageError
        None at all, unequal lengths, an end before its start, or an outcome not known yet.
    """
    start, end = np.asarray(start), np.asarray(end)
    if start.ndim != 1 or start.shape != end.shape or len(start) == 0:
        raise UsageError(
            "expected one start and one end for each of at least one label, got shapes "
            f"{start.shape} and {end.shape}"
        )
    if not (np.issubdtype(start.dtype, np.integer) and np.issubdtype(end.dtype, np.integer)):
        raise UsageError(
            f"expected times as integers (nanoseconds), got {start.dtype} and {end.dtype}"
        )
    start, end = start.astype(np.int64), end.astype(np.int64)
    if (end == _NEVER).any():
        raise UsageError(
            f"expected labels whose outcome is known, got {int((end == _NEVER).sum())} that are "
            "not: keep the rows where labels.known(now) holds for both sides"
        )
    if (end < start).any():
        row = int(np.argmax(end < start))
        raise UsageError(f"expected end >= start, got [{start[row]}, {end[row]}] in row {row}")
    return start, end


def segments(start: Int64Array, end: Int64Array, test: BoolArray) -> Int64Array:
    """Contiguous stretches of test labels as closed intervals ``[first start, last end]``.

    Test rows are contiguous while no instant without a test row lies between their starts; rows
    of one instant, such as the symbols of a panel, belong together.

    Returns
    -------
    int64 [segments, 2]
        In order of start. They may overlap, since labels reach beyond their segment.
    """
    instants, instant = np.unique(start, return_inverse=True)
    tested = np.zeros(len(instants), dtype=bool)
    tested[instant[test]] = True
    segment_of_instant = np.cumsum(tested & ~np.r_[False, tested[:-1]]) - 1
    segment = segment_of_instant[instant[test]]
    count = int(segment.max()) + 1 if len(segment) else 0
    bounds = np.empty((count, 2), dtype=np.int64)
    bounds[:, 0] = _NEVER
    bounds[:, 1] = np.iinfo(np.int64).min
    np.minimum.at(bounds[:, 0], segment, start[test])
    np.maximum.at(bounds[:, 1], segment, end[test])
    return bounds


def purged(start: Int64Array, end: Int64Array, test: BoolArray, *, embargo: int = 0) -> BoolArray:
    """Rows that may be trained on when the rows of ``test`` are tested: bool [n].

    Dropped are the test rows, every row whose interval touches a test segment, and every row
    that starts within ``embargo`` after one.

    Source: López de Prado, Advances in Financial Machine Learning (2018), 7.4.1 and 7.4.2.

    Raises
    ------
    UsageError
        What :func:`intervals` refuses, a mask of another length, or a negative embargo.

    Examples
    --------
    >>> start = np.arange(8)
    >>> purged(start, start + 1, (start == 3) | (start == 4), embargo=1).nonzero()[0].tolist()
    [0, 1, 7]
    """
    start, end = intervals(start, end)
    test = np.asarray(test, dtype=bool)
    if test.shape != start.shape:
        raise UsageError(f"expected a test mask of {len(start)} rows, got shape {test.shape}")
    if embargo < 0:
        raise UsageError(f"embargo: expected a time of zero or more, got {embargo!r}")
    keep = ~test
    for first, last in segments(start, end, test):
        # `start - last` instead of `last + embargo`: a far end must not overflow into the past.
        embargoed = (start > last) & (start - np.minimum(start, last) <= embargo)
        keep &= ~((start <= last) & (end >= first)) & ~embargoed
    return keep


def training_rows(
    start: Int64Array, end: Int64Array, test: BoolArray, *, embargo: int = 0
) -> Int64Array:
    """Indices of the rows :func:`purged` leaves.

    Raises
    ------
    UsageError
        None are left.
    """
    rows = np.flatnonzero(purged(start, end, test, embargo=embargo))
    if len(rows) == 0:
        raise UsageError(
            f"expected training rows, got none of {len(test)} after purging: the labels are too "
            "long for so short a history; wait for more bars or ask for fewer folds"
        )
    return rows
