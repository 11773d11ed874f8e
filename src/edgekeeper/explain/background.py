"""Rows that stand for what is usual: of a package's reference, of many bars, of the bar at hand."""

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models import Reference
from edgekeeper.models.reference import PROBABILITIES
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["background_of", "evenly_spaced", "peer_rows"]


def background_of(reference: Reference, rows: int = 32, *, seed: int = 0) -> Float32Array:
    """Draw rows from a package's reference distributions, each feature on its own.

    Every feature's values are spread evenly over its distribution (one draw of each stretch of
    probability, in an order of its own); features are then independent, which those of real bars
    are not. Rows of real bars are the better background where there are any.

    Parameters
    ----------
    reference : Reference
    rows : int
    seed : int

    Returns
    -------
    float32 [rows, F]
        NaN as often as in training.
    """
    random = np.random.default_rng(seed)
    drawn = np.empty((rows, len(reference)), dtype=np.float32)
    for column in range(len(reference)):
        place = (random.permutation(rows) + random.random(rows)) / rows
        quantiles = reference.quantiles[:, column].astype(np.float64)
        share = float(reference.missing[column])
        known = place >= share
        inside = (place - share) / (1.0 - share) if share < 1.0 else place
        values = np.interp(inside, PROBABILITIES, quantiles)
        drawn[:, column] = np.where(known, values, np.nan)
    return drawn


def evenly_spaced(matrix: Float32Array, most: int) -> Int64Array:
    """Return at most so many rows at which something is known, evenly spaced over all of them.

    Raises
    ------
    BadData
        Nothing is known at any.
    """
    usable = np.flatnonzero(~np.isnan(matrix).all(axis=1))
    if len(usable) == 0:
        raise BadData("expected bars with a known feature, got none: give more bars")
    if len(usable) > most:
        usable = usable[np.linspace(0, len(usable) - 1, most).astype(np.int64)]
    return usable


def peer_rows(matrix: Float32Array, volatility: Float64Array) -> Float32Array:
    """Return the rows of a bar that a package compares, see :mod:`models.peers`: float32 [p, F]."""
    counted = (volatility > 0.0) & np.isfinite(volatility) & ~np.isnan(matrix).all(axis=1)
    return np.ascontiguousarray(matrix[counted])
