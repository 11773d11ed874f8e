"""Scores against those of the other symbols of the same bar.

Who was taught which symbols did better than the others was told nothing about the market as a
whole. What such a learner's scores of one bar have in common is an error that all positions share.
"""

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["relative_scores"]


def relative_scores(
    score: Float64Array, event_time: Int64Array | None, counted: BoolArray
) -> Float64Array:
    """Return scores less the mean of their bar, summed in the order of the rows.

    Parameters
    ----------
    score : float64 [n]
    event_time : int64 [n]
        Of each row's bar, in any order: rows of one time are peers.
    counted : bool [n]
        Rows that are compared; the others become NaN, and are nobody's peers.

    Returns
    -------
    float64 [n]
        0 for a row without peers: it is as good as the average of those it is compared with.

    Raises
    ------
    BadData
        No times, or not one a row.

    Examples
    --------
    >>> score, time = np.array([1.0, 3.0, 0.5, np.nan]), np.array([7, 7, 8, 8])
    >>> relative_scores(score, time, np.isfinite(score)).tolist()
    [-1.0, 1.0, 0.0, nan]
    """
    time = None if event_time is None else np.asarray(event_time)
    if time is None or time.shape != score.shape:
        got = "none" if time is None else f"shape {time.shape}"
        raise BadData(
            "this model compares the symbols of a bar: expected event_time, the time of each row's "
            f"bar, for {len(score)} rows, got {got}: forecast all symbols of a bar together"
        )
    bar = np.unique(time[counted], return_inverse=True)[1]
    known = score[counted]
    found = np.full(len(score), np.nan)
    found[counted] = known - (np.bincount(bar, weights=known) / np.bincount(bar))[bar]
    return found
