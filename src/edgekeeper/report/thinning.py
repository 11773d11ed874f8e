"""Fewer points for a drawing, without losing a peak, a trough or a gap."""

import itertools

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["thin"]


def thin(values: Float64Array, buckets: int) -> Int64Array:
    """Return indices to draw: of each bucket its lowest, its highest and its first gap.

    The ends are always kept, and so is every point of a series that is short already.

    Parameters
    ----------
    values : float64 [n]
        NaN marks a gap.
    buckets : int
        Stretches of about equal length; at most three points are kept of each.

    Examples
    --------
    >>> thin(np.array([0.0, 5.0, 1.0, 1.0, -3.0, 0.0]), buckets=1)
    array([0, 1, 4, 5])
    """
    n = len(values)
    if n <= 3 * buckets:
        return np.arange(n, dtype=np.int64)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    gap = np.isnan(values)
    low, high = np.where(gap, np.inf, values), np.where(gap, -np.inf, values)
    keep = [0, n - 1]
    for start, stop in itertools.pairwise(edges.tolist()):
        if start == stop:
            continue
        keep.append(start + int(np.argmin(low[start:stop])))
        keep.append(start + int(np.argmax(high[start:stop])))
        keep.append(start + int(np.argmax(gap[start:stop])))
    return np.unique(np.asarray(keep, dtype=np.int64))
